/* The timing of a log whose records are applied one after the other: each trace is added as it closes, and those that
 * are open at the end then. */
#ifndef TRACEREEL_TIMING_MEASURED_H
#define TRACEREEL_TIMING_MEASURED_H

#include "tracereel/timing.h"
#include "tracereel/trace.h"

/* Adds the trace that the latest record was applied to if it has closed; NULL is allowed. Returns TR_OK, or
 * TR_ERROR_MEMORY: part of it may have been added. */
static inline tr_status tr_timing_add_closed(tr_timing *timing, const tr_trace *trace) {
    bool is_closed = trace != NULL && (trace->status == TR_TRACE_COMPLETE || trace->status == TR_TRACE_FAILED);
    return is_closed ? tr_timing_add(timing, trace) : TR_OK;
}

/* Adds all that are open, in the order of their ids. Returns TR_OK, or TR_ERROR_MEMORY: part of them may have been
 * added. */
tr_status tr_timing_add_open(tr_timing *timing, tr_traces *traces);

#endif
