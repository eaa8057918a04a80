/* One trace of a simulation, looked at without a log: what became of it, and the records that it wrote. */
#ifndef TRACEREEL_LUA_PROBE_H
#define TRACEREEL_LUA_PROBE_H

#include <lua.h>

/* recording:probe(scenario, probe, ask) -> trace or nil, digest of its records, list of its records. Simulates the
 * trace in memory. */
int tr_lua_recording_probe(lua_State *L);

#endif
