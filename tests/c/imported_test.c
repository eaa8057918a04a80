/* What imported logs say in the metadata of records, as the state machine keeps it. */
#include "trace_fixture.h"
#include "tracereel/trace.h"

#include <stdio.h>

enum { MANY = 1000 };

static tr_text text_of(const char *literal) {
    return (tr_text){literal, (uint32_t)strlen(literal)};
}

static void check_said(const char *expected, tr_text found) {
    CHECK_UINT(strlen(expected), found.length_bytes);
    CHECK(found.length_bytes == strlen(expected) && memcmp(expected, found.bytes, found.length_bytes) == 0);
}

/* Applies a record of node 4 of the trace with that metadata. */
static tr_trace *apply_said(tr_traces *traces, uint8_t type, uint64_t time_ns, const char *metadata) {
    return apply_record(
        traces,
        (written_record){.type = type, .trace = 1, .node_id = 4, .timestamp_ns = time_ns, .metadata = metadata});
}

/* Starts many instances, and ends every second one. */
static tr_trace *run_many(tr_traces *traces) {
    char said[64];
    tr_trace *trace = apply_record(traces, (written_record)TRACE_START(100));
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(said, sizeof said, "{\"instance\":\"%u\",\"scheduled_ns\":%u,\"resource\":\"host %u\"}", i, 100 + i,
                 i % 7);
        trace = apply_said(traces, 1, 200 + i, said);
    }
    for (unsigned i = 0; i < MANY; i += 2) {
        snprintf(said, sizeof said, "{\"instance\":\"%u\"}", i);
        trace = apply_said(traces, 2, 2000 + 3 * i, said);
    }
    return trace;
}

static void check_many(const tr_trace *trace) {
    char name[16], host[16];
    CHECK_UINT(MANY + 1, trace->node_count);
    CHECK_UINT(MANY, tr_trace_instance_count(trace, tr_trace_find_node(trace, 4)));
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%u", i);
        snprintf(host, sizeof host, "host %u", i % 7);
        const tr_node *entry = tr_trace_find_instance(trace, 4, text_of(name));
        REQUIRE(entry != NULL);
        check_said(name, tr_trace_instance(trace, entry));
        CHECK_INT(i % 2 == 0 ? TR_NODE_DONE : TR_NODE_RUNNING, entry->status);
        const tr_attempt *attempt = tr_trace_last_attempt(trace, entry);
        REQUIRE(attempt != NULL);
        CHECK_UINT(200 + i, attempt->start_ns);
        CHECK_UINT(i % 2 == 0 ? 1800 + 2 * i : 0, tr_attempt_duration_ns(trace, entry, attempt));
        check_said(host, tr_trace_attempt_details(trace, attempt).resource);
        CHECK_UINT(100 + i, tr_trace_attempt_details(trace, attempt).scheduled_ns);
    }
    CHECK(tr_trace_find_instance(trace, 4, text_of("1000")) == NULL);
    CHECK(tr_trace_find_instance(trace, 5, text_of("1")) == NULL);
}

static void many_instances_are_told_apart(void) {
    tr_traces *traces = tr_traces_new();
    check_many(run_many(traces));
    tr_traces_free(traces);
}

static void copies_have_what_was_said(void) {
    tr_traces *traces = tr_traces_new(), *others = tr_traces_new();
    const tr_trace *trace = run_many(traces);
    void *memory = malloc(tr_trace_copy_bytes(trace));
    REQUIRE(memory != NULL);
    const tr_trace *copy = tr_trace_copy(trace, memory);
    tr_trace *put = NULL;
    CHECK_INT(TR_OK, tr_traces_put(others, trace, &put));
    tr_traces_free(traces);
    check_many(copy);
    check_many(put);
    put = apply_said(others, 2, 9000, "{\"instance\":\"1\"}");
    CHECK_INT(TR_NODE_DONE, tr_trace_find_instance(put, 4, text_of("1"))->status);
    CHECK_INT(TR_NODE_RUNNING, tr_trace_find_instance(copy, 4, text_of("1"))->status);
    tr_traces_free(others);
    free(memory);
}

/* The engine knows no instances: one node_done of a node ends it. */
static void the_engine_sees_nodes(void) {
    tr_traces *traces = tr_traces_new();
    apply_record(traces, (written_record)TRACE_START(100));
    apply_said(traces, 1, 110, "{\"instance\":\"a\"}");
    const tr_trace *trace = apply_said(traces, 1, 120, "{\"instance\":\"b\"}");
    CHECK_UINT(2, trace->started_count);
    CHECK_INT(TR_RECOVERY_RETRY_NODES, tr_trace_recovery(trace).action);
    trace = apply_said(traces, 2, 130, "{\"instance\":\"b\"}");
    CHECK_UINT(0, trace->started_count);
    CHECK_UINT(4, trace->last_completed_node);
    CHECK_INT(TR_RECOVERY_RESUME_FROM, tr_trace_recovery(trace).action);
    CHECK(tr_trace_find_node(trace, 4)->is_completed);
    CHECK(!tr_trace_find_instance(trace, 4, text_of("b"))->is_completed);
    trace = apply_said(traces, 6, 140, "{\"wait\":\"timer\",\"instance\":\"c\"}");
    CHECK_INT(TR_RECOVERY_AWAIT_RESUME, tr_trace_recovery(trace).action);
    CHECK_UINT(4, trace->suspended_at);
    CHECK_INT(TR_TRACE_RUNNING, trace->status); /* instance "a" still runs */
    tr_traces_free(traces);
}

/* A trace without such metadata takes the memory that it took before there was any. */
static void nothing_is_kept_of_other_traces(void) {
    tr_traces *traces = tr_traces_new();
    uint32_t violations;
    apply_with(traces, (written_record)TRACE_START(100), false, &violations);
    size_t before = tr_traces_memory_bytes(traces);
    apply_with(traces, (written_record){.type = 0, .trace = 2, .timestamp_ns = 110}, false, &violations);
    CHECK_UINT(248, tr_traces_memory_bytes(traces) - before);
    before = tr_traces_memory_bytes(traces);
    apply_said(traces, 1, 120, NULL);
    size_t without = tr_traces_memory_bytes(traces) - before;
    before = tr_traces_memory_bytes(traces);
    apply_record(traces, (written_record){.type = 1, .trace = 2, .node_id = 4, .timestamp_ns = 130, .metadata = "{}"});
    CHECK(tr_traces_memory_bytes(traces) - before <= without + 64); /* the buffer for texts is the table's */
    tr_traces_free(traces);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("imported: many instances of a node are told apart", many_instances_are_told_apart);
    check_run("imported: copies of a trace have what was said of it", copies_have_what_was_said);
    check_run("imported: the engine's view knows nodes, not instances", the_engine_sees_nodes);
    check_run("imported: nothing is kept of traces of which nothing was said", nothing_is_kept_of_other_traces);
    return check_end();
}
