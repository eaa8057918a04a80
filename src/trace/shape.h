/* The shape of a trace's state: what recovery looks at, without what differs from trace to trace. */
#ifndef TRACEREEL_SHAPE_H
#define TRACEREEL_SHAPE_H

#include <stdint.h>

#include "tracereel/status.h"
#include "tracereel/trace.h"

/* A number that is equal for traces whose engine's view is equal except for ids, times and the offsets of outputs:
 * which nodes are started (in order) and done (in the order in which they were), which have ever run, the last one
 * done, where the trace is suspended, whether it is tainted and whether it came from a snapshot. The metadata of a
 * present suspension counts, with all words that have a digit taken as the same word. Two different states share a
 * number with a probability of 2^-64. The order of completed nodes does not count where more than 64 are completed or
 * the trace has more than 1024 nodes, nor does that of a node that has run again often since it was done. Where
 * more than 256 nodes are started, or nodes were started more than 1024 times, only which nodes these are counts. */
uint64_t tr_trace_shape(const tr_trace *trace);

/* The shapes of a log's traces, record by record: of a large trace only what a record can have changed is looked at. */
typedef struct tr_shapes tr_shapes;

/* Returns NULL on allocation failure. */
tr_shapes *tr_shapes_new(void);
/* NULL is allowed. */
void tr_shapes_free(tr_shapes *shapes);

/* A record that was applied to a trace: its number, those of the first and of the next record of the trace's life, and
 * its node. */
typedef struct tr_shape_step {
    uint32_t number;
    uint32_t first;
    uint32_t next; /* TR_NONE after the last */
    uint32_t node_id;
} tr_shape_step;

/* Gives what tr_trace_shape gives, of a trace to which that record was just applied. All of the trace is looked at
 * where this was not called for the record before. Returns TR_OK or TR_ERROR_MEMORY; `*shape` is then unchanged. */
tr_status tr_shapes_of(tr_shapes *shapes, const tr_trace *trace, tr_shape_step step, uint64_t *shape);

#endif
