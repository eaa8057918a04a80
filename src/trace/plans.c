#include "trace/plans.h"

#include <string.h>

#include "record/record_view.h"
#include "trace/internal.h"
#include "trace/trace_store.h"
#include "tracereel/provenance.h"

bool tr_plans_is_by_tracereel(const tr_trace *trace, const tr_record *record) {
    bool brings_back =
        trace != NULL && tr_own(trace)->follows_tracereel && tr_view_type(record) == TR_TYPE_TRACE_SUSPENDED;
    return brings_back || (record->metadata_length_bytes > 0 && tr_record_is_by_tracereel(record));
}

/* Whether the last of the plans is the same. */
static bool is_last(const tr_trace *trace, tr_text value) {
    size_t bytes = (size_t)value.length_bytes + 1;
    if (trace->plans_bytes < bytes ||
        (trace->plans_bytes > bytes && trace->plans[trace->plans_bytes - bytes - 1] != 0)) {
        return false;
    }
    return memcmp(trace->plans + trace->plans_bytes - bytes, value.bytes, value.length_bytes) == 0;
}

bool tr_plans_note(tr_trace *trace, const tr_record *record, bool by_tracereel) {
    static const char undo[] = "{\"action\":\"undo\"}";
    tr_text value = {undo, sizeof undo - 1};
    if (by_tracereel) {
        (void)tr_record_provenance(record, &value);
        if (!is_last(trace, value) && !tr_trace_add_plan(trace, value)) {
            return false;
        }
    }
    tr_own(trace)->follows_tracereel = by_tracereel;
    tr_own(trace)->has_planned = tr_own(trace)->has_planned || by_tracereel;
    return true;
}
