/* The other way of timing_fields.c. What comes in is hostile: texts and lists are bounded here, and what no timing can
 * hold is refused by tr_timing_restore_... */
#include <string.h>

#include <lauxlib.h>

#include "lua/failure.h"
#include "lua/fields.h"
#include "lua/histogram_fields.h"
#include "lua/timing.h"
#include "lua/timing_fields.h"

/* A list of tables; the engine says how many of them there can be. */
enum { MAX_ITEMS = INT32_MAX };

static const tr_histogram *push_histogram(lua_State *L, tr_fields *fields, const char *name) {
    if (!tr_fields_push_table(L, fields, name)) {
        lua_pushnil(L);
        return NULL;
    }
    const tr_histogram *histogram = tr_lua_push_histogram_from(L, -1);
    lua_remove(L, -2);
    return histogram;
}

static tr_path_waits take_waits(lua_State *L, tr_fields *fields) {
    tr_path_waits waits;
#define TAKE_WAIT(name) waits.name##_ns = tr_fields_unsigned(L, fields, "path_" #name "_ns");
    TR_PATH_WAITS(TAKE_WAIT)
#undef TAKE_WAIT
    return waits;
}

static void check_restored(lua_State *L, tr_status status, const char *what) {
    if (status == TR_ERROR_INVALID) {
        luaL_error(L, "%s: no timing holds such a one at this place", what);
    } else if (status != TR_OK) {
        tr_lua_raise_status(L, status, NULL);
    }
}

/* ---- flow ---- */

/* Reads the flow node on top; what it needs goes into the table at `anchor_index`, its name into that at
 * `names_index`. */
static void take_flow_node(lua_State *L, tr_flow_node *node, int anchor_index, int names_index) {
    tr_fields fields = tr_fields_of(L, -1, "a node of a flow");
    *node = (tr_flow_node){.node_id = tr_fields_small(L, &fields, "id", UINT32_MAX)};
    tr_fields_push_text(L, &fields, "name");
    lua_rawseti(L, names_index, (lua_Integer)node->node_id);
    node->after_count = tr_fields_push_list(L, &fields, "after", MAX_ITEMS); /* node, list */
    uint32_t *after = lua_newuserdatauv(L, node->after_count * sizeof *after, 0);
    lua_rawsetp(L, anchor_index, after);
    for (uint32_t i = 0; i < node->after_count; i++) {
        uint64_t id = tr_fields_at(L, &fields, i + 1);
        if (id > UINT32_MAX) {
            luaL_error(L, "a node of a flow: ids in after are at most 4294967295");
        }
        after[i] = (uint32_t)id;
    }
    node->after = after;
    lua_pop(L, 1);
    tr_fields_end(L, &fields);
}

/* Reads the table of a flow on top into the timing's user values. The flow is in userdata that this pushes. */
static tr_flow push_flow(lua_State *L, int self_index) {
    tr_fields fields = tr_fields_of(L, -1, "a flow");
    tr_fields_push_text(L, &fields, "name");
    lua_setiuservalue(L, self_index, TR_TIMING_FLOW_NAME);
    tr_fields_push_text(L, &fields, "text");
    if (lua_isnil(L, -1)) {
        luaL_error(L, "a flow: has no text");
    }
    lua_setiuservalue(L, self_index, TR_TIMING_FLOW_TEXT);
    lua_getiuservalue(L, self_index, TR_TIMING_NAMES);
    lua_newtable(L); /* names, anchor */
    int anchor_index = lua_gettop(L);
    uint32_t count = tr_fields_push_list(L, &fields, "nodes", MAX_ITEMS); /* names, anchor, list */
    tr_flow_node *nodes = lua_newuserdatauv(L, count * sizeof *nodes, 0);
    lua_rawsetp(L, anchor_index, nodes);
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        take_flow_node(L, &nodes[i], anchor_index, anchor_index - 1);
        lua_pop(L, 1);
        if (i > 0 && nodes[i].node_id <= nodes[i - 1].node_id) {
            luaL_error(L, "a flow: its nodes must be in ascending order of their ids");
        }
    }
    tr_fields_end(L, &fields);
    return (tr_flow){count, nodes};
}

/* ---- nodes, traces ---- */

