/* One trace of a simulation without a log: its records are kept in memory and applied to its state. */
#ifndef TRACEREEL_PROBE_H
#define TRACEREEL_PROBE_H

#include "tracereel/simulation.h"

typedef struct tr_probe_trace {
    tr_probe asked;
    tr_probe_result result; /* for the caller: its pointers point into the members below */
    tr_traces *traces;
    uint8_t *log;
    size_t log_capacity_bytes;
    tr_probe_record *records;
    size_t record_capacity;
} tr_probe_trace;

/* Returns NULL on allocation failure. */
tr_probe_trace *tr_probe_trace_new(const tr_probe *asked);
/* NULL is allowed. */
void tr_probe_trace_free(tr_probe_trace *probe);
/* Notes a record that the trace is about to write, and that a fault may take. */
tr_status tr_probe_trace_note(tr_probe_trace *probe, const tr_probe_record *record, tr_error *error);
/* Appends a record that the trace writes. `bytes` are a whole record. */
tr_status tr_probe_trace_append(tr_probe_trace *probe, const uint8_t *bytes, size_t length, tr_error *error);

#endif
