/* One trace of a simulation that is not written to a log: its records are kept and applied in memory. */
#ifndef TRACEREEL_WATCHED_TRACE_H
#define TRACEREEL_WATCHED_TRACE_H

#include "tracereel/simulation.h"

typedef struct tr_watched_trace {
    tr_watch watch;
    tr_watched shown; /* what is given out: its pointers lead into what follows */
    tr_traces *traces;
    uint8_t *log;
    size_t log_capacity_bytes;
    tr_watched_record *records;
    size_t record_capacity;
} tr_watched_trace;

/* NULL where there is no memory. */
tr_watched_trace *tr_watched_trace_new(const tr_watch *watch);
/* NULL is allowed. */
void tr_watched_trace_free(tr_watched_trace *watched);
/* The trace is about to write this record, and it may be that a fault takes it. */
tr_status tr_watched_trace_note(tr_watched_trace *watched, const tr_watched_record *record, tr_error *error);
/* `bytes` are a whole record that it writes. */
tr_status tr_watched_trace_append(tr_watched_trace *watched, const uint8_t *bytes, size_t length, tr_error *error);

#endif
