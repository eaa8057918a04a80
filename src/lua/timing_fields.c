#include "lua/timing_fields.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/fields.h"
#include "lua/histogram_fields.h"
#include "lua/timing.h"

/* ---- flow ---- */

static void set_flow_node(lua_State *L, const tr_flow_node *node, int names_index) {
    lua_Integer place = 0;
    lua_newtable(L); /* node */
    tr_fields_set_unsigned(L, "id", node->node_id);
    if (lua_rawgeti(L, names_index, (lua_Integer)node->node_id) != LUA_TNIL && lua_type(L, -1) != LUA_TSTRING) {
        luaL_error(L, "flow: the name of node %I must be a text, is %s", (LUAI_UACINT)node->node_id,
                   tr_lua_push_got(L, -1));
    }
    lua_setfield(L, -2, "name");
    if (node->after_count > 0) {
        lua_createtable(L, (int)node->after_count, 0); /* node, after */
        for (uint32_t i = 0; i < node->after_count; i++) {
            tr_fields_append(L, &place, node->after[i]);
        }
        lua_setfield(L, -2, "after");
    }
}

static void set_flow(lua_State *L, int timing_index, const tr_flow *flow) {
    lua_getiuservalue(L, timing_index, TR_TIMING_NAMES); /* fields, names */
    int names_index = lua_gettop(L);
    lua_newtable(L); /* fields, names, flow */
    lua_getiuservalue(L, timing_index, TR_TIMING_FLOW_NAME);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING) {
        luaL_error(L, "flow: its name must be a text, is %s", tr_lua_push_got(L, -1));
    }
    lua_setfield(L, -2, "name");
    lua_getiuservalue(L, timing_index, TR_TIMING_FLOW_TEXT);
    lua_setfield(L, -2, "text");
    if (flow->node_count > 0) {
        lua_createtable(L, (int)flow->node_count, 0); /* fields, names, flow, nodes */
        for (size_t i = 0; i < flow->node_count; i++) {
            set_flow_node(L, &flow->nodes[i], names_index);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        lua_setfield(L, -2, "nodes");
    }
    lua_setfield(L, -3, "flow"); /* fields, names */
    lua_pop(L, 1);
}

/* ---- what is there several times ---- */

static void set_histogram(lua_State *L, const char *name, const tr_histogram *histogram) {
    if (histogram != NULL) {
        tr_lua_push_histogram_fields(L, histogram);
        lua_setfield(L, -2, name);
    }
}

static void set_waits(lua_State *L, const tr_path_waits *waits) {
#define SET_WAIT(name) tr_fields_set_unsigned(L, "path_" #name "_ns", waits->name##_ns);
    TR_PATH_WAITS(SET_WAIT)
#undef SET_WAIT
}

/* ---- nodes, traces ---- */

static void push_node(lua_State *L, const tr_node_timing *node) {
    lua_newtable(L); /* node */
    tr_fields_set_unsigned(L, "node_id", node->node_id);
    tr_fields_set_flag(L, "has_exact_run", node->has_exact_run);
    if (node->run != NULL) {
        lua_pushlstring(L, (const char *)node->worst_trace_id, TR_TRACE_ID_BYTES);
        lua_setfield(L, -2, "worst_trace_id");
    }
#define SET_VALUE(member, field) tr_fields_set_unsigned(L, #member, node->member);
    TR_NODE_COUNTS(SET_VALUE)
    TR_NODE_SUMS(SET_VALUE)
#undef SET_VALUE
#define SET_HISTOGRAM(member, sum) set_histogram(L, #member, node->member);
    TR_NODE_DISTRIBUTIONS(SET_HISTOGRAM)
#undef SET_HISTOGRAM
    if (node->trend != NULL) {
        lua_Integer place = 0;
        lua_createtable(L, 2 * TR_ITERATION_TREND, 0); /* node, trend */
        for (int i = 0; i < TR_ITERATION_TREND; i++) {
            tr_fields_append(L, &place, node->trend[i].count);
            tr_fields_append(L, &place, node->trend[i].sum_ns);
        }
        lua_setfield(L, -2, "trend");
    }
}

