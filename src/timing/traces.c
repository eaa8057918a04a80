#include "tracereel/timing.h"

#include "timing/internal.h"

void tr_timing_note_period(tr_trace_timing *traces, uint64_t first_ns, uint64_t last_ns) {
    traces->first_ns = first_ns < traces->first_ns ? first_ns : traces->first_ns;
    traces->last_ns = last_ns > traces->last_ns ? last_ns : traces->last_ns;
}

static bool add_whole(tr_timing *timing, const tr_trace *trace, const tr_path_waits *waits, uint64_t suspended_ns) {
    tr_trace_timing *traces = &timing->traces;
    uint64_t makespan_ns = trace->last_ns - trace->start_ns;
    traces->clock_step_count += makespan_ns == 0 && (trace->violations_seen & TR_VIOLATION_TIME_BACKWARDS) != 0;
    tr_timing_sum(&traces->makespan_ns, makespan_ns);
    tr_timing_sum(&traces->suspended_ns, suspended_ns);
    return tr_timing_count(&traces->makespan, makespan_ns) && tr_timing_count(&traces->suspended, suspended_ns) &&
           tr_worst_traces_add(&timing->worst, trace, &timing->spans, waits, suspended_ns);
}

static void add_activity(tr_trace_timing *traces, const tr_trace *trace, bool is_closed) {
    if (trace->from_snapshot) {
        traces->before_count++;
    } else {
        tr_activity_start(&traces->in_flight, trace->start_ns);
        tr_timing_note_period(traces, trace->start_ns, trace->last_ns);
    }
    if (is_closed) {
        tr_activity_end(&traces->in_flight, trace->last_ns);
        tr_timing_note_period(traces, UINT64_MAX, trace->last_ns);
    }
}

/* A trace that closes has not been touched for long: prefetch its lists at once, instead of missing the cache line by
 * line. */
static void fetch(const void *list, size_t bytes) {
    enum { LINE_BYTES = 64, MAX_BYTES = 1024 };
    for (size_t at = 0; at < bytes && at < MAX_BYTES; at += LINE_BYTES) {
        __builtin_prefetch((const char *)list + at);
    }
}

static void fetch_lists(const tr_trace *trace) {
    fetch(trace->attempts, trace->attempt_count * sizeof *trace->attempts);
    fetch(trace->nodes, trace->node_count * sizeof *trace->nodes);
    fetch(trace->loop_events, trace->loop_event_count * sizeof *trace->loop_events);
    fetch(trace->suspensions, trace->suspension_count * sizeof *trace->suspensions);
}

static bool is_closed(const tr_trace *trace) {
    return trace->status == TR_TRACE_COMPLETE || trace->status == TR_TRACE_FAILED;
}

static void count_trace(tr_trace_timing *traces, const tr_trace *trace) {
    traces->complete_count += trace->status == TR_TRACE_COMPLETE;
    traces->failed_count += trace->status == TR_TRACE_FAILED;
    traces->open_count += !is_closed(trace);
    traces->continued_count += trace->outcome == TR_TRACE_OUTCOME_CONTINUED;
    traces->cancelled_count += trace->outcome == TR_TRACE_OUTCOME_CANCELLED;
    traces->timed_out_count += trace->outcome == TR_TRACE_OUTCOME_TIMED_OUT;
    traces->terminated_count += trace->outcome == TR_TRACE_OUTCOME_TERMINATED;
    traces->restarted_count += trace->restart_count > 0;
    traces->from_snapshot_count += is_closed(trace) && trace->from_snapshot;
}

tr_status tr_timing_add(tr_timing *timing, const tr_trace *trace) {
    return tr_timing_add_parent(timing, trace, (tr_child_stretches){0});
}

tr_status tr_timing_add_parent(tr_timing *timing, const tr_trace *trace, tr_child_stretches children) {
    fetch_lists(trace);
    if (tr_trace_is_tainted(trace)) {
        timing->traces.tainted_count++;
        return TR_OK;
    }
    bool is_whole = is_closed(trace) && !trace->from_snapshot;
    uint64_t suspended_ns = 0;
    tr_counted_path path = {.is_any = is_whole, .part = {trace->start_ns, trace->last_ns}, .children = children};
    count_trace(&timing->traces, trace);
    add_activity(&timing->traces, trace, is_closed(trace));
    bool added = tr_timing_add_nodes(timing, trace, &path, &suspended_ns) &&
                 (!is_whole || add_whole(timing, trace, &path.waits, suspended_ns));
    return added ? TR_OK : TR_ERROR_MEMORY;
}

/* A child as an attempt of its parent's node. */
static bool add_as_attempt(tr_timing *timing, const tr_trace *trace, uint32_t node_id) {
    tr_node_timing *node = tr_timing_need_node(timing, node_id);
    uint64_t lasted_ns = trace->last_ns > trace->start_ns ? trace->last_ns - trace->start_ns : 0;
    if (node == NULL) {
        return false;
    }
    if (!is_closed(trace) || trace->from_snapshot) {
        node->unfinished_count++;
        return true;
    }
    tr_timing_add_attempt(timing, node, false);
    if (trace->status == TR_TRACE_COMPLETE) {
        return tr_timing_add_run(node, trace, lasted_ns, false);
    }
    node->error_count++;
    tr_timing_add_retry(node, lasted_ns, false);
    return true;
}

/* The part of a child's time that is its own on its parent's path. */
static tr_path_stretch part_of(const tr_trace *trace, const tr_timed_child *how) {
    tr_path_stretch part = {trace->start_ns, trace->last_ns};
    if (how->on_path.end_ns > 0) {
        part.start_ns = how->on_path.start_ns > part.start_ns ? how->on_path.start_ns : part.start_ns;
        part.end_ns = how->on_path.end_ns < part.end_ns ? how->on_path.end_ns : part.end_ns;
        part.end_ns = part.end_ns > part.start_ns ? part.end_ns : part.start_ns;
    }
    return part;
}

tr_status tr_timing_add_child(tr_timing *timing, const tr_trace *trace, const tr_timed_child *how) {
    fetch_lists(trace);
    if (tr_trace_is_tainted(trace)) {
        timing->traces.tainted_count++;
        return TR_OK;
    }
    uint64_t suspended_ns = 0;
    tr_counted_path path = {.is_any = how->is_critical && is_closed(trace) && !trace->from_snapshot,
                            .part = part_of(trace, how),
                            .children = how->children};
    count_trace(&timing->traces, trace);
    bool added = tr_timing_add_nodes(timing, trace, &path, &suspended_ns) &&
                 (!how->is_attempt || add_as_attempt(timing, trace, how->parent_node));
    return added ? TR_OK : TR_ERROR_MEMORY;
}
