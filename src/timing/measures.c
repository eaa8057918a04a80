/* What of a node rests on the starts of its attempts. Estimated ones count only as long as none was written. */
#include <string.h>

#include "timing/internal.h"

void tr_timing_note_worst(tr_node_timing *node, bool is_first, const uint8_t *trace_id, uint64_t run_ns) {
    bool smaller_id = memcmp(trace_id, node->worst_trace_id, TR_TRACE_ID_BYTES) < 0;
    if (is_first || run_ns > node->worst_run_ns || (run_ns == node->worst_run_ns && smaller_id)) {
        node->worst_run_ns = run_ns;
        memcpy(node->worst_trace_id, trace_id, TR_TRACE_ID_BYTES);
    }
}

tr_histogram *tr_timing_leave_out_runs(tr_node_timing *node) {
    tr_histogram *run = node->run;
    node->left_out_count += run == NULL ? 0 : tr_histogram_count(run);
    node->run = NULL;
    node->run_ns = 0;
    return run;
}

void tr_timing_leave_out_rest(tr_trace_timing *traces, tr_node_timing *node) {
    node->left_out_count += node->failed_count;
    node->failed_count = 0;
    node->retry_ns = 0;
    tr_timing_sum(&traces->left_out_ns, node->critical_ns);
    node->critical_count = 0;
    node->critical_ns = 0;
}

bool tr_timing_add_run(tr_node_timing *node, const tr_trace *trace, uint64_t run_ns, bool estimated) {
    node->done_count++;
    if (estimated && node->has_exact_run) {
        node->left_out_count++;
        return true;
    }
    if (!estimated && !node->has_exact_run) {
        tr_histogram_free(tr_timing_leave_out_runs(node));
        node->has_exact_run = true;
    }
    tr_timing_sum(&node->run_ns, run_ns);
    tr_timing_note_worst(node, node->run == NULL, trace->id, run_ns);
    return tr_timing_count(&node->run, run_ns);
}

void tr_timing_add_retry(tr_node_timing *node, uint64_t lasted_ns, bool estimated) {
    if (estimated && node->exact_count > 0) {
        node->left_out_count++;
        return;
    }
    node->failed_count++;
    tr_timing_sum(&node->retry_ns, lasted_ns);
}
