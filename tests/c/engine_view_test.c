/* Compares the table of traces, record by record, with a small reimplementation of what the log format says about a
 * trace's state; also checks the table's memory. */
#include <malloc.h>

#include "trace_fixture.h"

enum { TRACES = 5, NODES = 6, STARTED_MAX = 4096, STEPS = 100000 };

/* --- the engine's view, implemented again --- */

typedef struct model_trace {
    bool is_open;
    int last_completed_node; /* -1: none */
    int suspended_at;
    const char *suspension_metadata;
    uint32_t started[STARTED_MAX];
    size_t started_count;
    struct {
        bool present;
        uint64_t offset, schema_hash;
        uint32_t size;
    } completed[NODES];
} model_trace;

static model_trace model[TRACES];

static void model_done(model_trace *trace, const written_record *record) {
    size_t kept = 0;
    for (size_t i = 0; i < trace->started_count; i++) {
        if (trace->started[i] != record->node_id) {
            trace->started[kept++] = trace->started[i];
        }
    }
    trace->started_count = kept;
    trace->last_completed_node = (int)record->node_id;
    trace->completed[record->node_id].present = true;
    trace->completed[record->node_id].offset = record->output_offset;
    trace->completed[record->node_id].size = record->output_size;
    trace->completed[record->node_id].schema_hash = record->schema_hash;
}

static void model_apply(const written_record *record) {
    model_trace *trace = &model[record->trace];
    if (record->type == 0) {
        *trace = (model_trace){.is_open = true, .last_completed_node = -1, .suspended_at = -1};
    } else if (!trace->is_open) {
        return;
    } else if (record->type == 1) {
        trace->started[trace->started_count++] = record->node_id;
    } else if (record->type == 2) {
        model_done(trace, record);
    } else if (record->type == 4 || record->type == 5) {
        trace->is_open = false;
    } else if (record->type == 6) {
        trace->suspended_at = (int)record->node_id;
        trace->suspension_metadata = record->metadata;
    } else if (record->type == 7) {
        trace->suspended_at = -1;
    }
}

static void check_completed(const model_trace *expected, const tr_trace *found) {
    for (uint32_t node_id = 0; node_id < NODES; node_id++) {
        const tr_node *node = tr_trace_find_node(found, node_id);
        bool completed = node != NULL && node->is_completed;
        CHECK_INT(expected->completed[node_id].present, completed);
        if (completed) {
            CHECK_UINT(expected->completed[node_id].offset, node->output_offset);
            CHECK_UINT(expected->completed[node_id].size, node->output_size);
            CHECK_UINT(expected->completed[node_id].schema_hash, node->schema_hash);
        }
    }
}

static void check_recovery(const model_trace *expected, tr_recovery found) {
    if (expected->suspended_at >= 0) {
        CHECK_INT(TR_RECOVERY_AWAIT_RESUME, found.action);
        CHECK_INT(expected->suspended_at, found.node);
    } else if (expected->started_count > 0) {
        CHECK_INT(TR_RECOVERY_RETRY_NODES, found.action);
    } else {
        CHECK_INT(TR_RECOVERY_RESUME_FROM, found.action);
        CHECK_INT(expected->last_completed_node < 0 ? 0 : expected->last_completed_node, found.node);
    }
}

static void check_view(const model_trace *expected, const tr_trace *found) {
    CHECK_INT(expected->is_open, found != NULL);
    if (found == NULL) {
        return;
    }
    size_t count = 0;
    for (uint32_t i = tr_trace_next_started(found, 0); i != TR_NONE; i = tr_trace_next_started(found, i + 1)) {
        CHECK(count < expected->started_count && expected->started[count] == found->started_nodes[i]);
        count++;
    }
    CHECK_UINT(expected->started_count, count);
    CHECK_INT(expected->last_completed_node, found->has_last_completed_node ? (int)found->last_completed_node : -1);
    CHECK_INT(expected->suspended_at, found->is_suspended ? (int)found->suspended_at : -1);
    const char *metadata = expected->suspension_metadata == NULL ? "" : expected->suspension_metadata;
    CHECK_BYTES(metadata, strlen(metadata), found->suspension_metadata, found->suspension_metadata_bytes);
    check_completed(expected, found);
    check_recovery(expected, tr_trace_recovery(found));
}

