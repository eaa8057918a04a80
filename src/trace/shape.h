/* The shape of a trace's state: what recovery looks at, without what differs from trace to trace. */
#ifndef TRACEREEL_SHAPE_H
#define TRACEREEL_SHAPE_H

#include <stdint.h>

#include "tracereel/trace.h"

/* A number that is the same for traces in which the engine's view is the same but for ids, times and the places of
 * outputs: which nodes are started (in order) and done (in the order in which they were), which have ever run, the last
 * one done, where the trace is suspended, whether it is tainted and whether it came from a snapshot. Metadata of a
 * suspension that lasts counts with each word that has a digit in it as the same word. Two states that differ share a
 * number with a probability of 2^-64. Of more than 64 completed nodes the order does not count, and of a node that has
 * run again often since it was done, its place in the order does not. */
uint64_t tr_trace_shape(const tr_trace *trace);

#endif
