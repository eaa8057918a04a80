#include "tracereel/history.h"

#include <sys/resource.h>

#include "log_fixture.h"
#include "scarce_memory.h"
#include "trace/shape.h"

enum { BYTES = 4096 };

typedef struct replayed {
    tr_traces *traces;
    tr_history *history;
    tr_trace *trace; /* of the record added last, or NULL */
} replayed;

static replayed begin(void) {
    replayed made = {tr_traces_new(), NULL, NULL};
    CHECK(made.traces != NULL);
    CHECK_INT(TR_OK, tr_history_open(&made.history, NULL));
    return made;
}

static void end(replayed *made) {
    tr_traces_free(made->traces);
    tr_history_close(made->history);
}

static void add(replayed *made, written_record written) {
    uint8_t bytes[BYTES];
    tr_defect defect;
    tr_event event;
    CHECK_INT(TR_OK, tr_record_decode(bytes, put_record(bytes, written), &event.record, &defect));
    CHECK_INT(TR_OK, tr_traces_apply(made->traces, &event.record, false, &event.trace, &event.violations));
    CHECK_INT(TR_OK, tr_history_add(made->history, &event, NULL));
    made->trace = event.trace;
}

static const tr_moment *moment(const replayed *made, uint32_t number) {
    return tr_history_moment(made->history, number);
}

/* --- lives --- */

/* Two traces alternate: 1 completes and starts again, 2 stays open; a record of neither is in between. */
static replayed two_traces(void) {
    replayed made = begin();
    add(&made, (written_record){.type = 0, .trace = 1, .timestamp_ns = 10});
    add(&made, (written_record){.type = 0, .trace = 2, .timestamp_ns = 11});
    add(&made, (written_record){.type = 1, .trace = 1, .node_id = 3, .timestamp_ns = 12});
    add(&made, (written_record){.type = 2, .trace = 9, .node_id = 3, .timestamp_ns = 13});
    add(&made, (written_record){.type = 2, .trace = 1, .node_id = 3, .timestamp_ns = 14});
    add(&made, (written_record){.type = 1, .trace = 2, .node_id = 5, .timestamp_ns = 15});
    add(&made, (written_record){.type = 4, .trace = 1, .timestamp_ns = 16});
    add(&made, (written_record){.type = 0, .trace = 1, .timestamp_ns = 17});
    add(&made, (written_record){.type = 5, .trace = 1, .timestamp_ns = 18});
    tr_history_finish(made.history);
    return made;
}

static void records_of_a_life(void) {
    static const struct {
        uint32_t first, next;
        unsigned outcome;
    } expected[] = {
        {0, 2, TR_TRACE_COMPLETE},       {1, 5, TR_TRACE_RUNNING},  {0, 4, TR_TRACE_COMPLETE},
        {3, TR_NONE, TR_TRACE_RUNNING},  {0, 6, TR_TRACE_COMPLETE}, {1, TR_NONE, TR_TRACE_RUNNING},
        {0, TR_NONE, TR_TRACE_COMPLETE}, {7, 8, TR_TRACE_FAILED},   {7, TR_NONE, TR_TRACE_FAILED},
    };
    replayed made = two_traces();
    REQUIRE(tr_history_count(made.history) == sizeof expected / sizeof *expected);
    for (uint32_t i = 0; i < tr_history_count(made.history); i++) {
        CHECK_UINT(expected[i].first, moment(&made, i)->first);
        CHECK_UINT(expected[i].next, moment(&made, i)->next);
        CHECK_UINT(expected[i].outcome, moment(&made, i)->outcome);
        CHECK_UINT(10 + i, moment(&made, i)->timestamp_ns);
    }
    CHECK_UINT(3, moment(&made, 4)->node_id);
    CHECK_UINT(TR_TYPE_NODE_DONE, moment(&made, 4)->type);
    end(&made);
}

/* More records than one piece of memory holds. */
static void long_life(void) {
    enum { RECORDS = 50000 };
    replayed made = begin();
    add(&made, (written_record){.type = 0, .trace = 1, .timestamp_ns = 1});
    for (uint32_t i = 1; i < RECORDS; i++) {
        add(&made, (written_record){.type = 9, .trace = 1, .node_id = 8, .timestamp_ns = i, .iteration = i});
    }
    tr_history_finish(made.history);
    uint32_t count = 0;
    for (uint32_t at = 0; at != TR_NONE; at = moment(&made, at)->next) {
        CHECK_UINT(count, at);
        count++;
    }
    CHECK_UINT(RECORDS, count);
    end(&made);
}

