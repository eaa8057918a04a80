#include "lua/timing_report.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/timed_trace.h"
#include "lua/timing.h"
#include "tracereel/activity.h"
#include "tracereel/histogram.h"
#include "tracereel/trace.h"

enum { REPORT_SCHEMA = 2 };

/* Stack indices while a report, or a node of one, is made. */
enum { TIMING_INDEX = 1, NAMES_INDEX = 2 };

static double share_of(uint64_t part, double whole) {
    return whole > 0 ? (double)part / whole : 0;
}

static void set_number(lua_State *L, const char *name, double value) { /* into the table on top */
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

/* ---- distributions ---- */

static const struct {
    const char *name;
    double quantile;
} percentiles[] = {{"p50_ns", 0.5}, {"p90_ns", 0.9}, {"p95_ns", 0.95}, {"p99_ns", 0.99}, {"p999_ns", 0.999}};

/* Rounded to the nearest, halves up. */
static uint64_t mean_of(uint64_t sum, uint64_t count) {
    if (count == 0) {
        return 0;
    }
    uint64_t rest = sum % count;
    return sum / count + (rest >= count - rest);
}

static void push_buckets(lua_State *L, const tr_histogram *histogram) {
    uint32_t cursor = 0;
    uint64_t lower;
    uint64_t upper;
    uint64_t count;
    lua_newtable(L); /* buckets */
    for (lua_Integer i = 1; histogram != NULL && tr_histogram_next(histogram, &cursor, &lower, &upper, &count); i++) {
        lua_createtable(L, 0, 3); /* buckets, bucket */
        tr_lua_set_unsigned(L, "lower_ns", lower);
        tr_lua_set_unsigned(L, "upper_ns", upper);
        tr_lua_set_unsigned(L, "count", count);
        lua_rawseti(L, -2, i);
    }
}

/* Of a sum that has saturated, the histogram's own, which is as long as it needs to be. */
static uint64_t mean_of_all(const tr_histogram *histogram, uint64_t sum_ns, uint64_t count) {
    if (sum_ns < UINT64_MAX || histogram == NULL) {
        return mean_of(sum_ns, count);
    }
    double mean_ns = tr_histogram_mean(histogram) + 0.5;
    return mean_ns < 0x1p64 ? (uint64_t)mean_ns : UINT64_MAX;
}

/* Without its buckets. `histogram` may be NULL: an empty one. */
static void push_numbers(lua_State *L, const tr_histogram *histogram, uint64_t sum_ns) {
    uint64_t count = histogram == NULL ? 0 : tr_histogram_count(histogram);
    lua_createtable(L, 0, 11); /* distribution */
    tr_lua_set_unsigned(L, "count", count);
    tr_lua_set_unsigned(L, "sum_ns", sum_ns);
    tr_lua_set_unsigned(L, "mean_ns", mean_of_all(histogram, sum_ns, count));
    tr_lua_set_unsigned(L, "min_ns", count == 0 ? 0 : tr_histogram_min(histogram));
    tr_lua_set_unsigned(L, "max_ns", count == 0 ? 0 : tr_histogram_max(histogram));
    for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++) {
        uint64_t value = count == 0 ? 0 : tr_histogram_quantile(histogram, percentiles[i].quantile);
        tr_lua_set_unsigned(L, percentiles[i].name, value);
    }
}

static void push_distribution(lua_State *L, const tr_histogram *histogram, uint64_t sum_ns) {
    push_numbers(L, histogram, sum_ns);
    push_buckets(L, histogram);
    lua_setfield(L, -2, "buckets");
}

static void set_distribution(lua_State *L, const char *name, const tr_histogram *histogram, uint64_t sum_ns) {
    push_distribution(L, histogram, sum_ns);
    lua_setfield(L, -2, name); /* in the table below it */
}

/* ---- nodes ---- */

static uint64_t total_ns_of(const tr_node_timing *node) {
    uint64_t parts[] = {node->run_ns, node->queue_ns, node->suspended_ns, node->retry_ns};
    uint64_t total_ns = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        total_ns = total_ns > UINT64_MAX - parts[i] ? UINT64_MAX : total_ns + parts[i];
    }
    return total_ns;
}

static void set_shares(lua_State *L, const tr_node_timing *node, double total_ns, double path_ns) {
    set_number(L, "run_share", share_of(node->run_ns, total_ns));
    set_number(L, "queue_share", share_of(node->queue_ns, total_ns));
    set_number(L, "suspended_share", share_of(node->suspended_ns, total_ns));
    set_number(L, "retry_share", share_of(node->retry_ns, total_ns));
    set_number(L, "loop_share", share_of(node->loop_ns, total_ns));
    set_number(L, "critical_share", share_of(node->critical_ns, path_ns));
    set_number(L, "critical_wait_share", share_of(node->critical_wait_ns, path_ns));
}

