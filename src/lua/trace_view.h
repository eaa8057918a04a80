/* What a trace holds, as tables made when they are asked for. */
#ifndef TRACEREEL_LUA_TRACE_VIEW_H
#define TRACEREEL_LUA_TRACE_VIEW_H

#include <stdint.h>

#include <lua.h>

#include "tracereel/trace.h"

/* Pushes the table that a JSON object decodes to, or nil if the text is none. */
void tr_lua_push_object(lua_State *L, const char *text, uint32_t length);

/* Whether nothing happened at the node itself: then only its instances are shown. */
bool tr_lua_runs_only_in_instances(const tr_trace *trace, const tr_node *node);

/* Each pushes one value. The handle is at stack index 1. */
void tr_lua_push_nodes(lua_State *L, const tr_trace *trace);
void tr_lua_push_errors(lua_State *L, const tr_trace *trace);
void tr_lua_push_history_errors(lua_State *L, const tr_trace *trace);
void tr_lua_push_failed_nodes(lua_State *L, const tr_trace *trace);
void tr_lua_push_violations(lua_State *L, const tr_trace *trace);
void tr_lua_push_suspension(lua_State *L, const tr_trace *trace);
void tr_lua_push_held(lua_State *L, const tr_trace *trace);
void tr_lua_push_planned(lua_State *L, const tr_trace *trace);
void tr_lua_push_suspensions(lua_State *L, const tr_trace *trace);
void tr_lua_push_last_suspension(lua_State *L, const tr_trace *trace);
void tr_lua_push_started_nodes(lua_State *L, const tr_trace *trace);
void tr_lua_push_completed_nodes(lua_State *L, const tr_trace *trace);
void tr_lua_push_recovery(lua_State *L, const tr_trace *trace);

#endif
