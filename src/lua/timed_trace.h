/* The longest traces of a timing, as tables. */
#ifndef TRACEREEL_LUA_TIMED_TRACE_H
#define TRACEREEL_LUA_TIMED_TRACE_H

#include <lua.h>

#include "tracereel/timing.h"

/* Sets `name` of the table on top to that of the node in the table at `names_index`, which has names by ids. */
void tr_lua_set_node_name(lua_State *L, int names_index, uint32_t node_id);

/* Pushes a list of them: tracereel.timed_trace in library/timing_report.d.lua. */
void tr_lua_push_timed_traces(lua_State *L, const tr_timing *timing, int names_index);

#endif
