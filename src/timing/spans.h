/* One trace's attempts in time: when each was ready, began and ended, and which of them determined how long the trace
 * took. Definitions: docs/timing.md. */
#ifndef TRACEREEL_SPANS_H
#define TRACEREEL_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/timing.h"
#include "tracereel/trace.h"

/* A finished attempt whose beginning is known: it ended, or the node was started again before it ended. */
typedef struct tr_span {
    uint64_t ready_ns;
    uint64_t start_ns;
    uint64_t end_ns;      /* never before start_ns */
    uint64_t run_ns;      /* end - start, less the time suspended */
    uint64_t critical_ns; /* of a span on the critical path: how long it ran, without what its trace's children did */
    union {
        uint64_t slack_ns;         /* of a span off the critical path */
        uint64_t critical_wait_ns; /* of one on it: how long the path waited for its start, and in it */
    };
    uint32_t node_index;
    uint32_t attempt_index;
    uint8_t outcome; /* tr_outcome */
    bool estimated;
    bool is_retry;   /* an earlier attempt of the node did not end with node_done */
    bool clock_step; /* the attempt ends before it starts: counted as 0 ns */
    bool is_critical;
    bool is_counted_critical; /* and some of it, or its instant, is in the part of the path that is counted */
    bool has_ready;           /* false: the trace came from a snapshot, and what made the node ready is older */
} tr_span;

/* A wait of a trace that has ended. */
typedef struct tr_wait {
    uint64_t start_ns;
    uint64_t end_ns; /* never before start_ns */
    uint32_t index;  /* in the trace's `suspensions` */
} tr_wait;

/* Reused from trace to trace. All zero is empty. */
typedef struct tr_spans {
    tr_span *items; /* in the order of their ends */
    size_t count;
    size_t capacity;
    uint64_t *ready_events; /* times at which a node of the trace can have become ready, ascending */
    size_t ready_event_count;
    size_t ready_event_capacity;
    uint8_t *has_failed; /* by node: an earlier attempt did not end with node_done */
    size_t has_failed_capacity;
    uint64_t *keys;      /* of many spans: which spans are of a node, and of an entry, and are done */
    size_t key_capacity; /* spans */
    tr_wait *waits;      /* room for those of the trace, for its critical path */
    size_t wait_capacity;
} tr_spans;

/* Whether an attempt becomes a span. */
bool tr_attempt_is_counted(const tr_trace *trace, const tr_attempt *attempt);

/* Computes the spans of a trace. `flow` may be NULL. Returns false on allocation failure; the spans are then empty. */
bool tr_spans_lay_out(tr_spans *spans, const tr_trace *trace, const tr_flow *flow);

/* How many spans end at or before a time: the first ones. */
size_t tr_spans_count_until(const tr_spans *spans, uint64_t time_ns);

void tr_spans_free(tr_spans *spans);

#endif
