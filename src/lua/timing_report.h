/* What a timing holds, as a table. */
#ifndef TRACEREEL_LUA_TIMING_REPORT_H
#define TRACEREEL_LUA_TIMING_REPORT_H

#include <lua.h>

#include "tracereel/timing.h"

/* Pushes the report of the timing at stack index 1: tracereel.timing_report in library/timing_report.d.lua. */
void tr_lua_push_timing_report(lua_State *L, const tr_timing *timing);

#endif