/* Reads the node on top. What it needs stays on the stack. */
static void restore_node(lua_State *L, tr_timing *timing) {
    tr_fields fields = tr_fields_of(L, -1, "a node");
    tr_iteration_timing trend[TR_ITERATION_TREND];
    tr_node_timing node = {.node_id = tr_fields_small(L, &fields, "node_id", UINT32_MAX),
                           .has_exact_run = tr_fields_flag(L, &fields, "has_exact_run")};
    bool has_worst = tr_fields_bytes(L, &fields, "worst_trace_id", node.worst_trace_id, sizeof node.worst_trace_id);
#define TAKE_VALUE(member, field) node.member = tr_fields_unsigned(L, &fields, #member);
    TR_NODE_COUNTS(TAKE_VALUE)
    TR_NODE_SUMS(TAKE_VALUE)
#undef TAKE_VALUE
#define TAKE_HISTOGRAM(member, sum) node.member = (tr_histogram *)push_histogram(L, &fields, #member);
    TR_NODE_DISTRIBUTIONS(TAKE_HISTOGRAM)
#undef TAKE_HISTOGRAM
    uint32_t trend_count = tr_fields_push_list(L, &fields, "trend", 2 * TR_ITERATION_TREND);
    if (has_worst != (node.run != NULL) || (trend_count != 0 && trend_count != 2 * TR_ITERATION_TREND)) {
        luaL_error(L, "a node: has worst_trace_id with its runs, and the whole trend");
    }
    for (uint32_t i = 0; i < trend_count / 2; i++) {
        trend[i].count = tr_fields_at(L, &fields, 2 * i + 1);
        trend[i].sum_ns = tr_fields_at(L, &fields, 2 * i + 2);
    }
    node.trend = trend_count > 0 ? trend : NULL;
    tr_fields_end(L, &fields);
    check_restored(L, tr_timing_restore_node(timing, &node), "a node");
}

static void take_activity(lua_State *L, tr_fields *fields, tr_activity *activity) {
    activity->first_bucket = tr_fields_unsigned(L, fields, "first_bucket");
    activity->width_shift = tr_fields_small(L, fields, "width_shift", UINT32_MAX);
    uint32_t count = tr_fields_push_list(L, fields, "in_flight", 2 * TR_ACTIVITY_BUCKETS);
    if (count % 2 != 0) {
        luaL_error(L, "traces: in_flight has a start without an end");
    }
    activity->used = count / 2;
    for (uint32_t i = 0; i < activity->used; i++) {
        activity->starts[i] = tr_fields_at(L, fields, 2 * i + 1);
        activity->ends[i] = tr_fields_at(L, fields, 2 * i + 2);
        activity->count += activity->starts[i] + activity->ends[i];
    }
}

/* Reads the table on top. What it needs stays on the stack. */
static void restore_traces(lua_State *L, tr_timing *timing) {
    tr_fields fields = tr_fields_of(L, -1, "traces");
    tr_trace_timing traces = {.first_ns = tr_fields_unsigned(L, &fields, "first_ns"),
                              .last_ns = tr_fields_unsigned(L, &fields, "last_ns"),
                              .path_waits = take_waits(L, &fields)};
#define TAKE_COUNT(member, is_field) traces.member = tr_fields_unsigned(L, &fields, #member);
    TR_TRACE_COUNTS(TAKE_COUNT)
#undef TAKE_COUNT
#define TAKE_SUM(member) traces.member = tr_fields_unsigned(L, &fields, #member);
    TR_TRACE_SUMS(TAKE_SUM)
#undef TAKE_SUM
#define TAKE_HISTOGRAM(member, sum) traces.member = (tr_histogram *)push_histogram(L, &fields, #member);
    TR_TRACE_DISTRIBUTIONS(TAKE_HISTOGRAM)
#undef TAKE_HISTOGRAM
    take_activity(L, &fields, &traces.in_flight);
    tr_fields_end(L, &fields);
    check_restored(L, tr_timing_restore_traces(timing, &traces), "traces");
}

/* ---- worst traces ---- */

static uint64_t value_at(lua_State *L, const tr_fields *fields, uint32_t place, uint64_t max) {
    uint64_t value = tr_fields_at(L, fields, place);
    if (value > max) {
        luaL_error(L, "%s: a value is larger than its field can hold", fields->what);
    }
    return value;
}

