/* One trace of a simulation that is not written to a log: its records are kept and applied in memory. */
#ifndef TRACEREEL_PROBE_H
#define TRACEREEL_PROBE_H

#include "tracereel/simulation.h"

typedef struct tr_probe_trace {
    tr_probe asked;
    tr_probe_result result; /* what is given out: its pointers lead into what follows */
    tr_traces *traces;
    uint8_t *log;
    size_t log_capacity_bytes;
    tr_probe_record *records;
    size_t record_capacity;
} tr_probe_trace;

/* NULL where there is no memory. */
tr_probe_trace *tr_probe_trace_new(const tr_probe *asked);
/* NULL is allowed. */
void tr_probe_trace_free(tr_probe_trace *probe);
/* The trace is about to write this record, and it may be that a fault takes it. */
tr_status tr_probe_trace_note(tr_probe_trace *probe, const tr_probe_record *record, tr_error *error);
/* `bytes` are a whole record that it writes. */
tr_status tr_probe_trace_append(tr_probe_trace *probe, const uint8_t *bytes, size_t length, tr_error *error);

#endif
