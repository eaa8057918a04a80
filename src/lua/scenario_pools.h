/* A scenario's pools, as lua/tracereel/simulation/pools.lua makes them, for the engine. */
#ifndef TRACEREEL_LUA_SCENARIO_POOLS_H
#define TRACEREEL_LUA_SCENARIO_POOLS_H

#include <lua.h>

#include "tracereel/simulation.h"

/* Reads them from the scenario's table at `index`. Puts what its pointers lead to into the table at `anchor_index`. */
void tr_lua_read_pools(lua_State *L, int index, int anchor_index, tr_scenario *scenario);

#endif