/* --- random histories --- */

static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(uint32_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % limit;
}

static written_record random_record(void) {
    /* Records of nodes are more frequent than those that open and close a trace. */
    static const uint8_t types[] = {0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 5, 6, 6, 7, 7, 8, 9, 9, 10};
    static const char *const metadata[] = {NULL, "{}", "{\"hook_id\":\"a\"}"};
    return (written_record){.type = types[random_below(sizeof types)],
                            .trace = (uint8_t)random_below(TRACES),
                            .node_id = random_below(NODES),
                            .timestamp_ns = random_below(1000),
                            .output_offset = random_below(1000),
                            .output_size = random_below(1000),
                            .schema_hash = UINT64_MAX - random_below(1000),
                            .iteration = random_below(4),
                            .error_message = random_below(2) == 0 ? NULL : "no",
                            .metadata = metadata[random_below(3)]};
}

static void check_copy(const tr_trace *trace) {
    size_t length = tr_trace_copy_bytes(trace);
    void *memory = malloc(length);
    REQUIRE(memory != NULL);
    const tr_trace *copy = tr_trace_copy(trace, memory);
    tr_json expected, found;
    tr_json_init(&expected);
    tr_json_init(&found);
    tr_json_trace(&expected, trace);
    tr_json_trace(&found, copy);
    CHECK_BYTES(expected.bytes, expected.length_bytes, found.bytes, found.length_bytes);
    for (uint32_t i = 0; i < trace->attempt_count; i++) {
        const tr_attempt *original = &trace->attempts[i];
        const tr_attempt *copied = &copy->attempts[i];
        CHECK_UINT(original->start_ns, copied->start_ns);
        CHECK_UINT(original->end_ns, copied->end_ns);
        CHECK_UINT(original->node_index, copied->node_index);
        CHECK_UINT(original->outcome, copied->outcome);
        CHECK(original->estimated == copied->estimated && original->cut == copied->cut);
    }
    for (uint32_t i = 0; i < trace->error_list_count; i++) {
        CHECK_BYTES(trace->errors[i].message, trace->errors[i].message_bytes, copy->errors[i].message,
                    copy->errors[i].message_bytes);
    }
    for (uint32_t i = 0; i < trace->node_count; i++) {
        CHECK(tr_trace_find_node(copy, trace->nodes[i].node_id) == &copy->nodes[i]);
    }
    tr_json_free(&expected);
    tr_json_free(&found);
    free(memory);
}

static void random_histories(void) {
    tr_traces *traces = tr_traces_new();
    for (uint32_t step = 0; step < STEPS && check_state.failures == 0; step++) {
        written_record written = random_record();
        uint8_t id[TR_TRACE_ID_BYTES];
        uint32_t violations;
        bool was_open = model[written.trace].is_open;
        model_apply(&written);
        const tr_trace *trace = apply_with(traces, written, false, &violations);
        memset(id, written.trace, sizeof id);
        check_view(&model[written.trace], tr_traces_find(traces, id));
        bool applied = written.type != 8 && (was_open || written.type == 0);
        CHECK_INT(applied, trace != NULL);
        CHECK_INT(written.type != 8 && !applied, (violations & TR_VIOLATION_TRACE_NOT_OPEN) != 0);
        CHECK_INT(was_open && written.type == 0, (violations & TR_VIOLATION_TRACE_RESTARTED) != 0);
        if (trace != NULL && step % 16 == 0) {
            check_copy(trace);
        }
    }
    tr_traces_free(traces);
}

/* --- the table --- */

static void number_id(uint8_t *record, uint32_t number) {
    memset(record + 9, 0, TR_TRACE_ID_BYTES);
    put_number(record + 9, number * 2654435761u, 4); /* in no order */
    put_number(record + 13, number, 4);
}

