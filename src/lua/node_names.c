#include "lua/node_names.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/core.h"

uint32_t tr_lua_number_names(lua_State *L, int index) {
    if (lua_isnoneornil(L, index)) {
        return 0;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    index = lua_absindex(L, index);
    tr_lua_push_core_value(L, TR_CORE_NODE_NAMES); /* tables */
    lua_pushvalue(L, index);
    if (lua_rawget(L, -2) == LUA_TNIL) { /* tables, number or nil */
        lua_Integer next = (lua_Integer)lua_rawlen(L, -2) + 1;
        lua_pop(L, 1);
        lua_pushvalue(L, index);
        lua_rawseti(L, -2, next);
        lua_pushvalue(L, index);
        lua_pushinteger(L, next);
        lua_rawset(L, -3);
        lua_pushinteger(L, next); /* tables, number */
    }
    uint32_t number = (uint32_t)lua_tointeger(L, -1);
    lua_pop(L, 2);
    return number;
}

static void push_names(lua_State *L, uint32_t names) {
    tr_lua_push_core_value(L, TR_CORE_NODE_NAMES);
    lua_rawgeti(L, -1, (lua_Integer)names);
    lua_remove(L, -2);
}

tr_scalar tr_lua_node_name(lua_State *L, uint32_t names, uint32_t node_id) {
    if (names == 0) {
        return tr_scalar_nil();
    }
    push_names(L, names); /* names */
    lua_rawgeti(L, -1, (lua_Integer)node_id);
    tr_scalar name = tr_scalar_of(L, -1);
    lua_pop(L, 2);
    return name;
}

uint32_t tr_lua_to_node(lua_State *L, int index, const char *field, uint32_t names, int *is_there) {
    *is_there = 1;
    if (lua_type(L, index) != LUA_TSTRING) {
        return tr_lua_to_u32(L, index, field);
    }
    if (names == 0) {
        luaL_error(L,
                   "%s: no names of nodes are known (the log has no tracereel.flow.lua): a node number expected, "
                   "got %s",
                   field, tr_lua_push_got(L, index));
    }
    index = lua_absindex(L, index);
    push_names(L, names); /* names */
    lua_pushvalue(L, index);
    int type = lua_rawget(L, -2); /* names, number */
    if (type == LUA_TBOOLEAN) {
        luaL_error(L, "%s: several nodes are called %s: a node number expected", field, tr_lua_push_got(L, index));
    }
    uint32_t node_id = type == LUA_TNUMBER ? (uint32_t)lua_tointeger(L, -1) : 0;
    *is_there = type == LUA_TNUMBER;
    lua_pop(L, 2);
    return node_id;
}
