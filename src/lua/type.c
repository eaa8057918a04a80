#include "lua/type.h"

#include <stdlib.h>
#include <string.h>

#include "lua/arguments.h"

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

void *tr_lua_check_object(lua_State *L, int index, const char *type) {
    void *object = luaL_testudata(L, index, type);
    if (object != NULL || index != 1) {
        return object != NULL ? object : luaL_checkudata(L, index, type);
    }
    const char *noun = strrchr(type, '.') != NULL ? strrchr(type, '.') + 1 : type;
    lua_Debug activation = {0};
    bool has_name = lua_getstack(L, 0, &activation) && lua_getinfo(L, "n", &activation) && activation.name != NULL;
    const char *method = has_name ? activation.name : "a method";
    const char *given = lua_isnone(L, 1) ? "nothing" : tr_lua_push_got(L, 1);
    luaL_error(L, "%s is called with a colon, %s:%s(...): a %s expected in front, got %s", method, noun,
               has_name ? method : "method", noun, given);
    return NULL;
}

/* A C function's caller is known also where the call was `return f(x)`, which leaves no line of a Lua function's. */
static int call_framed(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (status == LUA_OK) {
        return lua_gettop(L);
    }
    if (status == LUA_ERRRUN && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

int tr_lua_framed(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushcclosure(L, call_framed, 1);
    return 1;
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
