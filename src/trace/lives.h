/* A trace that begins afresh lives again: what was measured of its earlier lives stays, what was open in them is
 * abandoned. Where tracereel wrote the trace_start, that comes with the first record that something ran: until then the
 * measured view is as if nothing had been written, and an undo can put back what was open. */
#ifndef TRACEREEL_LIVES_H
#define TRACEREEL_LIVES_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/trace.h"

/* Before a trace_start of an open trace, or of one that tracereel closed, is applied: the engine's view is as new. */
void tr_lives_begin(tr_trace *trace, bool by_tracereel);

/* Before a record of tracereel's is applied, or left out: notes what it says of the things that are open. */
void tr_lives_note(tr_trace *trace, const tr_record *record);

/* Before any other record is applied: a trace that tracereel began afresh runs again now. */
void tr_lives_restart(tr_trace *trace);

#endif
