#include "simulation/watched_trace.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"

tr_watched_trace *tr_watched_trace_new(const tr_watch *watch) {
    tr_watched_trace *watched = calloc(1, sizeof *watched);
    if (watched == NULL) {
        return NULL;
    }
    watched->watch = *watch;
    watched->traces = tr_traces_new();
    if (watched->traces == NULL) {
        free(watched);
        return NULL;
    }
    return watched;
}

void tr_watched_trace_free(tr_watched_trace *watched) {
    if (watched != NULL) {
        tr_traces_free(watched->traces);
        free(watched->log);
        free(watched->records);
        free(watched);
    }
}

tr_status tr_watched_trace_note(tr_watched_trace *watched, const tr_watched_record *record, tr_error *error) {
    if (watched->shown.record_count == watched->record_capacity) {
        size_t capacity = watched->record_capacity * 2 + 32;
        tr_watched_record *records = realloc(watched->records, capacity * sizeof *records);
        if (records == NULL) {
            return tr_fail_memory(error, "simulating");
        }
        watched->records = records;
        watched->record_capacity = capacity;
        watched->shown.records = records;
    }
    watched->records[watched->shown.record_count++] = *record;
    return TR_OK;
}

static tr_status keep(tr_watched_trace *watched, const uint8_t *bytes, size_t length, tr_error *error) {
    size_t needed = watched->shown.log_bytes + length;
    if (needed > watched->log_capacity_bytes) {
        size_t capacity = needed * 2 + 2048;
        uint8_t *log = realloc(watched->log, capacity);
        if (log == NULL) {
            return tr_fail_memory(error, "simulating");
        }
        watched->log = log;
        watched->log_capacity_bytes = capacity;
        watched->shown.log = log;
    }
    memcpy(watched->log + watched->shown.log_bytes, bytes, length);
    watched->shown.log_bytes = needed;
    return TR_OK;
}

tr_status tr_watched_trace_append(tr_watched_trace *watched, const uint8_t *bytes, size_t length, tr_error *error) {
    tr_record record;
    tr_defect defect;
    tr_status status = keep(watched, bytes, length, error);
    if (status != TR_OK || tr_record_decode(bytes, length, &record, &defect) != TR_OK) {
        return status;
    }
    /* The last record of a closed trace is its last one: so what it leads to stays good. */
    tr_trace *trace;
    uint32_t violations;
    status = tr_traces_apply(watched->traces, &record, false, &trace, &violations);
    watched->shown.trace = status == TR_OK ? trace : NULL;
    return status == TR_OK ? TR_OK : tr_fail_memory(error, "simulating");
}