static long max_memory_kib(void) {
    struct rusage usage;
    CHECK_INT(0, getrusage(RUSAGE_SELF, &usage));
    return usage.ru_maxrss;
}

/* Two million records are 46 MiB of moments. Each changes the one before it, and all are changed from the end on. */
static void memory_is_bounded(void) {
    enum { RECORDS = 2000000, MAX_KIB = 24 * 1024 };
    replayed made = begin();
    add(&made, (written_record){.type = 0, .trace = 1, .timestamp_ns = 1});
    uint8_t bytes[BYTES];
    tr_defect defect;
    tr_event event = {.trace = made.trace};
    size_t length = put_record(bytes, (written_record){.type = 9, .trace = 1, .node_id = 8, .timestamp_ns = 7});
    CHECK_INT(TR_OK, tr_record_decode(bytes, length, &event.record, &defect));
    long before_kib = max_memory_kib();
    for (uint32_t i = 1; i < RECORDS; i++) {
        CHECK_INT(TR_OK, tr_history_add(made.history, &event, NULL));
    }
    tr_history_finish(made.history);
    uint32_t wrong_count = 0;
    for (uint32_t i = 0; i < RECORDS; i++) {
        const tr_moment *here = moment(&made, i);
        wrong_count += here->first != 0 || here->next != (i + 1 < RECORDS ? i + 1 : TR_NONE);
    }
    CHECK_UINT(0, wrong_count);
    if (CAN_RUN_OUT_OF_MEMORY) { /* the address sanitizer keeps what is freed for a while: its memory says nothing */
        CHECK(max_memory_kib() - before_kib < MAX_KIB);
    }
    end(&made);
}

/* --- what recovery does not see --- */

static void unseen_records(void) {
    replayed made = two_traces();
    /* Inside record 2, a node_start, nothing has happened yet; inside 4, a node_done, the node is done. */
    CHECK(!tr_history_is_unseen(made.history, 0, 2, 0));
    CHECK(tr_history_is_unseen(made.history, 2, 4, 0));
    CHECK(!tr_history_is_unseen(made.history, 2, 6, 0));
    /* One lost: all of 2, and nothing of 4, which is not the next to be written. Two lost: the crash comes inside 4. */
    CHECK(tr_history_is_unseen(made.history, 0, 2, 1));
    CHECK(!tr_history_is_unseen(made.history, 0, 4, 1));
    CHECK(tr_history_is_unseen(made.history, 0, 4, 2));
    CHECK(!tr_history_is_unseen(made.history, 0, 6, 3));
    CHECK(tr_history_is_unseen(made.history, 0, 6, 4));
    /* Nothing comes after the last. */
    CHECK(!tr_history_is_unseen(made.history, 5, 6, 100));
    end(&made);
}

/* --- shapes --- */

/* The shape after the records, all of one trace. */
static uint64_t shape_after(const written_record *records, size_t count) {
    replayed made = begin();
    for (size_t i = 0; i < count; i++) {
        add(&made, records[i]);
    }
    uint64_t shape = made.trace == NULL ? 0 : tr_trace_shape(made.trace);
    end(&made);
    return shape;
}

#define SHAPE(...)                                                                                                     \
    shape_after((const written_record[]){__VA_ARGS__}, sizeof(written_record[]){__VA_ARGS__} / sizeof(written_record))
#define START(id, ns)                                                                                                  \
    { .type = 0, .trace = (id), .timestamp_ns = (ns) }
#define NODE_START(id, node, ns)                                                                                       \
    { .type = 1, .trace = (id), .node_id = (node), .timestamp_ns = (ns) }
#define NODE_DONE(id, node, ns)                                                                                        \
    { .type = 2, .trace = (id), .node_id = (node), .timestamp_ns = (ns) }
#define SUSPENDED(id, node, text)                                                                                      \
    { .type = 6, .trace = (id), .node_id = (node), .timestamp_ns = 9, .metadata = (text) }

