/* The shape of a trace's state: what recovery looks at, without what differs from trace to trace. */
#ifndef TRACEREEL_SHAPE_H
#define TRACEREEL_SHAPE_H

#include <stdint.h>

#include "tracereel/trace.h"

/* A number that is equal for traces whose engine's view is equal except for ids, times and the offsets of outputs:
 * which nodes are started (in order) and done (in the order in which they were), which have ever run, the last one
 * done, where the trace is suspended, whether it is tainted and whether it came from a snapshot. The metadata of a
 * present suspension counts, with all words that have a digit taken as the same word. Two different states share a
 * number with a probability of 2^-64. The order of more than 64 completed nodes does not count, nor does that of a node
 * that has run again often since it was done. */
uint64_t tr_trace_shape(const tr_trace *trace);

#endif
