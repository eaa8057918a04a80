/* What a record does to the trace that it belongs to. */
#ifndef TRACEREEL_TRANSITION_H
#define TRACEREEL_TRANSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/trace.h"

/* Applies a record to its open trace (for a trace_start: to one that begins). One of tracereel's changes the engine's
 * view alone. Adds what was not expected to `violations`. False when there is no memory; the record is then partly
 * applied. */
bool tr_transition_apply(tr_trace *trace, const tr_record *record, bool by_tracereel, uint32_t *violations);

#endif
