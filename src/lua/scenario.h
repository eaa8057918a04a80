/* A scenario's table, as lua/tracereel/simulation/checks.lua makes it, for the engine. It was checked there: what is
 * wrong here is the program's mistake, and raises. */
#ifndef TRACEREEL_LUA_SCENARIO_H
#define TRACEREEL_LUA_SCENARIO_H

#include <lua.h>

#include "tracereel/simulation.h"

/* Reads the scenario for `recording` in the table at `index`. Puts what its pointers lead to into the table at
 * `anchor_index`. */
void tr_lua_read_scenario(lua_State *L, int index, int anchor_index, const tr_recording *recording,
                          tr_scenario *scenario);

#endif
