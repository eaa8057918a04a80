/* Lanes for spans: spans on one lane never overlap, and there are no more lanes than spans at one time. */
#ifndef TRACEREEL_LUA_LANES_H
#define TRACEREEL_LUA_LANES_H

#include <lua.h>

/* The Lua function lanes(spans) -> count: puts a list of tables with start_ns and end_ns in order of these, and gives
 * each its `lane`, from 1: the lowest that is free when it begins. What is equal stays in its order. */
int tr_lua_assign_lanes(lua_State *L);

#endif
