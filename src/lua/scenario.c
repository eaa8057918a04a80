#include "lua/scenario.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/contention.h"
#include "lua/scenario_fields.h"
#include "lua/scenario_pools.h"
#include "tracereel/timing.h"

static const char *const time_kinds[] = {[TR_TIME_RECORDED] = "recorded",
                                         [TR_TIME_FACTOR] = "factor",
                                         [TR_TIME_FIXED] = "fixed",
                                         [TR_TIME_ASK] = "ask",
                                         NULL};
static const char *const fault_kinds[] = {
    [TR_FAULT_ERROR] = "error", [TR_FAULT_LOST] = "lost", [TR_FAULT_DELAY] = "delay", [TR_FAULT_CRASH] = "crash", NULL};
static const char *const fail_kinds[] = {
    [TR_FAIL_AS_RECORDED] = "recorded", [TR_FAIL_SHARE] = "share", [TR_FAIL_ASK] = "ask", NULL};

/* The rule in the field `name`; nil: as recorded. */
static tr_time_rule read_time(lua_State *L, int index, const char *name) {
    tr_time_rule rule = {.kind = TR_TIME_RECORDED};
    if (lua_getfield(L, index, name) == LUA_TTABLE) {
        int table = lua_gettop(L);
        lua_getfield(L, table, "kind");
        rule.kind = (tr_time_kind)luaL_checkoption(L, -1, NULL, time_kinds);
        lua_pop(L, 1);
        rule.factor = tr_lua_read_double(L, table, "factor");
        rule.ns = tr_lua_read_u64(L, table, "ns");
    }
    lua_pop(L, 1);
    return rule;
}

/* The rule in the table on top, whose texts stay where they are: in that table. */
static void read_node(lua_State *L, tr_node_rule *rule) {
    int table = lua_gettop(L);
    memset(rule, 0, sizeof *rule);
    rule->node_id = tr_lua_read_u32(L, table, "id");
    rule->time = read_time(L, table, "time");
    lua_getfield(L, table, "fail");
    rule->fail = (tr_fail_kind)luaL_checkoption(L, -1, "recorded", fail_kinds);
    lua_pop(L, 1);
    rule->fail_share = tr_lua_read_double(L, table, "fail_share");
    size_t length = 0;
    lua_getfield(L, table, "error");
    rule->error = luaL_optlstring(L, -1, "", &length);
    rule->error_bytes = (uint32_t)length;
    lua_pop(L, 1);
    rule->max_retries = tr_lua_read_u32(L, table, "max_retries");
    rule->retry_delay_ns = tr_lua_read_u64(L, table, "retry_delay_ns");
    rule->retry_factor = tr_lua_read_double(L, table, "retry_factor");
}

static void read_nodes(lua_State *L, int index, int anchor_index, tr_scenario *scenario) {
    tr_node_rule *nodes = tr_lua_begin_list(L, index, anchor_index, "nodes", sizeof *nodes, &scenario->node_count);
    for (size_t i = 0; i < scenario->node_count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        read_node(L, &nodes[i]);
        lua_pop(L, 1);
    }
    scenario->nodes = nodes;
    lua_pop(L, 1);
    if (lua_getfield(L, index, "default") == LUA_TTABLE) {
        tr_node_rule *rule = lua_newuserdatauv(L, sizeof *rule, 0); /* default, rule */
        lua_rawsetp(L, anchor_index, rule);
        read_node(L, rule);
        scenario->default_node = rule;
    }
    lua_pop(L, 1);
}

static void read_suspensions(lua_State *L, int index, int anchor_index, tr_scenario *scenario) {
    tr_suspension_rule *rules =
        tr_lua_begin_list(L, index, anchor_index, "suspensions", sizeof *rules, &scenario->suspension_count);
    for (size_t i = 0; i < scenario->suspension_count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        rules[i].node_id = tr_lua_read_u32(L, lua_gettop(L), "id");
        rules[i].time = read_time(L, lua_gettop(L), "time");
        lua_pop(L, 1);
    }
    scenario->suspensions = rules;
    lua_pop(L, 1);
}

