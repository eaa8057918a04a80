#include "lua/trace_text.h"

#include <lauxlib.h>

#include "import/trace_text.h"
#include "lua/arguments.h"

int tr_lua_trace_id_of(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    uint8_t id[TR_TRACE_ID_BYTES];
    tr_trace_id_of_text(text, length, id);
    tr_lua_push_trace_id(L, id);
    return 1;
}
