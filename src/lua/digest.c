#include "lua/digest.h"

#include <lauxlib.h>

#include "bytes/digest.h"

int tr_lua_sha256(lua_State *L) {
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    char text[TR_SHA256_TEXT_BYTES];
    tr_sha256(bytes, length, text);
    lua_pushstring(L, text);
    return 1;
}

int tr_lua_crc32(lua_State *L) {
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    lua_pushinteger(L, (lua_Integer)tr_crc32(bytes, length));
    return 1;
}
