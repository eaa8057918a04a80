/* What plans did to a trace, according to the records that they wrote. */
#ifndef TRACEREEL_PLANS_H
#define TRACEREEL_PLANS_H

#include <stdbool.h>

#include "tracereel/trace.h"

/* Whether tracereel wrote the record, which is about to be applied to `trace` (NULL: an unknown trace). An undo
 * restores the metadata of a suspension byte for byte, so that its record does not say so; but XERV, when it continues
 * a trace, writes another record first. */
bool tr_plans_is_by_tracereel(const tr_trace *trace, const tr_record *record);

/* Notes the trace's next record. Returns false on allocation failure; nothing is changed then. */
bool tr_plans_note(tr_trace *trace, const tr_record *record, bool by_tracereel);

#endif
