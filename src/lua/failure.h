/* Failure objects: what is raised when something other than the call itself is wrong. */
#ifndef TRACEREEL_LUA_FAILURE_H
#define TRACEREEL_LUA_FAILURE_H

#include <stdbool.h>

#include <lua.h>

#include "tracereel/status.h"

/* Raise a failure object. `error` may be NULL: the status says enough. */
_Noreturn int tr_lua_raise_status(lua_State *L, tr_status status, const tr_error *error);
_Noreturn int tr_lua_raise(lua_State *L, const char *kind, const char *format, ...);
/* After lua_checkstack has failed: raises that memory ran out, on `L`, but where the stack of `thread` is full. */
void tr_lua_check_stack_is_full(lua_State *L, lua_State *thread, int slots);
/* As luaL_checkstack, which takes memory that ran out for a stack that is full. */
void tr_lua_check_stack(lua_State *L, int slots, const char *what);
/* Replaces the message on top of the stack by a failure object with it. */
void tr_lua_wrap_failure(lua_State *L, const char *kind);
/* Gives the traceback on top of the stack, which is popped, to the failure below it. */
void tr_lua_set_traceback(lua_State *L);

/* The kind of a failure object, for as long as the object lives; NULL for any other value. */
const char *tr_lua_failure_kind(lua_State *L, int index);

/* Lua functions: failure(kind, message, traceback), is_failure(value). */
int tr_lua_new_failure(lua_State *L);
int tr_lua_is_failure(lua_State *L);
void tr_lua_open_failure(lua_State *L);

#endif
