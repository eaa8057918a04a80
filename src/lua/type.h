/* What all types of the binding have in common.
 *
 * Each Lua type has one file, in the order: check, push, fields and methods, open. Every function of the binding may
 * raise a Lua error unless its header says otherwise; so acquire a C resource only after the userdata that owns it is
 * on the stack. */
#ifndef TRACEREEL_LUA_TYPE_H
#define TRACEREEL_LUA_TYPE_H

#include <stddef.h>

#include <lauxlib.h>
#include <lua.h>

#include "lua/keys.h"

/* The upvalues of a type's `__index`. */
enum { TR_UPVALUE_KEYS = 1, TR_UPVALUE_METHODS = 2, TR_UPVALUE_FIRST_OWN = 3 };

/* Makes the metatable of a type: `__index` is a closure of `index` whose upvalues are the lookup of `fields`, the table
 * of methods, and the `upvalue_count` values on top of the stack, which are popped; `__newindex` raises; the metatable
 * is locked. Leaves nothing on the stack. Returns the lookup, which lives as long as the type. */
const tr_keys *tr_lua_new_type(lua_State *L, const char *type, const char *const *fields, int field_count,
                               const luaL_Reg *methods, const luaL_Reg *metamethods, lua_CFunction index,
                               int upvalue_count);
/* As luaL_checkudata. For a method that is called with a dot, and so without its object, the message says so. */
void *tr_lua_check_object(lua_State *L, int index, const char *type);

/* For the end of an `__index`: returns the method of that name, or raises an error that lists what there is. */
int tr_lua_index_method(lua_State *L, const char *what);
/* A `__newindex` that raises; its upvalue is what cannot be changed. */
int tr_lua_refuse_assignment(lua_State *L);

/* framed(f) -> a C function that calls f. What f raises without a place (level 2 is the C function, which has none)
 * gets the place of the C function's caller. */
int tr_lua_framed(lua_State *L);

/* Pushes a userdata that frees what its pointer points to. The pointer is NULL now. */
void **tr_lua_push_block(lua_State *L);

/* Call when what a userdata holds outside Lua's memory has changed: a host can count it as the script's. A growth may
 * run the collector. `*told_bytes` is the size at the last call, 0 at first. */
void tr_lua_tell_memory(lua_State *L, size_t *told_bytes, size_t bytes);
/* Counts it; NULL: nobody does. */
extern void (*tr_lua_memory_counter)(lua_State *L, size_t bytes_before, size_t bytes);

#endif
