/* What plans have done to a trace, as the records tell that they wrote. */
#ifndef TRACEREEL_PLANS_H
#define TRACEREEL_PLANS_H

#include <stdbool.h>

#include "tracereel/trace.h"

/* Whether tracereel wrote the record, which is to be the trace's next one (NULL: nothing is known of the trace). An
 * undo brings the metadata of a suspension back byte for byte, so that its record does not say so; but the engine, when
 * it goes on with a trace, writes another record first. */
bool tr_plans_is_by_tracereel(const tr_trace *trace, const tr_record *record);

/* Notes the trace's next record. False when there is no memory; nothing is changed then. */
bool tr_plans_note(tr_trace *trace, const tr_record *record, bool by_tracereel);

#endif
