/* An arena that is locked for a change, as a userdata that owns it. Only the program has it: no script can reach it. */
#ifndef TRACEREEL_LUA_HOST_LOCKED_ARENA_H
#define TRACEREEL_LUA_HOST_LOCKED_ARENA_H

#include <lua.h>

void tr_host_open_locked_arena(lua_State *L);
/* The Lua function that locks an arena. */
int tr_host_lock_arena(lua_State *L);

#endif
