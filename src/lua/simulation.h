/* Recordings of logs, and what is simulated of them. */
#ifndef TRACEREEL_LUA_SIMULATION_H
#define TRACEREEL_LUA_SIMULATION_H

#include "lua/binding.h"
#include "tracereel/simulation.h"

#define TR_LUA_RECORDING "tracereel.recording"
#define TR_LUA_SIMULATION "tracereel.simulation"

/* The Lua function recording(path): reads the whole log. */
int tr_lua_new_recording(lua_State *L);
void tr_lua_open_recording(lua_State *L);

/* ---- scenario.c ---- */

/* Reads the scenario in the table at `index`; what its pointers lead to is put into the table at `anchor_index`. */
void tr_lua_read_scenario(lua_State *L, int index, int anchor_index, tr_scenario *scenario);

#endif
