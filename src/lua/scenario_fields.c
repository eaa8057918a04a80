#include "lua/scenario_fields.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"

uint64_t tr_lua_read_u64(lua_State *L, int index, const char *name) {
    uint64_t value = lua_getfield(L, index, name) == LUA_TNIL ? 0 : tr_lua_to_u64(L, -1, name);
    lua_pop(L, 1);
    return value;
}

uint32_t tr_lua_read_u32(lua_State *L, int index, const char *name) {
    uint32_t value = lua_getfield(L, index, name) == LUA_TNIL ? 0 : tr_lua_to_u32(L, -1, name);
    lua_pop(L, 1);
    return value;
}

double tr_lua_read_double(lua_State *L, int index, const char *name) {
    lua_getfield(L, index, name);
    double value = lua_isnil(L, -1) ? 0 : luaL_checknumber(L, -1);
    lua_pop(L, 1);
    return value;
}

const char *tr_lua_read_text(lua_State *L, int index, const char *name, uint32_t *length_bytes) {
    size_t length = 0;
    lua_getfield(L, index, name);
    const char *text = luaL_optlstring(L, -1, NULL, &length);
    *length_bytes = (uint32_t)length;
    lua_pop(L, 1);
    return text;
}

bool tr_lua_read_boolean(lua_State *L, int index, const char *name) {
    lua_getfield(L, index, name);
    bool value = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return value;
}

void *tr_lua_begin_list(lua_State *L, int index, int anchor_index, const char *name, size_t item_bytes, size_t *count) {
    if (lua_getfield(L, index, name) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    luaL_checktype(L, -1, LUA_TTABLE); /* list */
    *count = lua_rawlen(L, -1);
    void *items = lua_newuserdatauv(L, *count * item_bytes + 1, 0); /* list, items */
    memset(items, 0, *count * item_bytes + 1);
    lua_rawsetp(L, anchor_index, items);
    lua_pushvalue(L, -1);
    lua_rawseti(L, anchor_index, (lua_Integer)lua_rawlen(L, anchor_index) + 1); /* list */
    return items;
}
