/* A state: traces that records are applied to in memory, without a log. */
#ifndef TRACEREEL_LUA_STATE_H
#define TRACEREEL_LUA_STATE_H

#include <lua.h>

int tr_lua_new_state(lua_State *L);
void tr_lua_open_state(lua_State *L);

#endif