static void ids_and_times_do_not_count(void) {
    CHECK_UINT(SHAPE(START(1, 10), NODE_START(1, 3, 11), NODE_DONE(1, 3, 12)),
               SHAPE(START(7, 500), NODE_START(7, 3, 501), NODE_DONE(7, 3, 999)));
    /* nor does the order in which nodes were started that are done since */
    CHECK_UINT(SHAPE(START(1, 1), NODE_START(1, 3, 2), NODE_START(1, 4, 3), NODE_DONE(1, 3, 4), NODE_DONE(1, 4, 5)),
               SHAPE(START(1, 1), NODE_START(1, 4, 2), NODE_START(1, 3, 3), NODE_DONE(1, 3, 4), NODE_DONE(1, 4, 5)));
    CHECK_UINT(SHAPE(START(1, 1), SUSPENDED(1, 4, "{\"hook_id\":\"order-17\",\"timeout_secs\":60}")),
               SHAPE(START(1, 1), SUSPENDED(1, 4, "{\"hook_id\":\"order-18\",\"timeout_secs\":3600}")));
}

static void what_recovery_looks_at_counts(void) {
    const uint64_t shapes[] = {
        SHAPE(START(1, 1)),
        SHAPE(START(1, 1), NODE_START(1, 3, 2)),
        SHAPE(START(1, 1), NODE_START(1, 3, 2), NODE_START(1, 3, 3)),
        SHAPE(START(1, 1), NODE_START(1, 3, 2), NODE_START(1, 4, 3)),
        SHAPE(START(1, 1), NODE_START(1, 4, 2), NODE_START(1, 3, 3)),
        SHAPE(START(1, 1), NODE_DONE(1, 3, 2)),
        SHAPE(START(1, 1), NODE_DONE(1, 4, 2)),
        SHAPE(START(1, 1), NODE_DONE(1, 3, 2), NODE_DONE(1, 4, 3)),
        SHAPE(START(1, 1), NODE_DONE(1, 4, 2), NODE_DONE(1, 3, 3)),
        SHAPE(START(1, 1), {.type = 3, .trace = 1, .node_id = 3, .timestamp_ns = 2, .error_message = "no"}),
        SHAPE(START(1, 1), SUSPENDED(1, 4, "{\"timeout_secs\":null}")),
        SHAPE(START(1, 1), SUSPENDED(1, 4, "{\"timeout_secs\":60}")),
        SHAPE(START(1, 1), SUSPENDED(1, 5, "{\"timeout_secs\":60}")),
        SHAPE(START(1, 1), NODE_DONE(1, 3, 2), NODE_START(1, 3, 3)),
        SHAPE({.type = 0, .trace = 1, .timestamp_ns = 1, .metadata = "{}"}),
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (size_t other = 0; other < i; other++) {
            CHECK(shapes[i] != shapes[other]);
        }
    }
}

/* --- memory --- */

#if CAN_RUN_OUT_OF_MEMORY
static int add_until_memory_ends(void) {
    uint8_t bytes[BYTES];
    tr_defect defect;
    tr_event event = {.trace = NULL};
    tr_history *history = NULL;
    CHECK_INT(TR_OK, tr_history_open(&history, NULL));
    tr_status status =
        tr_record_decode(bytes, put_record(bytes, (written_record){.type = 8, .trace = 1}), &event.record, &defect);
    status = status == TR_OK ? tr_history_add(history, &event, NULL) : status;
    uint32_t added = 1;
    get_no_more_memory();
    while (status == TR_OK && added < 1000000) {
        status = tr_history_add(history, &event, NULL);
        added += status == TR_OK;
    }
    int wrong = status != TR_ERROR_MEMORY ? 1 : tr_history_count(history) != added ? 2 : 0;
    tr_history_finish(history);
    tr_history_close(history);
    return wrong;
}

static void memory_runs_out(void) {
    check_in_child(add_until_memory_ends);
}
#endif

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a life spans from the start of a trace to its end, and has its outcome", records_of_a_life);
    check_run("a life of many records is complete", long_life);
    check_run("a history of many records has most of them outside the memory", memory_is_bounded);
    check_run("a crash hides the record being written, and those lost before it", unseen_records);
    check_run("traces that differ only in ids and times have one shape", ids_and_times_do_not_count);
    check_run("every difference that recovery looks at changes the shape", what_recovery_looks_at_counts);
#if CAN_RUN_OUT_OF_MEMORY
    check_run("a history reports that memory ran out, and keeps what was added", memory_runs_out);
#endif
    return check_end();
}
