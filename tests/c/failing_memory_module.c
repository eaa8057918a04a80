/* failing_memory for a lua5.4 with failing_memory.so preloaded: require "failing_memory". */
#include <lauxlib.h>
#include <lua.h>

#include "failing_memory.h"

int luaopen_failing_memory(lua_State *L);

/* begin(first, times) */
static int begin(lua_State *L) {
    size_t first = (size_t)luaL_checkinteger(L, 1);
    failing_memory_begin(first, (size_t)luaL_checkinteger(L, 2));
    return 0;
}

/* finish() -> how many allocations there were, how many failed */
static int finish(lua_State *L) {
    size_t refused;
    lua_pushinteger(L, (lua_Integer)failing_memory_end(&refused));
    lua_pushinteger(L, (lua_Integer)refused);
    return 2;
}

static int get_live_blocks(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)failing_memory_live_blocks());
    return 1;
}

int luaopen_failing_memory(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"begin", begin}, {"finish", finish}, {"live_blocks", get_live_blocks}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