static void push_traces(lua_State *L, const tr_trace_timing *traces) {
    const tr_activity *activity = &traces->in_flight;
    lua_Integer place = 0;
    lua_newtable(L); /* traces */
#define SET_COUNT(member, is_field) tr_fields_set_unsigned(L, #member, traces->member);
    TR_TRACE_COUNTS(SET_COUNT)
#undef SET_COUNT
#define SET_SUM(member) tr_fields_set_unsigned(L, #member, traces->member);
    TR_TRACE_SUMS(SET_SUM)
#undef SET_SUM
#define SET_HISTOGRAM(member, sum) set_histogram(L, #member, traces->member);
    TR_TRACE_DISTRIBUTIONS(SET_HISTOGRAM)
#undef SET_HISTOGRAM
    set_waits(L, &traces->path_waits);
    tr_fields_set_unsigned(L, "first_ns", traces->first_ns);
    tr_fields_set_unsigned(L, "last_ns", traces->last_ns);
    if (activity->used > 0) {
        tr_fields_set_unsigned(L, "first_bucket", activity->first_bucket);
        tr_fields_set_unsigned(L, "width_shift", activity->width_shift);
        lua_createtable(L, 2 * (int)activity->used, 0); /* traces, in flight */
        for (uint32_t i = 0; i < activity->used; i++) {
            tr_fields_append(L, &place, activity->starts[i]);
            tr_fields_append(L, &place, activity->ends[i]);
        }
        lua_setfield(L, -2, "in_flight");
    }
}

/* ---- worst traces ---- */

static void push_worst(lua_State *L, const tr_timed_trace *timed) {
    lua_Integer place = 0;
    lua_newtable(L); /* trace */
    lua_pushlstring(L, (const char *)timed->id, TR_TRACE_ID_BYTES);
    lua_setfield(L, -2, "id");
    tr_fields_set_unsigned(L, "status", timed->status);
    tr_fields_set_unsigned(L, "start_ns", timed->start_ns);
    tr_fields_set_unsigned(L, "end_ns", timed->end_ns);
    tr_fields_set_unsigned(L, "suspended_ns", timed->suspended_ns);
    set_waits(L, &timed->path_waits);
    tr_fields_set_unsigned(L, "left_out_count", timed->left_out_count);
#define APPEND_VALUE(member, type, max) tr_fields_append(L, &place, items[i].member);
    if (timed->span_count > 0) {
        const tr_timed_span *items = timed->spans;
        lua_createtable(L, TR_SPAN_VALUE_COUNT * (int)timed->span_count, 0); /* trace, spans */
        for (uint32_t i = 0; i < timed->span_count; i++) {
            TR_SPAN_VALUES(APPEND_VALUE)
        }
        lua_setfield(L, -2, "spans");
    }
    place = 0;
    if (timed->suspension_count > 0) {
        const tr_suspension *items = timed->suspensions;
        lua_createtable(L, TR_SUSPENSION_VALUE_COUNT * (int)timed->suspension_count, 0); /* trace, suspensions */
        for (uint32_t i = 0; i < timed->suspension_count; i++) {
            TR_SUSPENSION_VALUES(APPEND_VALUE)
        }
        lua_setfield(L, -2, "suspensions");
    }
#undef APPEND_VALUE
}

/* ---- the whole ---- */

static void set_nodes(lua_State *L, const tr_timing *timing) {
    lua_createtable(L, (int)tr_timing_node_count(timing), 0); /* nodes */
    for (size_t i = 0; i < tr_timing_node_count(timing); i++) {
        push_node(L, tr_timing_node(timing, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "nodes");
}

static void set_worst(lua_State *L, const tr_timing *timing) {
    const tr_timed_trace *timed;
    lua_newtable(L); /* worst */
    for (uint32_t i = 0; (timed = tr_timing_worst(timing, i)) != NULL; i++) {
        push_worst(L, timed);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "worst");
}

int tr_lua_timing_fields(lua_State *L) {
    const tr_timing *timing = tr_lua_check_timing(L, 1, "timing");
    lua_settop(L, 1);
    lua_newtable(L); /* timing, fields */
    tr_fields_set_unsigned(L, "worst_limit", tr_timing_worst_limit(timing));
    if (tr_timing_flow(timing) != NULL) {
        set_flow(L, 1, tr_timing_flow(timing));
    }
    push_traces(L, tr_timing_traces(timing));
    lua_setfield(L, -2, "traces");
    if (tr_timing_node_count(timing) > 0) {
        set_nodes(L, timing);
    }
    if (tr_timing_worst(timing, 0) != NULL) {
        set_worst(L, timing);
    }
    return 1;
}
