#include "lua/engine_walk.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "tracereel/engine_walk.h"
#include "tracereel/status.h"

/* engine_walk(path, name) -> { refused, offset, length, left, min_length, records, skipped, passed_over, misread } */
int tr_lua_engine_walk(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    const char *name = luaL_checkstring(L, 2);
    tr_engine_walk walk;
    tr_error error = {""};
    tr_status status = tr_engine_walk_segment(path, name, &walk, &error);
    if (status != TR_OK) {
        tr_lua_raise_status(L, status, &error);
    }
    lua_createtable(L, 0, 9); /* walk */
    tr_lua_set_flag(L, "refused", walk.is_refused);
    tr_lua_set_unsigned(L, "offset", walk.offset);
    tr_lua_set_unsigned(L, "length", walk.length_bytes);
    tr_lua_set_unsigned(L, "left", walk.left_bytes);
    tr_lua_set_unsigned(L, "min_length", TR_ENGINE_MIN_RECORD_BYTES);
    tr_lua_set_unsigned(L, "records", walk.records);
    tr_lua_set_unsigned(L, "skipped", walk.skipped);
    tr_lua_set_unsigned(L, "passed_over", walk.passed_over);
    tr_lua_set_unsigned(L, "misread", walk.misread);
    return 1;
}
