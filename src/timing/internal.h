/* What the files of a timing share. */
#ifndef TRACEREEL_TIMING_INTERNAL_H
#define TRACEREEL_TIMING_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "timing/spans.h"
#include "timing/worst_traces.h"
#include "tracereel/timing.h"

/* Nodes with ids below this are found without a search. */
enum { TR_TIMING_SMALL_IDS = 256 };

/* Where a loop stands while a trace is added. */
typedef struct tr_open_iteration {
    const tr_loop_event *began; /* NULL: no iteration is open */
    uint32_t number;            /* from 0; TR_NONE if the loop's first iterations are unknown */
} tr_open_iteration;

struct tr_timing {
    tr_flow flow; /* a copy, in one block */
    bool has_flow;
    tr_node_timing *
        *nodes; /* in ascending order of node_id; each allocated by itself, so that inserting moves little */
    size_t node_count;
    size_t node_capacity;
    uint16_t small_ids[TR_TIMING_SMALL_IDS]; /* by node_id: its index in `nodes` plus one; 0: none */
    tr_trace_timing traces;
    tr_spans spans;                     /* of the trace being added */
    tr_open_iteration *open_iterations; /* by node of the trace being added */
    uint32_t open_iteration_capacity;
    tr_worst_traces worst;
};

/* Adds with saturation. */
static inline void tr_timing_sum(uint64_t *sum, uint64_t value) {
    *sum = *sum > UINT64_MAX - value ? UINT64_MAX : *sum + value;
}

static inline void tr_timing_add_waits(tr_path_waits *into, const tr_path_waits *from) {
#define TR_ADD_WAIT(name) tr_timing_sum(&into->name##_ns, from->name##_ns);
    TR_PATH_WAITS(TR_ADD_WAIT)
#undef TR_ADD_WAIT
}

/* The entry of a node, created if there is none; valid until the next one is created. Returns NULL on allocation
 * failure. */
tr_node_timing *tr_timing_need_node(tr_timing *timing, uint32_t node_id);
/* Makes the node's trend, if there is none. Returns false on allocation failure. */
bool tr_timing_need_trend(tr_node_timing *node);
void tr_timing_note_worst(tr_node_timing *node, bool is_first, const uint8_t *trace_id, uint64_t run_ns);
void tr_timing_note_period(tr_trace_timing *traces, uint64_t first_ns, uint64_t last_ns);

/* Counts a value in a histogram, which is created with its first value. */
static inline bool tr_timing_count(tr_histogram **histogram, uint64_t value) {
    if (*histogram == NULL && (*histogram = tr_histogram_new()) == NULL) {
        return false;
    }
    return tr_histogram_add(*histogram, value, 1) == TR_OK;
}
/* Take runs, and what else rests on starts, back to nothing: their starts were estimated, and another one was written.
 * The histogram of the runs, which may be NULL, is the caller's then. */
tr_histogram *tr_timing_leave_out_runs(tr_node_timing *node);
void tr_timing_leave_out_rest(tr_trace_timing *traces, tr_node_timing *node);
/* Counts an attempt that is finished: call first, then one of the next two. */
static inline void tr_timing_add_attempt(tr_timing *timing, tr_node_timing *node, bool estimated) {
    if (!estimated && node->exact_count == 0) {
        tr_timing_leave_out_rest(&timing->traces, node);
    }
    node->exact_count += !estimated;
    node->estimated_count += estimated;
}
/* The time of an attempt that was done. Returns false on allocation failure. */
bool tr_timing_add_run(tr_node_timing *node, const tr_trace *trace, uint64_t run_ns, bool estimated);
/* Of one that was not. */
void tr_timing_add_retry(tr_node_timing *node, uint64_t lasted_ns, bool estimated);
/* Of one on the critical path, besides. What it waited was written, whatever its start. */
static inline void tr_timing_add_critical(tr_timing *timing, tr_node_timing *node, const tr_span *span) {
    bool is_left_out = span->estimated && node->exact_count > 0;
    node->critical_count += span->is_counted_critical && !is_left_out;
    tr_timing_sum(is_left_out ? &timing->traces.left_out_ns : &node->critical_ns, span->critical_ns);
    tr_timing_sum(&node->critical_wait_ns, span->critical_wait_ns);
}

/* What of a trace's critical path is counted. */
typedef struct tr_counted_path {
    bool is_any;
    tr_path_stretch part;
    tr_child_stretches children;
    tr_path_waits waits; /* set by the next */
} tr_counted_path;

/* Adds what a trace says of its nodes and of the path that decided its time. Adds to `*suspended_ns` how long it was
 * suspended. Returns false if memory runs out. */
bool tr_timing_add_nodes(tr_timing *timing, const tr_trace *trace, tr_counted_path *path, uint64_t *suspended_ns);

/* What rests on estimated starts is left out where starts of the other side were written. Both return false if memory
 * runs out: part may have been added. */
bool tr_timing_merge_node(tr_trace_timing *traces, tr_node_timing *into, const tr_node_timing *from);
bool tr_timing_merge_traces(tr_trace_timing *into, const tr_trace_timing *from);

#endif
