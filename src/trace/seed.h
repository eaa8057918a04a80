/* A trace's state from a snapshot. */
#ifndef TRACEREEL_SEED_H
#define TRACEREEL_SEED_H

#include <stdbool.h>

#include "tracereel/snapshot.h"
#include "tracereel/trace.h"

/* Fills an empty trace. Returns false on allocation failure; the trace may then be partly filled. */
bool tr_trace_seed(tr_trace *trace, const tr_snapshot_trace *from);

#endif