static void read_loops(lua_State *L, int index, int anchor_index, tr_scenario *scenario) {
    tr_loop_rule *rules = tr_lua_begin_list(L, index, anchor_index, "loops", sizeof *rules, &scenario->loop_count);
    for (size_t i = 0; i < scenario->loop_count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1); /* list, rule */
        int rule = lua_gettop(L);
        rules[i].node_id = tr_lua_read_u32(L, rule, "id");
        rules[i].iterations = tr_lua_read_u32(L, rule, "iterations");
        rules[i].asks = rules[i].iterations == 0;
        if (lua_getfield(L, rule, "body") != LUA_TNIL) {
            uint32_t *body = tr_lua_begin_list(L, rule, anchor_index, "body", sizeof *body, &rules[i].body_count);
            for (size_t j = 0; j < rules[i].body_count; j++) {
                lua_rawgeti(L, -1, (lua_Integer)j + 1);
                body[j] = tr_lua_to_u32(L, -1, "body");
                lua_pop(L, 1);
            }
            rules[i].body = body;
            lua_pop(L, 1);
        }
        lua_pop(L, 2);
    }
    scenario->loops = rules;
    lua_pop(L, 1);
}

/* Of the flow node on top. */
static const bool *read_off_out(lua_State *L, int anchor_index) {
    size_t count = 0;
    bool *is_off_out =
        tr_lua_begin_list(L, lua_gettop(L), anchor_index, "off_out", sizeof *is_off_out, &count); /* list */
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        is_off_out[i] = lua_toboolean(L, -1) != 0;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return count == 0 ? NULL : is_off_out;
}

