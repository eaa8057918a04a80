/* XERV's (the engine's) own view of a trace: how each record changes what the engine recovers from. */
#ifndef TRACEREEL_ENGINE_VIEW_H
#define TRACEREEL_ENGINE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/trace.h"

/* Applies a second trace_start: nothing is done, started or suspended any more. The measured view is unchanged. */
void tr_engine_view_reset(tr_trace *trace);

/* Applies a node_done. */
void tr_engine_view_finish(tr_trace *trace, tr_node *node, const tr_record *record);

/* Applies a trace_suspended. Returns false on allocation failure. */
bool tr_engine_view_suspend(tr_trace *trace, const tr_record *record);

#endif
