/* What a snapshot tells of a trace. */
#ifndef TRACEREEL_SEED_H
#define TRACEREEL_SEED_H

#include <stdbool.h>

#include "tracereel/snapshot.h"
#include "tracereel/trace.h"

/* Puts it into an empty trace. False when there is no memory; a part of it may then be there. */
bool tr_trace_seed(tr_trace *trace, const tr_snapshot_trace *from);

#endif
