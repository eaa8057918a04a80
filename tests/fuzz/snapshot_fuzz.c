/* Any bytes are either not a snapshot, for a reason that can be stated, or one whose members can all be read and whose
 * traces open. The input is tried as a whole file and as the JSON of one. */
#include <stdlib.h>
#include <string.h>

#include "tracereel/snapshot.h"
#include "tracereel/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check_trace(const tr_snapshot_trace *from, tr_traces *traces) {
    const tr_trace *trace = tr_traces_find(traces, from->trace_id);
    require(trace != NULL && trace->from_snapshot);
    uint64_t sum = 0; /* reads every byte, so that the sanitizer checks it */
    for (uint32_t i = 0; i < from->started_count; i++) {
        sum += from->started_nodes[i];
    }
    for (uint32_t i = 0; i < from->completed_count; i++) {
        sum += from->completed_nodes[i].schema_hash;
    }
    for (uint32_t i = 0; i < from->suspension_metadata.length_bytes; i++) {
        sum += (uint8_t)from->suspension_metadata.bytes[i];
    }
    volatile uint64_t used = sum;
    (void)used;
    tr_json json;
    tr_json_init(&json);
    tr_json_trace(&json, trace);
    require(tr_json_status(&json) == TR_OK);
    tr_json_free(&json);
}

static void try_snapshot(const uint8_t *bytes, size_t size) {
    tr_error error = {""};
    tr_snapshot *snapshot;
    if (tr_snapshot_parse(bytes, size, &snapshot, &error) != TR_OK) {
        require(snapshot == NULL && error.message[0] != '\0' && strchr(error.message, '\n') == NULL);
        return;
    }
    tr_traces *traces = tr_traces_new();
    require(traces != NULL && tr_traces_seed(traces, snapshot) == TR_OK);
    require(tr_traces_open_count(traces) <= snapshot->trace_count);
    for (size_t i = 0; i < snapshot->trace_count; i++) {
        check_trace(&snapshot->traces[i], traces);
    }
    tr_traces_free(traces);
    tr_snapshot_free(snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    try_snapshot(data, size);
    uint8_t *file = malloc(size + 16);
    require(file != NULL);
    memcpy(file, "XSNP\1\0\0\0", 8);
    for (int i = 0; i < 8; i++) {
        file[8 + i] = (uint8_t)((uint64_t)size >> (8 * i));
    }
    if (size > 0) {
        memcpy(file + 16, data, size);
    }
    try_snapshot(file, size + 16);
    free(file);
    return 0;
}
