/* A simulated log is measured while it is written: its records go through the state machine as if they were read. */
#ifndef TRACEREEL_MEASURED_LOG_H
#define TRACEREEL_MEASURED_LOG_H

#include "tracereel/timing.h"
#include "tracereel/trace.h"

typedef struct tr_measured_log {
    tr_timing *timing; /* NULL: it is not measured */
    tr_traces *traces;
} tr_measured_log;

/* `timing` must outlive it. Returns TR_OK, or TR_ERROR_MEMORY: it is not measured. */
tr_status tr_measured_log_open(tr_measured_log *measured, tr_timing *timing);
/* Takes a whole record. Returns TR_OK or TR_ERROR_MEMORY. */
tr_status tr_measured_log_append(tr_measured_log *measured, const uint8_t *bytes, size_t length);
/* Adds the traces that are open at the end. Returns TR_OK or TR_ERROR_MEMORY. */
tr_status tr_measured_log_finish(tr_measured_log *measured);
/* All zero is allowed. */
void tr_measured_log_close(tr_measured_log *measured);

#endif
