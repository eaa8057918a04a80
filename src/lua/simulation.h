/* Recordings of logs, and what is simulated of them. */
#ifndef TRACEREEL_LUA_SIMULATION_H
#define TRACEREEL_LUA_SIMULATION_H

#include <lua.h>

#include "tracereel/simulation.h"
#include "tracereel/status.h"

#define TR_LUA_RECORDING "tracereel.recording"
#define TR_LUA_SIMULATION "tracereel.simulation"

/* The Lua function recording(path): reads the whole log. */
int tr_lua_new_recording(lua_State *L);
void tr_lua_open_recording(lua_State *L);

typedef struct tr_lua_simulation {
    tr_simulation *simulation; /* NULL when it was closed */
} tr_lua_simulation;

tr_recording *tr_lua_check_recording(lua_State *L, int index);
/* Raises, between two pieces of the engine's work, if the user or a limit asks for it. */
void tr_lua_raise_where_stopped(lua_State *L);
/* Pushes a userdata that closes the simulation put into it. */
tr_lua_simulation *tr_lua_push_simulation(lua_State *L);
/* Runs it to its end if `status`, of its opening, is TR_OK. The function at `ask_index` answers its questions; the one
 * at `progress_index`, if any, is called now and then with the numbers of records and traces. Raises if it fails. */
void tr_lua_run_simulation(lua_State *L, int ask_index, int progress_index, tr_simulation *simulation, tr_status status,
                           tr_error *error);

#endif
