/* What all types of the binding have in common. */
#include <stdlib.h>

#include "lua/binding.h"

int tr_lua_refuse_assignment(lua_State *L) {
    return luaL_error(L, "%s cannot be changed: '%s' is read-only", lua_tostring(L, lua_upvalueindex(1)),
                      tr_lua_push_name(L, 2));
}

const tr_keys *tr_lua_new_type(lua_State *L, const char *type, const char *const *fields, int field_count,
                               const luaL_Reg *methods, const luaL_Reg *metamethods, lua_CFunction index,
                               int upvalue_count) {
    luaL_newmetatable(L, type);
    luaL_setfuncs(L, metamethods, 0);
    lua_insert(L, -1 - upvalue_count); /* metatable, upvalues... */
    tr_keys_push(L, fields, field_count);
    const tr_keys *keys = lua_touserdata(L, -1);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0); /* metatable, upvalues..., keys, methods */
    lua_rotate(L, -2 - upvalue_count, 2);
    lua_pushcclosure(L, index, TR_UPVALUE_METHODS + upvalue_count);
    lua_setfield(L, -2, "__index"); /* metatable */
    lua_pushstring(L, type);
    lua_pushcclosure(L, tr_lua_refuse_assignment, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushstring(L, type);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    return keys;
}

void (*tr_lua_memory_counter)(lua_State *L, size_t bytes_before, size_t bytes) = NULL;

void tr_lua_tell_memory(lua_State *L, size_t *told_bytes, size_t bytes) {
    size_t bytes_before = *told_bytes;
    if (bytes != bytes_before && tr_lua_memory_counter != NULL) {
        *told_bytes = bytes;
        tr_lua_memory_counter(L, bytes_before, bytes);
    }
}

int tr_lua_index_method(lua_State *L, const char *what) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(TR_UPVALUE_METHODS)) == LUA_TNIL) {
        return tr_keys_raise_unknown(L, what, lua_upvalueindex(TR_UPVALUE_KEYS), lua_upvalueindex(TR_UPVALUE_METHODS),
                                     2);
    }
    return 1;
}

static int block_finalize(lua_State *L) {
    void **block = lua_touserdata(L, 1);
    free(*block);
    *block = NULL;
    return 0;
}

void **tr_lua_push_block(lua_State *L) {
    void **block = lua_newuserdatauv(L, sizeof *block, 0);
    *block = NULL;
    if (luaL_newmetatable(L, "tracereel.block")) {
        lua_pushcfunction(L, block_finalize);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return block;
}
