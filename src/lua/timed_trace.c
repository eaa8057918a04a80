#include "lua/timed_trace.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "tracereel/trace.h"

void tr_lua_set_node_name(lua_State *L, int names_index, uint32_t node_id) {
    lua_rawgeti(L, names_index, (lua_Integer)node_id);
    lua_setfield(L, -2, "name");
}

static void push_span(lua_State *L, const tr_timed_span *span, int names_index) {
    lua_createtable(L, 0, 10); /* span */
    tr_lua_set_unsigned(L, "node_id", span->node_id);
    tr_lua_set_node_name(L, names_index, span->node_id);
    if (span->instance > 0) {
        tr_lua_set_unsigned(L, "instance", span->instance);
    }
    tr_lua_set_unsigned(L, "lane", (uint64_t)span->lane + 1);
    tr_lua_set_unsigned(L, "ready_ns", span->ready_ns);
    tr_lua_set_unsigned(L, "start_ns", span->start_ns);
    tr_lua_set_unsigned(L, "end_ns", span->end_ns);
    tr_lua_set_unsigned(L, "run_ns", span->run_ns);
    tr_lua_set_name(L, "outcome", tr_outcome_name(span->outcome));
    tr_lua_set_flag(L, "estimated", span->estimated);
    tr_lua_set_flag(L, "critical", span->is_critical);
}

static void push_suspension(lua_State *L, const tr_suspension *suspension, int names_index) {
    uint64_t start_ns = suspension->start_ns;
    lua_createtable(L, 0, 4); /* suspension */
    tr_lua_set_unsigned(L, "node_id", suspension->node_id);
    tr_lua_set_node_name(L, names_index, suspension->node_id);
    tr_lua_set_unsigned(L, "start_ns", start_ns);
    tr_lua_set_unsigned(L, "end_ns", suspension->end_ns > start_ns ? suspension->end_ns : start_ns);
}

static void push_timed_trace(lua_State *L, const tr_timed_trace *timed, int names_index) {
    lua_createtable(L, 0, 15); /* trace */
    tr_lua_push_trace_id(L, timed->id);
    lua_setfield(L, -2, "trace_id");
    tr_lua_set_name(L, "status", tr_trace_status_name(timed->status));
    tr_lua_set_unsigned(L, "start_ns", timed->start_ns);
    tr_lua_set_unsigned(L, "end_ns", timed->end_ns);
    tr_lua_set_unsigned(L, "makespan_ns", timed->makespan_ns);
    tr_lua_set_unsigned(L, "suspended_ns", timed->suspended_ns);
    tr_lua_set_unsigned(L, "critical_ns", timed->critical_ns);
#define SET_WAIT(name) tr_lua_set_unsigned(L, #name "_ns", timed->path_waits.name##_ns);
    TR_PATH_WAITS(SET_WAIT)
#undef SET_WAIT
    tr_lua_set_unsigned(L, "lane_count", timed->lane_count);
    tr_lua_set_unsigned(L, "left_out_count", timed->left_out_count);
    lua_createtable(L, (int)timed->span_count, 0); /* trace, spans */
    for (uint32_t i = 0; i < timed->span_count; i++) {
        push_span(L, &timed->spans[i], names_index);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "spans");
    lua_createtable(L, (int)timed->suspension_count, 0); /* trace, suspensions */
    for (uint32_t i = 0; i < timed->suspension_count; i++) {
        push_suspension(L, &timed->suspensions[i], names_index);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "suspensions");
}

void tr_lua_push_timed_traces(lua_State *L, const tr_timing *timing, int names_index) {
    const tr_timed_trace *timed;
    lua_newtable(L); /* worst traces */
    for (uint32_t i = 0; (timed = tr_timing_worst(timing, i)) != NULL; i++) {
        push_timed_trace(L, timed, names_index);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}
