/* Makes traces for tests from a few records, with the state machine. */
#ifndef TRACEREEL_TRACE_FIXTURE_H
#define TRACEREEL_TRACE_FIXTURE_H

#include "log_fixture.h"
#include "tracereel/trace.h"

/* Short forms of records. Times are in nanoseconds, small for readability. */
#define TRACE_START(time)                                                                                              \
    { .type = 0, .trace = 1, .timestamp_ns = (time) }
#define NODE_START(node, time)                                                                                         \
    { .type = 1, .trace = 1, .node_id = (node), .timestamp_ns = (time) }
#define NODE_DONE(node, time)                                                                                          \
    { .type = 2, .trace = 1, .node_id = (node), .timestamp_ns = (time) }
#define NODE_ERROR(node, time)                                                                                         \
    { .type = 3, .trace = 1, .node_id = (node), .timestamp_ns = (time), .error_message = "no" }
#define COMPLETE(time)                                                                                                 \
    { .type = 4, .trace = 1, .timestamp_ns = (time) }
#define FAILED(time)                                                                                                   \
    { .type = 5, .trace = 1, .timestamp_ns = (time), .error_message = "gave up" }
#define SUSPENDED(node, time)                                                                                          \
    { .type = 6, .trace = 1, .node_id = (node), .timestamp_ns = (time), .metadata = "{}" }
#define RESUMED(time)                                                                                                  \
    { .type = 7, .trace = 1, .timestamp_ns = (time) }
#define CHECKPOINT(time)                                                                                               \
    { .type = 8, .trace = 1, .timestamp_ns = (time) }
#define ITERATION(node, number, time)                                                                                  \
    { .type = 9, .trace = 1, .node_id = (node), .iteration = (number), .timestamp_ns = (time) }
#define EXIT(node, number, time)                                                                                       \
    { .type = 10, .trace = 1, .node_id = (node), .iteration = (number), .timestamp_ns = (time) }

/* Applies one record and returns its trace, valid until the next call. NULL if the record belongs to no open trace. */
static inline tr_trace *apply_with(tr_traces *traces, written_record written, bool is_suspect, uint32_t *violations) {
    uint8_t bytes[256];
    tr_record record;
    tr_defect defect;
    tr_trace *trace = NULL;
    size_t length = put_record(bytes, written);
    CHECK_INT(TR_OK, tr_record_decode(bytes, length, &record, &defect));
    CHECK_INT(TR_OK, tr_traces_apply(traces, &record, is_suspect, &trace, violations));
    return trace;
}

static inline tr_trace *apply_record(tr_traces *traces, written_record written) {
    uint32_t violations;
    return apply_with(traces, written, false, &violations);
}

static inline tr_trace *apply_records(tr_traces *traces, const written_record *records, size_t count) {
    tr_trace *trace = NULL;
    for (size_t i = 0; i < count; i++) {
        trace = apply_record(traces, records[i]);
    }
    return trace;
}

#define APPLY(traces, records) apply_records((traces), (records), sizeof(records) / sizeof *(records))

/* The attempt of a node with that number, from 0, or NULL. */
static inline const tr_attempt *attempt_of(const tr_trace *trace, uint32_t node_id, uint32_t number) {
    const tr_node *node = tr_trace_find_node(trace, node_id);
    for (uint32_t at = 0; node != NULL && at < trace->attempt_count; at++) {
        if (trace->attempts[at].node_index == (uint32_t)(node - trace->nodes) && number-- == 0) {
            return &trace->attempts[at];
        }
    }
    return NULL;
}

#endif