static void push_trend(lua_State *L, const tr_node_timing *node) {
    lua_newtable(L); /* trend */
    for (int i = 0; node->trend != NULL && i < TR_ITERATION_TREND && node->trend[i].count > 0; i++) {
        lua_createtable(L, 0, 3); /* trend, point */
        lua_pushinteger(L, i + 1);
        lua_setfield(L, -2, "n");
        tr_lua_set_unsigned(L, "count", node->trend[i].count);
        tr_lua_set_unsigned(L, "mean_ns", mean_of(node->trend[i].sum_ns, node->trend[i].count));
        lua_rawseti(L, -2, i + 1);
    }
}

/* The longest run; nil where there is none. */
static void push_worst(lua_State *L, const tr_node_timing *node) {
    if (node->run == NULL) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 2); /* worst */
    tr_lua_push_trace_id(L, node->worst_trace_id);
    lua_setfield(L, -2, "trace_id");
    tr_lua_set_unsigned(L, "run_ns", node->worst_run_ns);
}

/* Whether there is a time that begins at an estimated start. */
static bool rests_on_estimates(const tr_node_timing *node) {
    bool has_estimated_run = node->run != NULL && !node->has_exact_run;
    return has_estimated_run || (node->failed_count > 0 && node->exact_count == 0);
}