/* Reads the trace on top. What it needs stays on the stack. */
static void restore_worst(lua_State *L, tr_timing *timing) {
    tr_fields fields = tr_fields_of(L, -1, "a trace");
    tr_timed_trace timed = {.status = (uint8_t)tr_fields_small(L, &fields, "status", UINT8_MAX),
                            .start_ns = tr_fields_unsigned(L, &fields, "start_ns"),
                            .end_ns = tr_fields_unsigned(L, &fields, "end_ns"),
                            .suspended_ns = tr_fields_unsigned(L, &fields, "suspended_ns"),
                            .path_waits = take_waits(L, &fields),
                            .left_out_count = tr_fields_small(L, &fields, "left_out_count", UINT32_MAX)};
    bool has_id = tr_fields_bytes(L, &fields, "id", timed.id, sizeof timed.id);
    uint32_t value_count = tr_fields_push_list(L, &fields, "spans", TR_SPAN_VALUE_COUNT * TR_TIMED_TRACE_MAX);
    timed.span_count = value_count / TR_SPAN_VALUE_COUNT;
    timed.spans = lua_newuserdatauv(L, timed.span_count * sizeof *timed.spans, 0);
    lua_insert(L, -2); /* spans, list */
    bool are_whole = has_id && value_count % TR_SPAN_VALUE_COUNT == 0;
    uint32_t place = 1;
#define TAKE_VALUE(member, type, max) items[i].member = (type)value_at(L, &fields, place++, max);
    for (uint32_t i = 0; i < timed.span_count; i++) {
        tr_timed_span *items = timed.spans;
        memset(&items[i], 0, sizeof items[i]);
        TR_SPAN_VALUES(TAKE_VALUE)
    }
    value_count = tr_fields_push_list(L, &fields, "suspensions", TR_SUSPENSION_VALUE_COUNT * TR_TIMED_TRACE_MAX);
    timed.suspension_count = value_count / TR_SUSPENSION_VALUE_COUNT;
    timed.suspensions = lua_newuserdatauv(L, timed.suspension_count * sizeof *timed.suspensions, 0);
    lua_insert(L, -2); /* spans, list, suspensions, list */
    are_whole = are_whole && value_count % TR_SUSPENSION_VALUE_COUNT == 0;
    place = 1;
    for (uint32_t i = 0; i < timed.suspension_count; i++) {
        tr_suspension *items = timed.suspensions;
        items[i] = (tr_suspension){.outcome = TR_OUTCOME_DONE};
        TR_SUSPENSION_VALUES(TAKE_VALUE)
    }
#undef TAKE_VALUE
    if (!are_whole) {
        luaL_error(L, "a trace: has its id, and whole spans and suspensions");
    }
    tr_fields_end(L, &fields);
    check_restored(L, tr_timing_restore_worst(timing, &timed), "a trace");
}

/* ---- the whole ---- */

static void restore_each(lua_State *L, tr_fields *fields, const char *name, tr_timing *timing,
                         void (*restore)(lua_State *L, tr_timing *timing)) {
    uint32_t count = tr_fields_push_list(L, fields, name, MAX_ITEMS); /* list */
    int list_index = lua_gettop(L);
    for (uint32_t i = 1; i <= count; i++) {
        lua_rawgeti(L, list_index, (lua_Integer)i);
        restore(L, timing);
        lua_settop(L, list_index);
    }
}

int tr_lua_timing_from(lua_State *L) {
    enum { FIELDS = 1, SELF, STACK_SLOTS = 40 };
    luaL_checkstack(L, STACK_SLOTS, NULL);
    tr_fields fields = tr_fields_of(L, FIELDS, "a timing");
    lua_settop(L, FIELDS);
    tr_lua_timing *self = tr_lua_push_timing(L);
    lua_newtable(L);
    lua_setiuservalue(L, SELF, TR_TIMING_NAMES);
    uint32_t worst_limit = tr_fields_small(L, &fields, "worst_limit", TR_TIMING_MAX_WORST);
    bool has_flow = tr_fields_push_table(L, &fields, "flow");
    tr_flow flow = has_flow ? push_flow(L, SELF) : (tr_flow){0};
    self->timing = tr_timing_new(has_flow ? &flow : NULL, worst_limit);
    if (self->timing == NULL) {
        return tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    lua_settop(L, SELF);
    if (!tr_fields_push_table(L, &fields, "traces")) {
        return luaL_error(L, "a timing: has no traces");
    }
    restore_traces(L, self->timing);
    lua_settop(L, SELF);
    restore_each(L, &fields, "nodes", self->timing, restore_node);
    restore_each(L, &fields, "worst", self->timing, restore_worst);
    tr_fields_end(L, &fields);
    lua_settop(L, SELF);
    tr_lua_tell_timing_memory(L, SELF);
    return 1;
}
