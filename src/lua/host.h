/* The module "tracereel.host": what the command line needs of the program around it. */
#ifndef TRACEREEL_LUA_HOST_H
#define TRACEREEL_LUA_HOST_H

#include <lua.h>

int luaopen_tracereel_host(lua_State *L);

/* host_call.c: pushes the table `coroutine` with resume, wrap and close that limits work inside of. */
void tr_host_push_coroutine(lua_State *L);
/* Lua functions. */
int tr_host_xpcall(lua_State *L);
int tr_host_guard(lua_State *L);

/* host_modules.c: puts searchers in the place of Lua's own that tell where memory ran out. */
void tr_host_set_searchers(lua_State *L);

/* host_locked_log.c: makes the type; the Lua function that holds a log. */
void tr_host_open_locked_log(lua_State *L);
int tr_host_lock_log(lua_State *L);

/* host_locked_arena.c: likewise, of an arena. */
void tr_host_open_locked_arena(lua_State *L);
int tr_host_lock_arena(lua_State *L);

#endif
