/* The nodes of a trace as recovery looks at them, without a Lua object for each. */
#ifndef TRACEREEL_LUA_ENGINE_NODES_H
#define TRACEREEL_LUA_ENGINE_NODES_H

#include <lua.h>

/* The Lua functions core.completion_order(trace) and core.begun_nodes(trace). */
int tr_lua_completion_order(lua_State *L);
int tr_lua_begun_nodes(lua_State *L);

#endif
