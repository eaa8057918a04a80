#include "tracereel/timing.h"

#include <stdlib.h>
#include <string.h>

#include "record/text.h"
#include "timing/critical_path.h"
#include "timing/flow.h"
#include "timing/internal.h"
#include "timing/spans.h"
#include "trace/own_waits.h"

static bool copy_flow(tr_timing *timing, const tr_flow *flow) {
    size_t after_count = 0;
    for (size_t i = 0; i < flow->node_count; i++) {
        after_count += flow->nodes[i].after_count;
    }
    tr_flow_node *nodes = malloc(flow->node_count * sizeof *nodes + after_count * sizeof(uint32_t) + 1);
    if (nodes == NULL) {
        return false;
    }
    uint32_t *after = (uint32_t *)(nodes + flow->node_count);
    for (size_t i = 0; i < flow->node_count; i++) {
        nodes[i] = flow->nodes[i];
        nodes[i].after = after;
        nodes[i].is_off_out = NULL;
        for (uint32_t k = 0; k < nodes[i].after_count; k++) {
            *after++ = flow->nodes[i].after[k];
        }
    }
    tr_flow_sort(nodes, flow->node_count);
    timing->flow = (tr_flow){flow->node_count, nodes};
    timing->has_flow = true;
    return true;
}

tr_timing *tr_timing_new(const tr_flow *flow, uint32_t worst_count) {
    tr_timing *timing = calloc(1, sizeof *timing);
    uint32_t worst_limit = worst_count < TR_TIMING_MAX_WORST ? worst_count : TR_TIMING_MAX_WORST;
    if (timing == NULL || (flow != NULL && !copy_flow(timing, flow)) ||
        !tr_worst_traces_init(&timing->worst, worst_limit)) {
        tr_timing_free(timing);
        return NULL;
    }
    timing->traces.first_ns = UINT64_MAX;
    return timing;
}

tr_timing *tr_timing_new_like(const tr_timing *model) {
    return tr_timing_new(model->has_flow ? &model->flow : NULL, model->worst.limit);
}

void tr_timing_free(tr_timing *timing) {
    if (timing == NULL) {
        return;
    }
    for (size_t i = 0; i < timing->node_count; i++) {
        tr_node_timing *node = timing->nodes[i];
#define FREE_DISTRIBUTION(member, sum) tr_histogram_free(node->member);
        TR_NODE_DISTRIBUTIONS(FREE_DISTRIBUTION)
#undef FREE_DISTRIBUTION
        free(node->trend);
        free(node);
    }
#define FREE_DISTRIBUTION(member, sum) tr_histogram_free(timing->traces.member);
    TR_TRACE_DISTRIBUTIONS(FREE_DISTRIBUTION)
#undef FREE_DISTRIBUTION
    tr_spans_free(&timing->spans);
    tr_worst_traces_free(&timing->worst);
    free(timing->open_iterations);
    free((void *)timing->flow.nodes);
    free(timing->nodes);
    free(timing);
}

