/* A log: where it is, how it is to be read, and its latest cursor. */
#ifndef TRACEREEL_LUA_LOG_H
#define TRACEREEL_LUA_LOG_H

#include <lua.h>

/* The Lua function open(path, options). */
int tr_lua_open_log(lua_State *L);
void tr_lua_open_log_type(lua_State *L);

#endif
