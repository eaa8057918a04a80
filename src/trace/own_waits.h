/* Waits that are a node's own: trace_suspended and trace_resumed that say "wait" in their metadata, as imported logs
 * have them. Several can last in one trace at once, beside nodes that run; each is of one entry of the trace's `nodes`
 * and ends by itself. XERV (the engine) knows one suspension: its view changes as by any other record. */
#ifndef TRACEREEL_OWN_WAITS_H
#define TRACEREEL_OWN_WAITS_H

#include <stdbool.h>
#include <stdint.h>

#include "record/record_view.h"
#include "trace/imported.h"

/* Whether the trace has, or had, waits of that kind. */
static inline bool tr_own_waits_any(const tr_trace *trace) {
    const tr_imported *imported = tr_own(trace)->imported;
    return imported != NULL && imported->first_own_suspension != TR_NONE;
}

/* The latest suspension of XERV's kind, or NULL. */
tr_suspension *tr_own_waits_plain(const tr_trace *trace);

/* Whether the record begins or ends a wait that is its node's own. */
static inline bool tr_own_waits_concern(const tr_record *record, const tr_imported_fields *fields) {
    unsigned type = tr_view_type(record);
    return fields->wait.length_bytes > 0 && (type == TR_TYPE_TRACE_SUSPENDED || type == TR_TYPE_TRACE_RESUMED);
}

/* Whether a suspended trace is so only because of such waits: XERV's rules do not say so. */
static inline bool tr_own_waits_alone(const tr_trace *trace) {
    const tr_suspension *plain = tr_own_waits_any(trace) ? tr_own_waits_plain(trace) : NULL;
    return tr_own_waits_any(trace) && (plain == NULL || plain->outcome != TR_OUTCOME_OPEN);
}

/* Applies a trace_suspended or a trace_resumed whose imported fields have a `wait`. An attempt that is not open yet
 * begins with the wait; the resume ends it, and the node's own end takes that back (tr_wait_take_back_end). Adds what
 * was not expected to `violations`. Returns false on allocation failure. */
bool tr_own_waits_suspend(tr_trace *trace, const tr_record *record, const tr_imported_fields *fields,
                          uint32_t *violations);
bool tr_own_waits_resume(tr_trace *trace, const tr_record *record, const tr_imported_fields *fields,
                         uint32_t *violations);

/* Call after a suspension of XERV's kind was added at that entry in a trace with such waits. Returns false on
 * allocation failure. */
bool tr_own_waits_note_plain(tr_trace *trace, const tr_node *entry);

/* Ends the wait of an entry at which something else happens. */
void tr_own_waits_stop(tr_trace *trace, const tr_node *entry, uint64_t now_ns, uint32_t *violations);
/* Ends all that last: the trace closes, or (abandoned) begins its next life. */
void tr_own_waits_stop_all(tr_trace *trace, tr_outcome outcome, uint64_t now_ns);

/* The status of an open trace with such waits: suspended while XERV's suspension lasts, or while waits last and no
 * attempt runs beside them. */
tr_trace_status tr_own_waits_status(tr_trace *trace);

/* How long the attempt was suspended between two times by what began after the trace's first wait of this kind. */
uint64_t tr_own_waits_suspended_ns(const tr_trace *trace, const tr_attempt *attempt, uint64_t start_ns,
                                   uint64_t end_ns);
/* The same of the waits for a timer only. */
uint64_t tr_own_waits_timers_ns(const tr_trace *trace, const tr_attempt *attempt, uint64_t start_ns, uint64_t end_ns);
/* Whether a suspension is a node's own wait for a timer. */
bool tr_own_waits_are_timer(const tr_trace *trace, const tr_suspension *suspension);

#endif
