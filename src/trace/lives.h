/* Lives of a trace: a restarted trace begins a new life. What was measured of its earlier lives stays, what was open in
 * them is abandoned. If tracereel wrote the trace_start, this happens with the first record that something ran: until
 * then the measured view is as if nothing had been written, and an undo can restore what was open. */
#ifndef TRACEREEL_LIVES_H
#define TRACEREEL_LIVES_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/trace.h"

/* Call before applying a trace_start of an open trace, or of one that tracereel closed: resets the engine's view. */
void tr_lives_begin(tr_trace *trace, bool by_tracereel);

/* Call before a record that tracereel wrote is applied, or left out: notes what it says about what is open. */
void tr_lives_note(tr_trace *trace, const tr_record *record);

/* Call before any other record is applied: a trace that tracereel restarted runs again now. */
void tr_lives_restart(tr_trace *trace);

#endif