static void apply_numbered(tr_traces *traces, unsigned type, uint32_t number) {
    uint8_t bytes[256];
    tr_record record;
    tr_defect defect;
    tr_trace *trace;
    uint32_t violations;
    size_t length = put_record(bytes, (written_record){.type = type, .node_id = number % 8, .metadata = "{\"a\":1}"});
    number_id(bytes, number);
    CHECK(tr_record_decode(bytes, length, &record, &defect) == TR_OK);
    CHECK(tr_traces_apply(traces, &record, false, &trace, &violations) == TR_OK);
    CHECK((trace != NULL) == (type != TR_TYPE_CHECKPOINT));
}

static void open_and_close(tr_traces *traces, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        apply_numbered(traces, 0, i);
        apply_numbered(traces, 1, i);
        apply_numbered(traces, 2, i);
    }
    CHECK_UINT(count, tr_traces_open_count(traces));
    for (uint32_t i = 0; i < count; i++) {
        apply_numbered(traces, i % 2 == 0 ? 4 : 5, (i * 7919u) % count);
    }
    CHECK_UINT(0, tr_traces_open_count(traces));
    apply_numbered(traces, TR_TYPE_CHECKPOINT, 0); /* the next call frees the trace that closed last */
}

static void closed_traces_free_their_memory(void) {
    enum { COUNT = 100000 };
    tr_traces *traces = tr_traces_new();
    size_t before = mallinfo2().uordblks;
    open_and_close(traces, COUNT);
    size_t after = mallinfo2().uordblks;
    /* A few bytes stay for each trace that was open at once, but not the traces, which take 400 bytes and more. */
    CHECK(after < before + (size_t)COUNT * 48);
    CHECK_UINT(COUNT, tr_traces_slot_limit(traces));
    open_and_close(traces, COUNT);
    CHECK(mallinfo2().uordblks <= after + 65536);
    CHECK(tr_traces_slot_limit(traces) <= COUNT + 1); /* slots are reused */
    tr_traces_free(traces);
}

static void open_traces_are_sorted_by_id(void) {
    tr_traces *traces = tr_traces_new();
    CHECK(tr_traces_sorted(traces) == NULL);
    for (uint32_t i = 0; i < 1000; i++) {
        apply_numbered(traces, 0, i);
    }
    for (uint32_t i = 0; i < 1000; i += 3) {
        apply_numbered(traces, 4, i); /* the last of them can still be read, but is not open */
    }
    tr_trace **sorted = tr_traces_sorted(traces);
    REQUIRE(sorted != NULL);
    CHECK_UINT(666, tr_traces_open_count(traces));
    for (size_t i = 1; i < 666; i++) {
        CHECK(memcmp(sorted[i - 1]->id, sorted[i]->id, TR_TRACE_ID_BYTES) < 0);
        CHECK(tr_traces_find(traces, sorted[i]->id) == sorted[i]);
        CHECK(sorted[i]->log_slot < tr_traces_slot_limit(traces));
    }
    free(sorted);
    tr_traces_free(traces);
}

static void a_copy_outlives_the_table(void) {
    uint32_t violations;
    tr_traces *traces = tr_traces_new();
    apply_with(traces, (written_record){.type = 0, .trace = 1, .metadata = "{\"order\":7}"}, false, &violations);
    const tr_trace *trace =
        apply_with(traces, (written_record){.type = 3, .trace = 1, .error_message = "no"}, false, &violations);
    tr_traces_note_damage(traces);
    void *memory = malloc(tr_trace_copy_bytes(trace));
    const tr_trace *copy = tr_trace_copy(trace, memory);
    tr_traces_free(traces);
    CHECK_BYTES("{\"order\":7}", 11, copy->metadata, copy->metadata_bytes);
    CHECK_BYTES("no", 2, copy->errors[0].message, copy->errors[0].message_bytes);
    CHECK(tr_trace_is_tainted(copy));
    free(memory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("the engine's view is what the format says, after each of 100000 random records", random_histories);
    check_run("closed traces free their memory and their slots", closed_traces_free_their_memory);
    check_run("open traces are sorted by their ids", open_traces_are_sorted_by_id);
    check_run("a copy outlives the table, and keeps its taint", a_copy_outlives_the_table);
    return check_end();
}
