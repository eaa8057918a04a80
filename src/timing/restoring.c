/* A timing that is put together again from what another one held. Nothing that comes in is believed: what no timing can
 * hold would be read out of its bounds, or would not merge in any order. */
#include "timing/internal.h"

static bool is_filled_or_null(const tr_histogram *histogram) {
    return histogram == NULL || tr_histogram_count(histogram) > 0;
}

static bool is_trend_possible(const tr_iteration_timing *trend) {
    for (int i = 0; trend != NULL && i < TR_ITERATION_TREND; i++) {
        if (trend[i].count > 0) {
            return true;
        }
    }
    return trend == NULL;
}

tr_status tr_timing_restore_node(tr_timing *timing, const tr_node_timing *node) {
    bool is_next = timing->node_count == 0 || node->node_id > timing->nodes[timing->node_count - 1]->node_id;
    bool are_filled = true;
#define CHECK_DISTRIBUTION(member, sum) are_filled = are_filled && is_filled_or_null(node->member);
    TR_NODE_DISTRIBUTIONS(CHECK_DISTRIBUTION)
#undef CHECK_DISTRIBUTION
    if (!is_next || !are_filled || !is_trend_possible(node->trend) ||
        (node->has_exact_run && (node->run == NULL || node->exact_count == 0))) {
        return TR_ERROR_INVALID;
    }
    tr_node_timing restored = *node;
    restored.worst_run_ns = node->run == NULL ? 0 : tr_histogram_max(node->run);
    tr_node_timing *into = tr_timing_need_node(timing, node->node_id);
    return into != NULL && tr_timing_merge_node(&timing->traces, into, &restored) ? TR_OK : TR_ERROR_MEMORY;
}

/* As it is after the same starts and ends in any order: no wider than they need, no longer than from the first to the
 * last. */
static bool is_activity_possible(const tr_activity *activity) {
    uint64_t count = 0;
    if (activity->used > TR_ACTIVITY_BUCKETS || activity->width_shift >= 64) {
        return false;
    }
    for (uint32_t slot = 0; slot < activity->used; slot++) {
        count += activity->starts[slot] + activity->ends[slot];
    }
    if (activity->count != count) {
        return false;
    }
    if (activity->used == 0) {
        return activity->first_bucket == 0 && activity->width_shift == 0;
    }
    uint64_t last_bucket = activity->first_bucket + activity->used - 1;
    uint32_t last = activity->used - 1;
    return last_bucket >= activity->first_bucket && last_bucket <= UINT64_MAX >> activity->width_shift &&
           (activity->width_shift == 0 || activity->used > TR_ACTIVITY_BUCKETS / 2) &&
           (activity->starts[0] | activity->ends[0]) > 0 && (activity->starts[last] | activity->ends[last]) > 0;
}

tr_status tr_timing_restore_traces(tr_timing *timing, const tr_trace_timing *traces) {
    bool are_filled = true;
#define CHECK_DISTRIBUTION(member, sum) are_filled = are_filled && is_filled_or_null(traces->member);
    TR_TRACE_DISTRIBUTIONS(CHECK_DISTRIBUTION)
#undef CHECK_DISTRIBUTION
    if (!are_filled || !is_activity_possible(&traces->in_flight)) {
        return TR_ERROR_INVALID;
    }
    return tr_timing_merge_traces(&timing->traces, traces) ? TR_OK : TR_ERROR_MEMORY;
}

tr_status tr_timing_restore_worst(tr_timing *timing, const tr_timed_trace *timed) {
    return tr_worst_traces_restore(&timing->worst, timed);
}