static void read_flow(lua_State *L, int index, int anchor_index, tr_scenario *scenario) {
    if (lua_getfield(L, index, "flow") != LUA_TNIL) {
        tr_flow *flow = lua_newuserdatauv(L, sizeof *flow, 0);
        lua_rawsetp(L, anchor_index, flow);
        tr_flow_node *nodes = tr_lua_begin_list(L, index, anchor_index, "flow", sizeof *nodes, &flow->node_count);
        for (size_t i = 0; i < flow->node_count; i++) {
            lua_rawgeti(L, -1, (lua_Integer)i + 1); /* flow, list, node */
            nodes[i].node_id = tr_lua_read_u32(L, lua_gettop(L), "id");
            size_t count = 0;
            uint32_t *after = tr_lua_begin_list(L, lua_gettop(L), anchor_index, "after", sizeof *after, &count);
            for (size_t j = 0; j < count; j++) {
                lua_rawgeti(L, -1, (lua_Integer)j + 1);
                after[j] = tr_lua_to_u32(L, -1, "after");
                lua_pop(L, 1);
            }
            nodes[i].after = after;
            nodes[i].after_count = (uint32_t)count;
            lua_pop(L, 1);
            nodes[i].is_off_out = read_off_out(L, anchor_index);
            lua_pop(L, 1);
        }
        flow->nodes = nodes;
        scenario->flow = flow;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void read_faults(lua_State *L, int index, int anchor_index, tr_scenario *scenario) {
    tr_fault *faults = tr_lua_begin_list(L, index, anchor_index, "faults", sizeof *faults, &scenario->fault_count);
    for (size_t i = 0; i < scenario->fault_count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1); /* list, fault */
        int fault = lua_gettop(L);
        faults[i].trace_number = tr_lua_read_u64(L, fault, "number");
        if (lua_getfield(L, fault, "id") != LUA_TNIL) {
            tr_lua_to_trace_id(L, -1, "id", faults[i].trace_id);
        }
        faults[i].record = tr_lua_read_u64(L, fault, "record");
        lua_getfield(L, fault, "kind");
        faults[i].kind = (tr_fault_kind)luaL_checkoption(L, -1, NULL, fault_kinds);
        faults[i].ns = tr_lua_read_u64(L, fault, "ns");
        size_t length = 0;
        lua_getfield(L, fault, "error"); /* the fault's table, which the list keeps, keeps the text */
        faults[i].error = luaL_optlstring(L, -1, "", &length);
        faults[i].error_bytes = (uint32_t)length;
        lua_settop(L, fault - 1);
    }
    scenario->faults = faults;
    lua_pop(L, 1);
}

static void read_limits(lua_State *L, int index, const char *name, tr_scenario_limits *limits) {
    lua_getfield(L, index, name);
    if (lua_istable(L, -1)) {
        int at = lua_gettop(L);
#define READ_LIMIT(name) limits->name = tr_lua_read_u32(L, at, #name);
        TR_SCENARIO_LIMITS(READ_LIMIT)
#undef READ_LIMIT
    }
    lua_pop(L, 1);
}

/* ---- arrivals ---- */

/* The index of a recorded trace, from its number (from 1) at `index`. */
static uint64_t to_trace_index(lua_State *L, int index, int argument, const char *name, const tr_recording *recording) {
    uint64_t trace_index = tr_lua_to_u64(L, index, name) - 1;
    bool is_there = trace_index < tr_recording_get_stats(recording)->traces;
    if (!is_there || tr_recording_trace_at(recording, trace_index).is_left_out) {
        luaL_argerror(L, argument,
                      lua_pushfstring(L, "%s: a trace that the log does not have, or that is left out", name));
    }
    return trace_index;
}

/* The field `timetable`: a list of times, one of recorded traces, from 1, and whether each is a copy. */
static void read_timetable(lua_State *L, int index, int anchor_index, const tr_recording *recording,
                           tr_scenario *scenario) {
    if (lua_getfield(L, index, "timetable") == LUA_TTABLE) {
        int table = lua_gettop(L);
        tr_timed_arrival *arrivals =
            tr_lua_begin_list(L, table, anchor_index, "times_ns", sizeof *arrivals, &scenario->timetable_count);
        lua_getfield(L, table, "traces");
        lua_getfield(L, table, "are_copies"); /* timetable, times, traces, copies */
        for (size_t i = 0; i < scenario->timetable_count; i++) {
            lua_rawgeti(L, table + 1, (lua_Integer)i + 1);
            lua_rawgeti(L, table + 2, (lua_Integer)i + 1);
            lua_rawgeti(L, table + 3, (lua_Integer)i + 1);
            arrivals[i].time_ns = tr_lua_to_u64(L, -3, "times_ns");
            arrivals[i].trace_index = to_trace_index(L, -2, index, "timetable", recording);
            arrivals[i].is_copy = lua_toboolean(L, -1);
            lua_settop(L, table + 3);
        }
        scenario->timetable = arrivals;
        lua_settop(L, table);
    }
    lua_pop(L, 1);
}

void tr_lua_read_scenario(lua_State *L, int index, int anchor_index, const tr_recording *recording,
                          tr_scenario *scenario) {
    memset(scenario, 0, sizeof *scenario);
    scenario->seed = tr_lua_read_u64(L, index, "seed");
    read_nodes(L, index, anchor_index, scenario);
    read_suspensions(L, index, anchor_index, scenario);
    read_loops(L, index, anchor_index, scenario);
    read_flow(L, index, anchor_index, scenario);
    read_faults(L, index, anchor_index, scenario);
    scenario->arrivals = read_time(L, index, "arrivals");
    scenario->trace_count = tr_lua_read_u64(L, index, "traces");
    scenario->resample_block = tr_lua_read_u64(L, index, "resample_block");
    read_timetable(L, index, anchor_index, recording, scenario);
    read_limits(L, index, "limits", &scenario->limits);
    read_limits(L, index, "recorded", &scenario->recorded);
    lua_getfield(L, index, "contention"); /* the scenario's table keeps it */
    scenario->contention = lua_isnil(L, -1) ? NULL : tr_lua_check_contention(L, -1);
    lua_pop(L, 1);
    tr_lua_read_pools(L, index, anchor_index, scenario);
    scenario->asks_events = tr_lua_read_boolean(L, index, "asks_events");
    scenario->is_temporary = tr_lua_read_boolean(L, index, "is_temporary");
    lua_getfield(L, index, "crash");
    if (lua_istable(L, -1)) {
        int crash = lua_gettop(L);
        scenario->has_crash = true;
        scenario->crash_ns = tr_lua_read_u64(L, crash, "ns");
        scenario->crash_records = tr_lua_read_u64(L, crash, "records");
        scenario->torn_bytes = tr_lua_read_u64(L, crash, "torn_bytes");
        scenario->lost_records = tr_lua_read_u32(L, crash, "lost_records");
    }
    lua_pop(L, 1);
}
