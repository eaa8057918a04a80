/* A log that is locked for a change, as a userdata that owns it. Only the program has it: no script can reach it. */
#ifndef TRACEREEL_LUA_HOST_LOCKED_LOG_H
#define TRACEREEL_LUA_HOST_LOCKED_LOG_H

#include <lua.h>

void tr_host_open_locked_log(lua_State *L);
/* The Lua function that locks a log. */
int tr_host_lock_log(lua_State *L);

#endif