/* What is a single value. */
static void push_node_values(lua_State *L, const tr_node_timing *node, double total_ns, double path_ns) {
    lua_createtable(L, 0, 36); /* node */
    tr_lua_set_unsigned(L, "id", node->node_id);
    tr_lua_set_node_name(L, NAMES_INDEX, node->node_id);
#define SET_COUNT(member, field) tr_lua_set_unsigned(L, #field, node->member);
    TR_NODE_COUNTS(SET_COUNT)
#undef SET_COUNT
#define SET_SUM(member, is_field)                                                                                      \
    if (is_field) {                                                                                                    \
        tr_lua_set_unsigned(L, #member, node->member);                                                                 \
    }
    TR_NODE_SUMS(SET_SUM)
#undef SET_SUM
    tr_lua_set_unsigned(L, "total_ns", total_ns_of(node));
    tr_lua_set_flag(L, "estimated", rests_on_estimates(node));
    set_shares(L, node, total_ns, path_ns);
}

/* Pushes what is more than one value, by its name; nil for any other name. */
static void push_node_part(lua_State *L, const tr_node_timing *node, const char *name) {
#define PUSH_DISTRIBUTION(member, sum)                                                                                 \
    if (strcmp(name, #member) == 0) {                                                                                  \
        push_distribution(L, node->member, node->sum);                                                                 \
        return;                                                                                                        \
    }
    TR_NODE_DISTRIBUTIONS(PUSH_DISTRIBUTION)
#undef PUSH_DISTRIBUTION
    if (strcmp(name, "trend") == 0) {
        push_trend(L, node);
    } else if (strcmp(name, "worst") == 0) {
        push_worst(L, node);
    } else {
        lua_pushnil(L);
    }
}

static void push_node_timing(lua_State *L, const tr_node_timing *node, double total_ns, double path_ns) {
    push_node_values(L, node, total_ns, path_ns);
#define SET_DISTRIBUTION(member, sum) set_distribution(L, #member, node->member, node->sum);
    TR_NODE_DISTRIBUTIONS(SET_DISTRIBUTION)
#undef SET_DISTRIBUTION
    push_trend(L, node);
    lua_setfield(L, -2, "trend");
    push_worst(L, node);
    lua_setfield(L, -2, "worst");
}

static double total_ns_of_all(const tr_timing *timing) {
    double total_ns = 0;
    for (size_t i = 0; i < tr_timing_node_count(timing); i++) {
        total_ns += (double)total_ns_of(tr_timing_node(timing, i));
    }
    return total_ns;
}

static void set_nodes(lua_State *L, const tr_timing *timing) {
    size_t count = tr_timing_node_count(timing);
    double path_ns = (double)tr_timing_traces(timing)->path_ns;
    double total_ns = total_ns_of_all(timing);
    lua_createtable(L, (int)count, 0); /* nodes */
    for (size_t i = 0; i < count; i++) {
        push_node_timing(L, tr_timing_node(timing, i), total_ns, path_ns);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "nodes");
}

/* ---- traces ---- */

/* How many were open when each bucket began, and when the last one ended. */
static void set_in_flight(lua_State *L, const tr_trace_timing *traces) {
    const tr_activity *activity = &traces->in_flight;
    uint64_t width_ns = UINT64_C(1) << activity->width_shift;
    uint64_t open = traces->before_count;
    uint64_t end_ns = 0;
    lua_createtable(L, 0, 2); /* in flight */
    tr_lua_set_unsigned(L, "bucket_ns", activity->used > 0 ? width_ns : 0);
    lua_createtable(L, (int)activity->used + 1, 0); /* in flight, points */
    for (uint32_t i = 0; activity->used > 0 && i <= activity->used; i++) {
        bool is_last = i == activity->used;
        tr_activity_bucket bucket = is_last ? (tr_activity_bucket){end_ns, 0, 0} : tr_activity_at(activity, i);
        lua_createtable(L, 0, 2); /* in flight, points, point */
        tr_lua_set_unsigned(L, "time_ns", bucket.begin_ns);
        tr_lua_set_unsigned(L, "count", open);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
        open = open + bucket.starts - bucket.ends;
        end_ns = bucket.begin_ns > UINT64_MAX - width_ns ? UINT64_MAX : bucket.begin_ns + width_ns;
    }
    lua_setfield(L, -2, "points");
    lua_setfield(L, -2, "in_flight");
}

/* What critical paths waited for. */
static void set_critical_path(lua_State *L, const tr_trace_timing *traces) {
    double path_ns = (double)traces->path_ns;
    lua_createtable(L, 0, 11); /* critical path */
    tr_lua_set_unsigned(L, "total_ns", traces->path_ns);
#define SET_WAIT(name)                                                                                                 \
    tr_lua_set_unsigned(L, #name "_ns", traces->path_waits.name##_ns);                                                 \
    set_number(L, #name "_share", share_of(traces->path_waits.name##_ns, path_ns));
    TR_PATH_WAITS(SET_WAIT)
#undef SET_WAIT
    tr_lua_set_unsigned(L, "left_out_ns", traces->left_out_ns);
    set_number(L, "left_out_share", share_of(traces->left_out_ns, path_ns));
    lua_setfield(L, -2, "critical_path");
}

/* All but distributions and what was in flight. */
static void push_trace_counts(lua_State *L, const tr_trace_timing *traces) {
    bool has_period = traces->first_ns <= traces->last_ns;
    double seconds = has_period ? (double)(traces->last_ns - traces->first_ns) / 1e9 : 0;
    uint64_t closed_count = traces->complete_count + traces->failed_count;
    lua_createtable(L, 0, 18); /* traces */
#define SET_COUNT(member, is_field)                                                                                    \
    if (is_field) {                                                                                                    \
        tr_lua_set_unsigned(L, #member, traces->member);                                                               \
    }
    TR_TRACE_COUNTS(SET_COUNT)
#undef SET_COUNT
    tr_lua_set_unsigned(L, "first_ns", has_period ? traces->first_ns : 0);
    tr_lua_set_unsigned(L, "last_ns", has_period ? traces->last_ns : 0);
    set_number(L, "throughput_per_s", seconds > 0 ? (double)closed_count / seconds : 0);
    set_critical_path(L, traces);
}

static void set_traces(lua_State *L, const tr_trace_timing *traces) {
    push_trace_counts(L, traces);
#define SET_DISTRIBUTION(member, sum) set_distribution(L, #member, traces->member, traces->sum);
    TR_TRACE_DISTRIBUTIONS(SET_DISTRIBUTION)
#undef SET_DISTRIBUTION
    set_in_flight(L, traces);
    lua_setfield(L, -2, "traces");
}

/* ---- the whole ---- */

/* All but the nodes. */
static void push_report(lua_State *L, const tr_timing *timing) {
    lua_settop(L, TIMING_INDEX);
    lua_getiuservalue(L, TIMING_INDEX, TR_TIMING_NAMES); /* names, at NAMES_INDEX */
    lua_createtable(L, 0, 8);                            /* names, report */
    tr_lua_set_unsigned(L, "schema", REPORT_SCHEMA);
    set_number(L, "relative_error", TR_HISTOGRAM_RELATIVE_ERROR);
    lua_getiuservalue(L, TIMING_INDEX, TR_TIMING_FLOW_NAME);
    lua_setfield(L, -2, "flow_name");
    lua_pushliteral(L, "node");
    lua_setfield(L, -2, "by");
    set_traces(L, tr_timing_traces(timing));
    lua_newtable(L);
    lua_setfield(L, -2, "groups");
    tr_lua_push_timed_traces(L, timing, NAMES_INDEX);
    lua_setfield(L, -2, "worst_traces");
}

void tr_lua_push_timing_report(lua_State *L, const tr_timing *timing) {
    push_report(L, timing);
    set_nodes(L, timing);
}

/* ---- node by node ---- */

static void push_counts(lua_State *L, const tr_timing *timing) {
    lua_newtable(L); /* counts */
#define SET_COUNT_OF_ALL(member, field)                                                                                \
    uint64_t member = 0;                                                                                               \
    for (size_t i = 0; i < tr_timing_node_count(timing); i++) {                                                        \
        member += tr_timing_node(timing, i)->member;                                                                   \
    }                                                                                                                  \
    tr_lua_set_unsigned(L, #field, member);
    TR_NODE_COUNTS(SET_COUNT_OF_ALL)
#undef SET_COUNT_OF_ALL
}

static void push_sums(lua_State *L, const tr_timing *timing) {
    push_counts(L, timing);
#define SET_SUM_OF_ALL(member, is_field)                                                                               \
    if (is_field) {                                                                                                    \
        uint64_t sum_ns = 0;                                                                                           \
        for (size_t i = 0; i < tr_timing_node_count(timing); i++) {                                                    \
            uint64_t ns = tr_timing_node(timing, i)->member;                                                           \
            sum_ns = sum_ns > UINT64_MAX - ns ? UINT64_MAX : sum_ns + ns;                                              \
        }                                                                                                              \
        tr_lua_set_unsigned(L, #member, sum_ns);                                                                       \
    }
    TR_NODE_SUMS(SET_SUM_OF_ALL)
#undef SET_SUM_OF_ALL
}

int tr_lua_timing_sums(lua_State *L) {
    const tr_timing *timing = tr_lua_check_timing(L, TIMING_INDEX, "timing");
    const tr_trace_timing *traces = tr_timing_traces(timing);
    push_trace_counts(L, traces);
    push_numbers(L, traces->makespan, traces->makespan_ns);
    lua_setfield(L, -2, "makespan");
    push_numbers(L, traces->suspended, traces->suspended_ns);
    lua_setfield(L, -2, "suspended");
    push_sums(L, timing);
    lua_pushinteger(L, (lua_Integer)tr_timing_node_count(timing));
    lua_pushnumber(L, total_ns_of_all(timing));
    return 4;
}

int tr_lua_timing_traces(lua_State *L) {
    const tr_timing *timing = tr_lua_check_timing(L, TIMING_INDEX, "timing");
    lua_newtable(L);
    set_traces(L, tr_timing_traces(timing));
    lua_getfield(L, -1, "traces");
    return 1;
}

int tr_lua_timing_report(lua_State *L) {
    const tr_timing *timing = tr_lua_check_timing(L, TIMING_INDEX, "timing");
    push_report(L, timing);
    lua_pushinteger(L, (lua_Integer)tr_timing_node_count(timing));
    lua_pushnumber(L, total_ns_of_all(timing));
    push_counts(L, timing);
    return 4;
}

static const tr_node_timing *check_place(lua_State *L, const tr_timing *timing) {
    lua_Integer place = luaL_checkinteger(L, 2);
    luaL_argcheck(L, place >= 1 && place <= (lua_Integer)tr_timing_node_count(timing), 2, "no node has this place");
    return tr_timing_node(timing, (size_t)place - 1);
}

int tr_lua_timing_node(lua_State *L) {
    const tr_timing *timing = tr_lua_check_timing(L, TIMING_INDEX, "timing");
    const tr_node_timing *node = check_place(L, timing);
    double total_ns = luaL_checknumber(L, 3);
    bool is_whole = lua_toboolean(L, 4);
    double path_ns = (double)tr_timing_traces(timing)->path_ns;
    lua_settop(L, TIMING_INDEX);
    lua_getiuservalue(L, TIMING_INDEX, TR_TIMING_NAMES); /* names, at NAMES_INDEX */
    if (is_whole) {
        push_node_timing(L, node, total_ns, path_ns);
    } else {
        push_node_values(L, node, total_ns, path_ns);
    }
    return 1;
}

int tr_lua_timing_node_part(lua_State *L) {
    const tr_timing *timing = tr_lua_check_timing(L, TIMING_INDEX, "timing");
    push_node_part(L, check_place(L, timing), luaL_checkstring(L, 3));
    return 1;
}
