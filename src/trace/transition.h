/* How a record changes the trace that it belongs to. */
#ifndef TRACEREEL_TRANSITION_H
#define TRACEREEL_TRANSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/trace.h"

/* Applies a record to its open trace (a trace_start: to one that begins). A record that tracereel wrote changes only
 * the engine's view. Adds what was not expected to `violations`. Returns false on allocation failure; the record is
 * then partly applied. */
bool tr_transition_apply(tr_trace *trace, const tr_record *record, bool by_tracereel, uint32_t *violations);

#endif
