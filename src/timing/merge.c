#include "timing/internal.h"

static bool merge_histogram(tr_histogram **into, const tr_histogram *from) {
    if (from == NULL) {
        return true;
    }
    if (*into == NULL && (*into = tr_histogram_new()) == NULL) {
        return false;
    }
    return tr_histogram_merge(*into, from) == TR_OK;
}

static bool add_node(tr_node_timing *into, const tr_node_timing *from) {
    if (from->run != NULL) { /* before the histograms, which show whether there was a run */
        bool is_first = into->run == NULL;
        tr_timing_note_worst(into, is_first, from->worst_trace_id, from->worst_run_ns);
    }
#define ADD_COUNT(member, field) into->member += from->member;
    TR_NODE_COUNTS(ADD_COUNT)
#undef ADD_COUNT
#define ADD_SUM(member, is_field) tr_timing_sum(&into->member, from->member);
    TR_NODE_SUMS(ADD_SUM)
#undef ADD_SUM
    if (from->trend != NULL && !tr_timing_need_trend(into)) {
        return false;
    }
    for (int i = 0; from->trend != NULL && i < TR_ITERATION_TREND; i++) {
        into->trend[i].count += from->trend[i].count;
        tr_timing_sum(&into->trend[i].sum_ns, from->trend[i].sum_ns);
    }
    bool merged = true;
#define MERGE_DISTRIBUTION(member, sum) merged = merged && merge_histogram(&into->member, from->member);
    TR_NODE_DISTRIBUTIONS(MERGE_DISTRIBUTION)
#undef MERGE_DISTRIBUTION
    return merged;
}

bool tr_timing_merge_node(tr_trace_timing *traces, tr_node_timing *into, const tr_node_timing *from) {
    tr_node_timing added = *from; /* its histograms stay those of `from` */
    if (from->has_exact_run && !into->has_exact_run) {
        tr_histogram_free(tr_timing_leave_out_runs(into));
        into->has_exact_run = true;
    } else if (into->has_exact_run && !from->has_exact_run) {
        (void)tr_timing_leave_out_runs(&added);
    }
    if (from->exact_count > 0 && into->exact_count == 0) {
        tr_timing_leave_out_rest(traces, into);
    } else if (into->exact_count > 0 && from->exact_count == 0) {
        tr_timing_leave_out_rest(traces, &added);
    }
    return add_node(into, &added);
}

bool tr_timing_merge_traces(tr_trace_timing *into, const tr_trace_timing *from) {
#define ADD_COUNT(member, is_field) into->member += from->member;
    TR_TRACE_COUNTS(ADD_COUNT)
#undef ADD_COUNT
#define ADD_SUM(member) tr_timing_sum(&into->member, from->member);
    TR_TRACE_SUMS(ADD_SUM)
#undef ADD_SUM
    tr_timing_add_waits(&into->path_waits, &from->path_waits);
    tr_timing_note_period(into, from->first_ns, from->last_ns);
    tr_activity_merge(&into->in_flight, &from->in_flight);
    bool merged = true;
#define MERGE_DISTRIBUTION(member, sum) merged = merged && merge_histogram(&into->member, from->member);
    TR_TRACE_DISTRIBUTIONS(MERGE_DISTRIBUTION)
#undef MERGE_DISTRIBUTION
    return merged;
}

tr_status tr_timing_merge(tr_timing *into, const tr_timing *from) {
    for (size_t i = 0; i < from->node_count; i++) {
        tr_node_timing *node = tr_timing_need_node(into, from->nodes[i]->node_id);
        if (node == NULL || !tr_timing_merge_node(&into->traces, node, from->nodes[i])) {
            return TR_ERROR_MEMORY;
        }
    }
    bool merged =
        tr_timing_merge_traces(&into->traces, &from->traces) && tr_worst_traces_merge(&into->worst, &from->worst);
    return merged ? TR_OK : TR_ERROR_MEMORY;
}
