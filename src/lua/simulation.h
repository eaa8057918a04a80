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

typedef struct tr_lua_simulation {
    tr_simulation *simulation; /* NULL when it was closed */
} tr_lua_simulation;

tr_recording *tr_lua_check_recording(lua_State *L, int index);
/* Pushes a userdata that closes the simulation which is put into it. */
tr_lua_simulation *tr_lua_push_simulation(lua_State *L);
/* Runs it to its end, where `status`, of its opening, is TR_OK; the function at `ask_index` answers its questions, and
 * the one at `progress_index`, if any, is told now and then how many records and traces there are.
 * Raises where it fails. */
void tr_lua_run_simulation(lua_State *L, int ask_index, int progress_index, tr_simulation *simulation, tr_status status,
                           tr_error *error);

/* ---- probe.c ---- */

/* recording:probe(scenario, probe, ask) -> trace or nil, digest of its records, list of its records. Simulates the
 * trace in memory. */
int tr_lua_recording_probe(lua_State *L);

/* ---- scenario.c ---- */

/* Reads the scenario in the table at `index`; what its pointers lead to is put into the table at `anchor_index`. */
void tr_lua_read_scenario(lua_State *L, int index, int anchor_index, tr_scenario *scenario);

#endif
