/* What became of a simulation's pools, as tables. */
#ifndef TRACEREEL_LUA_POOL_RESULTS_H
#define TRACEREEL_LUA_POOL_RESULTS_H

#include <lua.h>

#include "tracereel/simulation.h"

/* Pushes a list with one table for each. */
void tr_lua_push_pool_results(lua_State *L, const tr_simulation *simulation);

#endif
