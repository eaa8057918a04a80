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

/* The entry of a node, created if there is none; valid until the next one is created. Returns NULL on allocation
 * failure. */
tr_node_timing *tr_timing_need_node(tr_timing *timing, uint32_t node_id);
/* Makes the node's trend, if there is none. Returns false on allocation failure. */
bool tr_timing_need_trend(tr_node_timing *node);
void tr_timing_note_worst(tr_node_timing *node, bool is_first, const uint8_t *trace_id, uint64_t run_ns);
void tr_timing_note_period(tr_trace_timing *traces, uint64_t first_ns, uint64_t last_ns);

/* Counts a value in a histogram, which is created with its first value. */
bool tr_timing_count(tr_histogram **histogram, uint64_t value);
/* Adds an attempt that was done. */
bool tr_timing_add_run(tr_node_timing *node, const tr_trace *trace, uint64_t run_ns);
/* Adds what a trace says of its nodes; `has_path`: and of the path that decided its time. Adds to `*suspended_ns` how
 * long it was suspended. Returns false if memory runs out. */
bool tr_timing_add_nodes(tr_timing *timing, const tr_trace *trace, bool has_path, uint64_t *suspended_ns);

#endif
