/* The engine's own view of a trace: what each record changes of what the engine recovers from. */
#ifndef TRACEREEL_ENGINE_VIEW_H
#define TRACEREEL_ENGINE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/trace.h"

/* A second trace_start: nothing is done, started or suspended any more. The measured view stays. */
void tr_engine_view_reset(tr_trace *trace);

/* A node_done. */
void tr_engine_view_finish(tr_trace *trace, tr_node *node, const tr_record *record);

/* A trace_suspended. False when there is no memory. */
bool tr_engine_view_suspend(tr_trace *trace, const tr_record *record);

#endif
