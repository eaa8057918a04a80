#include "lua/export_nodes.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/node.h"
#include "lua/scalar.h"
#include "lua/trace.h"
#include "lua/trace_view.h"
#include "tracereel/trace.h"

/* What an imported log says of an attempt; the number is the source's own, where it has one. */
static void set_details(lua_State *L, const tr_trace *trace, const tr_attempt *attempt, uint32_t number) {
    tr_attempt_details details = tr_trace_attempt_details(trace, attempt);
    tr_lua_set_unsigned(L, "number", details.number != 0 ? details.number : number);
    tr_lua_set_text_if_any(L, "instance", tr_trace_instance(trace, &trace->nodes[attempt->node_index]));
    tr_lua_set_text_if_any(L, "resource", details.resource);
    if (details.scheduled_ns != 0) {
        tr_lua_set_unsigned(L, "scheduled_ns", details.scheduled_ns);
    }
    if (attempt->outcome == TR_OUTCOME_ERROR) {
        tr_lua_set_text_if_any(L, "kind", details.kind);
    }
}

static uint64_t end_of_span(const tr_trace *trace, const tr_attempt *attempt) {
    uint64_t end_ns = attempt->outcome == TR_OUTCOME_OPEN ? trace->last_ns : attempt->end_ns;
    return end_ns < attempt->start_ns ? attempt->start_ns : end_ns;
}

static void push_attempt(lua_State *L, const tr_trace *trace, const tr_attempt *attempt, uint32_t number) {
    enum { FIELDS = 11 }; /* and those of an imported log */
    bool is_open = attempt->outcome == TR_OUTCOME_OPEN;
    uint64_t end_ns = end_of_span(trace, attempt);
    uint64_t run_ns = tr_attempt_duration_ns(trace, &trace->nodes[attempt->node_index], attempt);
    lua_createtable(L, 0, FIELDS); /* attempt */
    tr_lua_set_unsigned(L, "start_ns", attempt->start_ns);
    tr_lua_set_unsigned(L, "end_ns", end_ns);
    if (!is_open) {
        tr_lua_set_unsigned(L, "written_end_ns", attempt->end_ns);
    }
    tr_lua_set_flag(L, "is_open", is_open);
    tr_lua_set_name(L, "outcome", tr_outcome_name(attempt->outcome));
    tr_lua_set_unsigned(L, "duration_ns", run_ns);
    tr_lua_set_unsigned(L, "suspended_ns", is_open ? 0 : end_ns - attempt->start_ns - run_ns);
    tr_lua_set_flag(L, "is_estimated", attempt->estimated);
    tr_lua_set_flag(L, "is_cut", attempt->cut);
    tr_lua_set_flag(L, "is_clock_step", !is_open && attempt->end_ns < attempt->start_ns);
    set_details(L, trace, attempt, number);
}

/* Sets `attempts`, and the times of the node from them. They lead from the last one to the first. */
static void set_attempts(lua_State *L, const tr_trace *trace, const tr_node *node) {
    uint32_t count = 0;
    uint64_t start_ns = UINT64_MAX, end_ns = 0;
    for (uint32_t at = node->last_attempt; at != TR_NODE_NONE; at = trace->attempts[at].before) {
        count++;
    }
    lua_createtable(L, count < INT32_MAX ? (int)count : INT32_MAX, 0); /* node, attempts */
    uint32_t number = count;
    for (uint32_t at = node->last_attempt; at != TR_NODE_NONE; at = trace->attempts[at].before) {
        const tr_attempt *attempt = &trace->attempts[at];
        uint64_t attempt_end_ns = end_of_span(trace, attempt);
        push_attempt(L, trace, attempt, number);
        lua_rawseti(L, -2, (lua_Integer)number--);
        start_ns = attempt->start_ns < start_ns ? attempt->start_ns : start_ns;
        end_ns = attempt_end_ns > end_ns ? attempt_end_ns : end_ns;
    }
    lua_setfield(L, -2, "attempts");
    if (count > 0) {
        tr_lua_set_unsigned(L, "start_ns", start_ns);
        tr_lua_set_unsigned(L, "end_ns", end_ns);
    }
}

static void push_node(lua_State *L, const tr_trace *trace, const tr_node *node) {
    enum { FIELDS = 8 }; /* two of them are set in Lua: suspensions and loop_events */
    lua_createtable(L, 0, FIELDS);
    tr_lua_set_unsigned(L, "id", node->node_id);
    tr_lua_set_text_if_any(L, "instance", tr_trace_instance(trace, node));
    tr_lua_set_name(L, "status", tr_node_status_name(node->status));
    if (trace->error_list_count > 0) {
        tr_node_view view = tr_lua_view_node(trace, node, false);
        tr_scalar_push(L, tr_lua_node_error(trace, &view));
        lua_setfield(L, -2, "error");
    }
    set_attempts(L, trace, node);
}

int tr_lua_export_nodes(lua_State *L) {
    const tr_trace *trace = tr_lua_check_trace(L, 1)->trace;
    lua_createtable(L, trace->node_count < INT32_MAX ? (int)trace->node_count : INT32_MAX, 0); /* trace, ..., nodes */
    lua_Integer count = 0;
    for (uint32_t i = 0; i < trace->node_count; i++) {
        if (!tr_lua_runs_only_in_instances(trace, &trace->nodes[i])) {
            push_node(L, trace, &trace->nodes[i]);
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}