/* The index of a node, or where it belongs. */
static size_t find_place(const tr_timing *timing, uint32_t node_id) {
    size_t low = 0;
    size_t high = timing->node_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (timing->nodes[middle]->node_id < node_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static tr_node_timing *insert_node(tr_timing *timing, size_t place, uint32_t node_id) {
    if (timing->node_count == timing->node_capacity) {
        size_t capacity = timing->node_capacity == 0 ? 16 : timing->node_capacity * 2;
        tr_node_timing **nodes = realloc(timing->nodes, capacity * sizeof(tr_node_timing *));
        if (nodes == NULL) {
            return NULL;
        }
        timing->nodes = nodes;
        timing->node_capacity = capacity;
    }
    tr_node_timing *node = calloc(1, sizeof *node);
    if (node == NULL) {
        return NULL;
    }
    node->node_id = node_id;
    memmove(timing->nodes + place + 1, timing->nodes + place, (timing->node_count - place) * sizeof(tr_node_timing *));
    timing->nodes[place] = node;
    timing->node_count++;
    for (size_t i = place; i < timing->node_count && timing->nodes[i]->node_id < TR_TIMING_SMALL_IDS; i++) {
        timing->small_ids[timing->nodes[i]->node_id] = (uint16_t)(i + 1);
    }
    return node;
}

tr_node_timing *tr_timing_need_node(tr_timing *timing, uint32_t node_id) {
    if (node_id < TR_TIMING_SMALL_IDS && timing->small_ids[node_id] > 0) {
        return timing->nodes[timing->small_ids[node_id] - 1];
    }
    size_t place = find_place(timing, node_id);
    if (place < timing->node_count && timing->nodes[place]->node_id == node_id) {
        return timing->nodes[place];
    }
    return insert_node(timing, place, node_id);
}

bool tr_timing_need_trend(tr_node_timing *node) {
    if (node->trend == NULL) {
        node->trend = calloc(TR_ITERATION_TREND, sizeof *node->trend);
    }
    return node->trend != NULL;
}

/* What an imported log says of an attempt. */
static void add_details(tr_node_timing *node, const tr_span *span, const tr_trace *trace) {
    tr_attempt_details details = tr_trace_attempt_details(trace, &trace->attempts[span->attempt_index]);
    node->hidden_count += details.hidden_count;
    node->retry_count += details.hidden_count;
    if (span->outcome == TR_OUTCOME_ERROR) {
        node->timed_out_count += tr_text_is(details.kind, "timed_out");
        node->cancelled_count += tr_text_is(details.kind, "cancelled");
        node->terminated_count += tr_text_is(details.kind, "terminated");
    }
}

static bool add_span(tr_timing *timing, tr_node_timing *node, const tr_span *span, const tr_trace *trace,
                     bool has_path) {
    if (tr_own(trace)->imported != NULL) {
        add_details(node, span, trace);
    }
    node->retry_count += span->is_retry;
    node->clock_step_count += span->clock_step;
    tr_timing_add_attempt(timing, node, span->estimated);
    if (span->outcome == TR_OUTCOME_DONE) {
        if (!tr_timing_add_run(node, trace, span->run_ns, span->estimated)) {
            return false;
        }
    } else {
        node->error_count += span->outcome == TR_OUTCOME_ERROR;
        tr_timing_add_retry(node, span->run_ns, span->estimated);
    }
    if (!span->estimated && span->has_ready) {
        tr_timing_sum(&node->queue_ns, span->start_ns - span->ready_ns);
        if (!tr_timing_count(&node->queue, span->start_ns - span->ready_ns)) {
            return false;
        }
    }
    if (has_path && span->is_critical) {
        tr_timing_add_critical(timing, node, span);
    }
    if (!has_path || span->is_critical) {
        return true;
    }
    tr_timing_sum(&node->slack_ns, span->slack_ns);
    return tr_timing_count(&node->slack, span->slack_ns);
}

/* After its spans were laid out: most traces have a span for each attempt. */
static bool add_unfinished(tr_timing *timing, const tr_trace *trace) {
    if (timing->spans.count == trace->attempt_count && !trace->from_snapshot) {
        return true;
    }
    for (uint32_t i = 0; i < trace->attempt_count; i++) {
        const tr_attempt *attempt = &trace->attempts[i];
        if (tr_attempt_is_counted(trace, attempt)) {
            continue;
        }
        tr_node_timing *timed = tr_timing_need_node(timing, trace->nodes[attempt->node_index].node_id);
        if (timed == NULL) {
            return false;
        }
        timed->unfinished_count++;
    }
    for (uint32_t i = 0; trace->from_snapshot && i < trace->node_count; i++) {
        if (!trace->nodes[i].from_snapshot) {
            continue;
        }
        /* It ran in the snapshot and did not end: no record mentions it, or only one that it was started again. */
        tr_node_timing *timed = tr_timing_need_node(timing, trace->nodes[i].node_id);
        if (timed == NULL) {
            return false;
        }
        timed->unfinished_count++;
    }
    return true;
}

static bool add_suspensions(tr_timing *timing, const tr_trace *trace, uint64_t *total_ns) {
    uint64_t covered_ns = 0; /* until then, some wait has been counted in the total */
    for (uint32_t i = 0; i < trace->suspension_count; i++) {
        const tr_suspension *suspension = &trace->suspensions[i];
        if (suspension->outcome != TR_OUTCOME_DONE) {
            continue; /* it still lasts, or was abandoned */
        }
        uint64_t waited_ns = suspension->end_ns > suspension->start_ns ? suspension->end_ns - suspension->start_ns : 0;
        tr_node_timing *node = tr_timing_need_node(timing, suspension->node_id);
        if (node == NULL || !tr_timing_count(&node->suspended, waited_ns)) {
            return false;
        }
        tr_timing_sum(&node->suspended_ns, waited_ns);
        uint64_t from_ns =
            tr_own_waits_any(trace) && covered_ns > suspension->start_ns ? covered_ns : suspension->start_ns;
        tr_timing_sum(total_ns, suspension->end_ns > from_ns ? suspension->end_ns - from_ns : 0);
        covered_ns = suspension->end_ns > covered_ns ? suspension->end_ns : covered_ns;
    }
    return true;
}

/* `number` counts from 0; TR_NONE if the loop's first iterations are unknown. */
static bool add_iteration(tr_node_timing *node, uint64_t lasted_ns, uint32_t number) {
    if (number != TR_NONE) {
        if (!tr_timing_need_trend(node)) {
            return false;
        }
        tr_iteration_timing *trend = &node->trend[number < TR_ITERATION_TREND ? number : TR_ITERATION_TREND - 1];
        trend->count++;
        tr_timing_sum(&trend->sum_ns, lasted_ns);
    }
    tr_timing_sum(&node->loop_ns, lasted_ns);
    return tr_timing_count(&node->iteration, lasted_ns);
}

static bool make_room_for_loops(tr_timing *timing, uint32_t node_count) {
    if (node_count <= timing->open_iteration_capacity) {
        return true;
    }
    tr_open_iteration *room = realloc(timing->open_iterations, node_count * sizeof *room);
    if (room == NULL) {
        return false;
    }
    timing->open_iterations = room;
    timing->open_iteration_capacity = node_count;
    return true;
}

/* An iteration lasts until the next loop event of its node. */
static bool add_loop_event(tr_timing *timing, const tr_trace *trace, const tr_loop_event *event) {
    tr_open_iteration *open = &timing->open_iterations[event->node_index];
    tr_node_timing *node = tr_timing_need_node(timing, trace->nodes[event->node_index].node_id);
    if (node == NULL) {
        return false;
    }
    if (open->began != NULL) {
        bool forward = event->timestamp_ns > open->began->timestamp_ns;
        if (!add_iteration(node, forward ? event->timestamp_ns - open->began->timestamp_ns : 0, open->number)) {
            return false;
        }
        open->number += open->number != TR_NONE;
    }
    if (event->is_exit || event->is_abandoned) {
        *open = (tr_open_iteration){NULL, 0};
    } else {
        open->began = event;
    }
    return true;
}

static bool add_loops(tr_timing *timing, const tr_trace *trace) {
    if (trace->loop_event_count == 0) {
        return true;
    } else if (!make_room_for_loops(timing, trace->node_count)) {
        return false;
    }
    for (uint32_t i = 0; i < trace->node_count; i++) {
        timing->open_iterations[i] = (tr_open_iteration){NULL, trace->from_snapshot ? TR_NONE : 0};
    }
    for (uint32_t i = 0; i < trace->loop_event_count; i++) {
        if (!add_loop_event(timing, trace, &trace->loop_events[i])) {
            return false;
        }
    }
    return true;
}

static bool add_spans(tr_timing *timing, const tr_trace *trace, tr_counted_path *path) {
    const tr_flow *flow = timing->has_flow ? &timing->flow : NULL;
    if (!tr_spans_lay_out(&timing->spans, trace, flow)) {
        return false;
    }
    if (path->is_any) {
        uint64_t path_ns = tr_critical_path_find(&timing->spans, trace, flow, path->part, path->children, &path->waits);
        tr_timing_sum(&timing->traces.path_ns, path_ns);
        tr_timing_add_waits(&timing->traces.path_waits, &path->waits);
    }
    for (size_t i = 0; i < timing->spans.count; i++) {
        const tr_span *span = &timing->spans.items[i];
        tr_node_timing *node = tr_timing_need_node(timing, trace->nodes[span->node_index].node_id);
        if (node == NULL || !add_span(timing, node, span, trace, path->is_any)) {
            return false;
        }
    }
    return true;
}

bool tr_timing_add_nodes(tr_timing *timing, const tr_trace *trace, tr_counted_path *path, uint64_t *suspended_ns) {
    return add_spans(timing, trace, path) && add_unfinished(timing, trace) &&
           add_suspensions(timing, trace, suspended_ns) && add_loops(timing, trace);
}

static size_t histogram_bytes(const tr_histogram *histogram) {
    return histogram == NULL ? 0 : tr_histogram_memory_bytes(histogram);
}

size_t tr_timing_memory_bytes(const tr_timing *timing) {
    size_t bytes = sizeof *timing + timing->node_capacity * sizeof(tr_node_timing *) +
                   timing->node_count * sizeof(tr_node_timing) + timing->worst.limit * sizeof *timing->worst.items;
#define ADD_DISTRIBUTION_BYTES(member, sum) bytes += histogram_bytes(timing->traces.member);
    TR_TRACE_DISTRIBUTIONS(ADD_DISTRIBUTION_BYTES)
#undef ADD_DISTRIBUTION_BYTES
    for (size_t i = 0; i < timing->node_count; i++) {
        const tr_node_timing *node = timing->nodes[i];
#define ADD_DISTRIBUTION_BYTES(member, sum) bytes += histogram_bytes(node->member);
        TR_NODE_DISTRIBUTIONS(ADD_DISTRIBUTION_BYTES)
#undef ADD_DISTRIBUTION_BYTES
        bytes += node->trend == NULL ? 0 : TR_ITERATION_TREND * sizeof *node->trend;
    }
    for (uint32_t i = 0; i < timing->worst.count; i++) {
        const tr_timed_trace *timed = &timing->worst.items[i];
        bytes += timed->span_count * sizeof *timed->spans + timed->suspension_count * sizeof *timed->suspensions;
    }
    return bytes;
}

const tr_trace_timing *tr_timing_traces(const tr_timing *timing) {
    return &timing->traces;
}

size_t tr_timing_node_count(const tr_timing *timing) {
    return timing->node_count;
}

const tr_node_timing *tr_timing_node(const tr_timing *timing, size_t index) {
    return index < timing->node_count ? timing->nodes[index] : NULL;
}

const tr_timed_trace *tr_timing_worst(const tr_timing *timing, uint32_t index) {
    return index < timing->worst.count ? &timing->worst.items[index] : NULL;
}

uint32_t tr_timing_worst_limit(const tr_timing *timing) {
    return timing->worst.limit;
}

const tr_flow *tr_timing_flow(const tr_timing *timing) {
    return timing->has_flow ? &timing->flow : NULL;
}
