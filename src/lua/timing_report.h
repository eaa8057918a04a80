/* What a timing holds, as a table. */
#ifndef TRACEREEL_LUA_TIMING_REPORT_H
#define TRACEREEL_LUA_TIMING_REPORT_H

#include <lua.h>

#include "tracereel/timing.h"

/* Pushes the report of the timing at stack index 1: tracereel.timing_report in library/timing_report.d.lua. */
void tr_lua_push_timing_report(lua_State *L, const tr_timing *timing);

/* The same node by node: a table of a node with all that is in it takes 3.8 KiB, and a trace can have many.
 *
 * timing_report(timing) -> the report without `nodes`, how many nodes there are, the time of all of them in ns, and a
 *     table of the sums of their counts
 * timing_sums(timing) -> of one of many timings what is a single value: `traces` of its report without in_flight and
 *     without buckets, a table of the sums of its nodes' counts and times, how many nodes, the time of all of them in
 * ns timing_traces(timing) -> `traces` of its report timing_node(timing, place, total_ns, is_whole) -> the node at that
 * place, from 1; without is_whole only what is a single value of it timing_node_part(timing, place, name) -> the rest
 * of it by its name: "run", "trend", ...; nil for other names */
int tr_lua_timing_report(lua_State *L);
int tr_lua_timing_sums(lua_State *L);
int tr_lua_timing_traces(lua_State *L);
int tr_lua_timing_node(lua_State *L);
int tr_lua_timing_node_part(lua_State *L);

#endif
