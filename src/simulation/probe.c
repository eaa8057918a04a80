#include "simulation/probe.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"

tr_probe_trace *tr_probe_trace_new(const tr_probe *asked) {
    tr_probe_trace *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        return NULL;
    }
    probe->asked = *asked;
    probe->traces = tr_traces_new();
    if (probe->traces == NULL) {
        free(probe);
        return NULL;
    }
    return probe;
}

void tr_probe_trace_free(tr_probe_trace *probe) {
    if (probe != NULL) {
        tr_traces_free(probe->traces);
        free(probe->log);
        free(probe->records);
        free(probe);
    }
}

tr_status tr_probe_trace_note(tr_probe_trace *probe, const tr_probe_record *record, tr_error *error) {
    if (probe->result.record_count == probe->record_capacity) {
        size_t capacity = probe->record_capacity * 2 + 32;
        tr_probe_record *records = realloc(probe->records, capacity * sizeof *records);
        if (records == NULL) {
            return tr_fail_memory(error, "simulating");
        }
        probe->records = records;
        probe->record_capacity = capacity;
        probe->result.records = records;
    }
    probe->records[probe->result.record_count++] = *record;
    return TR_OK;
}

static tr_status keep(tr_probe_trace *probe, const uint8_t *bytes, size_t length, tr_error *error) {
    size_t needed = probe->result.log_bytes + length;
    if (needed > probe->log_capacity_bytes) {
        size_t capacity = needed * 2 + 2048;
        uint8_t *log = realloc(probe->log, capacity);
        if (log == NULL) {
            return tr_fail_memory(error, "simulating");
        }
        probe->log = log;
        probe->log_capacity_bytes = capacity;
        probe->result.log = log;
    }
    memcpy(probe->log + probe->result.log_bytes, bytes, length);
    probe->result.log_bytes = needed;
    return TR_OK;
}

tr_status tr_probe_trace_append(tr_probe_trace *probe, const uint8_t *bytes, size_t length, tr_error *error) {
    tr_record record;
    tr_defect defect;
    tr_status status = keep(probe, bytes, length, error);
    if (status != TR_OK || tr_record_decode(bytes, length, &record, &defect) != TR_OK) {
        return status;
    }
    /* A closed trace is freed by the next call, but no record follows its last one: so `trace` stays valid. */
    tr_trace *trace;
    uint32_t violations;
    status = tr_traces_apply(probe->traces, &record, false, &trace, &violations);
    probe->result.trace = status == TR_OK ? trace : NULL;
    return status == TR_OK ? TR_OK : tr_fail_memory(error, "simulating");
}
