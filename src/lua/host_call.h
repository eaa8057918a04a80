/* Protected calls and coroutines that a limit can end. */
#ifndef TRACEREEL_LUA_HOST_CALL_H
#define TRACEREEL_LUA_HOST_CALL_H

#include <lua.h>

/* Pushes the table `coroutine` with resume, wrap and close that limits work inside of. */
void tr_host_push_coroutine(lua_State *L);
/* Lua functions. */
int tr_host_xpcall(lua_State *L);
int tr_host_guard(lua_State *L);

#endif
