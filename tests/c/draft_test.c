/* Logs that are made of what an importer says, in any order. What is expected is laid out byte by byte, in the order
 * that the format wants: a start before its own end, an end before what it made ready, the trace's end last. */
#include "import/draft.h"

#include "log_fixture.h"

static char directory[64];
static tr_draft *draft;

static tr_text text_of(const char *literal) {
    return (tr_text){literal, literal == NULL ? 0 : (uint32_t)strlen(literal)};
}

static void begin_draft(uint64_t memory_bytes) {
    tr_error error = {""};
    make_directory(directory);
    CHECK_INT(TR_OK, tr_draft_open(memory_bytes, &draft, &error));
}

static void end_draft(void) {
    tr_draft_close(draft);
    remove_directory(directory);
}

/* The trace whose id is that byte sixteen times; `parent` 0: none. */
static uint32_t add_trace(uint8_t name, uint8_t parent, uint64_t at_ns, const char *metadata) {
    uint8_t id[TR_TRACE_ID_BYTES], parent_id[TR_TRACE_ID_BYTES], found[TR_TRACE_ID_BYTES];
    uint32_t trace = UINT32_MAX, again = UINT32_MAX;
    tr_error error = {""};
    memset(id, name, sizeof id);
    memset(parent_id, parent, sizeof parent_id);
    CHECK(!tr_draft_find_trace(draft, id, &trace));
    CHECK_INT(TR_OK,
              tr_draft_add_trace(draft, id, parent == 0 ? NULL : parent_id, at_ns, text_of(metadata), &trace, &error));
    CHECK(tr_draft_find_trace(draft, id, &again));
    CHECK_UINT(trace, again);
    CHECK_UINT(at_ns, tr_draft_trace_at(draft, trace));
    tr_draft_trace_id(draft, trace, found);
    CHECK_BYTES(id, sizeof id, found, sizeof found);
    return trace;
}

/* ADD(trace, type, at_ns, node), and more fields after it. */
#define ADD(trace_number, record_type, ns, ...)                                                                        \
    add_event((tr_import_event){.trace = (trace_number), .type = (record_type), .at_ns = (ns), .node = __VA_ARGS__},   \
              NULL, NULL)

static void add_event(tr_import_event event, const char *message, const char *metadata) {
    tr_error error = {""};
    CHECK_INT(TR_OK, tr_draft_add(draft, &event, text_of(message), text_of(metadata), &error));
}

static void close_trace(uint32_t trace, tr_record_type type, uint64_t at_ns, const char *message,
                        const char *metadata) {
    tr_error error = {""};
    CHECK_INT(TR_OK, tr_draft_close_trace(draft, trace, type, at_ns, text_of(message), text_of(metadata), &error));
}

static void add_edge(uint32_t node, uint32_t before) {
    tr_error error = {""};
    CHECK_INT(TR_OK, tr_draft_add_edge(draft, node, before, &error));
}

/* Writes the log so many records at a time. Returns how often that left some. */
static unsigned write_draft(uint32_t node_count, uint64_t max_records) {
    char path[512];
    tr_writer *writer = NULL;
    tr_error error = {""};
    tr_status status;
    unsigned count = 0;
    join(path, sizeof path, directory, "log");
    CHECK_INT(TR_OK, tr_draft_finish(draft, node_count, &error));
    CHECK_INT(TR_OK, tr_writer_open(path, NULL, &writer, &error));
    while ((status = tr_draft_write(draft, writer, max_records, &error)) == TR_OK) {
        count++;
    }
    CHECK_INT(TR_END, status);
    CHECK_TEXT("", error.message);
    CHECK_INT(TR_OK, tr_writer_close(writer, &error));
    return count;
}

static void check_records(const written_record *records, size_t count) {
    static uint8_t expected[65536];
    char path[512];
    size_t length = 0, found_length = 0;
    for (size_t i = 0; i < count; i++) {
        length += put_record(expected + length, records[i]);
    }
    join(path, sizeof path, directory, "log/wal_0000000000000000.log");
    uint8_t *found = read_file(path, &found_length);
    CHECK_BYTES(expected, length, found, found_length);
    CHECK_UINT(count, tr_draft_stats_of(draft).records);
    free(found);
}

#define CHECK_RECORDS(...)                                                                                             \
    check_records((const written_record[]){__VA_ARGS__},                                                               \
                  sizeof((const written_record[]){__VA_ARGS__}) / sizeof(written_record))

/* RECORD(type, trace, at_ns, node), and more fields after it. */
#define RECORD(record_type, name, ns, ...)                                                                             \
    { .type = (record_type), .trace = (name), .timestamp_ns = (ns), .node_id = __VA_ARGS__ }

/* How often what does not fit was counted, in the order of the list; all else not at all. */
static void check_bends(const uint64_t expected[TR_BEND_COUNT]) {
    for (int bend = 0; bend < TR_BEND_COUNT; bend++) {
        CHECK_UINT(expected[bend], tr_draft_bend_count_of(draft, (tr_draft_bend)bend)->count);
    }
}

#define CHECK_BENDS(...) check_bends((const uint64_t[TR_BEND_COUNT]){__VA_ARGS__})

/* ---- order ---- */

static void records_come_by_time(void) {
    for (uint64_t max_records = 1; max_records <= 100; max_records *= 10) {
        begin_draft(1); /* each event is sorted on disk */
        uint32_t a = add_trace(1, 0, TR_TIME_UNKNOWN, "{\"id\":\"a\"}"), b = add_trace(2, 0, 15, NULL);
        add_event((tr_import_event){.trace = a, .type = TR_TYPE_NODE_ERROR, .at_ns = 40, .node = 1}, "no", "{\"x\":1}");
        ADD(b, TR_TYPE_NODE_DONE, 30, 0);
        ADD(b, TR_TYPE_LOOP_ITERATION, 25, 0, .iteration = 7);
        ADD(a, TR_TYPE_NODE_START, 10, 1);
        ADD(b, TR_TYPE_NODE_START, 20, 0);
        close_trace(a, TR_TYPE_TRACE_FAILED, TR_TIME_UNKNOWN, "why", "{\"y\":2}");
        CHECK_UINT(max_records == 1 ? 6 : 0, write_draft(2, max_records)); /* the last two records are of one instant */
        CHECK_RECORDS(RECORD(0, 1, 10, 0, .metadata = "{\"id\":\"a\"}"), RECORD(1, 1, 10, 1), RECORD(0, 2, 15, 0),
                      RECORD(1, 2, 20, 0), RECORD(9, 2, 25, 0, .iteration = 7), RECORD(2, 2, 30, 0),
                      RECORD(3, 1, 40, 1, .error_message = "no", .metadata = "{\"x\":1}"),
                      RECORD(5, 1, 40, 0, .error_message = "why", .metadata = "{\"y\":2}"));
        CHECK_BENDS(0);
        CHECK_UINT(2, tr_draft_stats_of(draft).traces);
        CHECK_UINT(5, tr_draft_stats_of(draft).events);
        end_draft();
    }
}

/* Node 0 comes before 1, and 1 before 2. What ran before the instant ends first; then each level in turn. */
static void one_instant_has_an_order(void) {
    begin_draft(0);
    uint32_t a = add_trace(1, 0, 5, NULL);
    add_edge(2, 1);
    add_edge(1, 0);
    add_edge(1, 0);
    CHECK_UINT(2, tr_draft_edge_count(draft));
    close_trace(a, TR_TYPE_TRACE_COMPLETE, 50, NULL, NULL);
    ADD(a, TR_TYPE_NODE_DONE, 50, 2);
    ADD(a, TR_TYPE_NODE_START, 50, 2);
    ADD(a, TR_TYPE_NODE_START, 50, 1);
    ADD(a, TR_TYPE_NODE_DONE, 50, 1);
    ADD(a, TR_TYPE_NODE_DONE, 50, 0);
    ADD(a, TR_TYPE_NODE_DONE, 50, 3);
    ADD(a, TR_TYPE_NODE_START, 50, 3);
    ADD(a, TR_TYPE_NODE_START, 10, 0);
    write_draft(4, 100);
    CHECK_RECORDS(RECORD(0, 1, 5, 0), RECORD(1, 1, 10, 0), RECORD(2, 1, 50, 0), RECORD(1, 1, 50, 3),
                  RECORD(2, 1, 50, 3), RECORD(1, 1, 50, 1), RECORD(2, 1, 50, 1), RECORD(1, 1, 50, 2),
                  RECORD(2, 1, 50, 2), RECORD(4, 1, 50, 0));
    CHECK_BENDS(0);
    end_draft();
}

/* A node that ends, starts again and ends again; one that waits and goes on; two instances of one node. */
static void an_instant_may_have_several_attempts(void) {
    begin_draft(0);
    uint32_t a = add_trace(1, 0, 5, NULL);
    ADD(a, TR_TYPE_NODE_START, 10, 0);
    ADD(a, TR_TYPE_NODE_START, 50, 0);
    ADD(a, TR_TYPE_NODE_DONE, 50, 0);
    ADD(a, TR_TYPE_NODE_ERROR, 50, 0);
    ADD(a, TR_TYPE_TRACE_RESUMED, 50, 1);
    ADD(a, TR_TYPE_NODE_DONE, 50, 1);
    ADD(a, TR_TYPE_TRACE_SUSPENDED, 50, 1);
    ADD(a, TR_TYPE_NODE_START, 50, 1);
    ADD(a, TR_TYPE_NODE_DONE, 50, 2, .instance = 9);
    ADD(a, TR_TYPE_NODE_DONE, 50, 2, .instance = 8);
    ADD(a, TR_TYPE_NODE_START, 50, 2, .instance = 8);
    ADD(a, TR_TYPE_NODE_START, 50, 2, .instance = 9);
    ADD(a, TR_TYPE_LOOP_EXIT, 50, 3, .iteration = 4);
    write_draft(4, 100);
    CHECK_RECORDS(RECORD(0, 1, 5, 0), RECORD(1, 1, 10, 0), RECORD(2, 1, 50, 0), RECORD(1, 1, 50, 0),
                  RECORD(3, 1, 50, 0), RECORD(1, 1, 50, 1), RECORD(6, 1, 50, 1), RECORD(7, 1, 50, 1),
                  RECORD(2, 1, 50, 1), RECORD(1, 1, 50, 2), RECORD(2, 1, 50, 2), RECORD(1, 1, 50, 2),
                  RECORD(2, 1, 50, 2), RECORD(10, 1, 50, 3, .iteration = 4));
    CHECK_BENDS(0);
    end_draft();
}

/* A trace stands after the one that it is called by; one that calls itself, a circle and a caller that is missing have
 * an order as well. */
static void callers_begin_first(void) {
    begin_draft(0);
    add_trace(1, 2, 10, NULL);
    add_trace(2, 3, 10, NULL);
    add_trace(3, 0, 10, NULL);
    add_trace(4, 4, 10, NULL);
    add_trace(5, 99, 10, NULL);
    add_trace(6, 7, 10, NULL);
    add_trace(7, 6, 10, NULL);
    write_draft(0, 2);
    CHECK_RECORDS(RECORD(0, 3, 10, 0), RECORD(0, 4, 10, 0), RECORD(0, 5, 10, 0), RECORD(0, 7, 10, 0),
                  RECORD(0, 2, 10, 0), RECORD(0, 6, 10, 0), RECORD(0, 1, 10, 0));
    end_draft();
}

/* ---- what does not fit ---- */

static void what_does_not_fit_is_bent(void) {
    begin_draft(0);
    uint32_t a = add_trace(1, 0, 100, NULL);
    add_trace(2, 0, TR_TIME_UNKNOWN, NULL);
    ADD(a, TR_TYPE_NODE_START, 60, 4);
    ADD(a, TR_TYPE_NODE_DONE, 50, 4);                       /* before its start: at 60 */
    ADD(a, TR_TYPE_NODE_DONE, 70, 5);                       /* without a start */
    ADD(a, TR_TYPE_NODE_START, 80, 6);                      /* twice */
    ADD(a, TR_TYPE_NODE_START, 90, 6);                      /* and never ended */
    ADD(a, TR_TYPE_TRACE_RESUMED, 95, 7);                   /* without a wait */
    close_trace(a, TR_TYPE_TRACE_COMPLETE, 20, NULL, NULL); /* before its last event: at 95 */
    close_trace(a, TR_TYPE_TRACE_FAILED, 200, "late", NULL);
    write_draft(8, 100);
    CHECK_RECORDS(RECORD(0, 1, 20, 0), RECORD(1, 1, 60, 4), RECORD(2, 1, 60, 4), RECORD(2, 1, 70, 5),
                  RECORD(1, 1, 80, 6), RECORD(1, 1, 90, 6), RECORD(7, 1, 95, 7), RECORD(4, 1, 95, 0));
    CHECK_BENDS(1, 1, 1, 1, 1, 1, 1, 1);
    const tr_draft_bend_count *early = tr_draft_bend_count_of(draft, TR_BEND_END_BEFORE_START);
    CHECK(early->has_node && early->node == 4 && early->at_ns == 50 && early->trace_id[0] == 1);
    const tr_draft_bend_count *empty = tr_draft_bend_count_of(draft, TR_BEND_EMPTY_TRACE);
    CHECK(!empty->has_node && empty->at_ns == TR_TIME_UNKNOWN && empty->trace_id[0] == 2);
    CHECK_TEXT("traces in which nothing happens", tr_draft_bend_kind(TR_BEND_EMPTY_TRACE));
    CHECK(tr_draft_bend_is_dropped(TR_BEND_EMPTY_TRACE) && !tr_draft_bend_is_dropped(TR_BEND_END_BEFORE_START));
    CHECK_UINT(1, tr_draft_stats_of(draft).traces);
    end_draft();
}

static uint8_t number_kind(const char *members) {
    uint8_t kind = UINT8_MAX;
    tr_error error = {""};
    CHECK_INT(TR_OK, tr_draft_number_wait_kind(draft, text_of(members), &kind, &error));
    return kind;
}

/* What says the kind of a wait stands first in the records of both its ends, whichever was added first. */
static void a_resume_has_the_kind_of_its_wait(void) {
    begin_draft(1);
    uint32_t a = add_trace(1, 0, 1, NULL);
    CHECK_UINT(0, number_kind("{\"w\":0}"));
    CHECK_UINT(1, number_kind(NULL));
    CHECK_UINT(2, number_kind("{\"w\":2}"));
    CHECK_UINT(1, number_kind(NULL));
    CHECK_UINT(0, number_kind("{\"w\":0}"));
    ADD(a, TR_TYPE_TRACE_RESUMED, 40, 4);
    add_event((tr_import_event){.trace = a, .type = TR_TYPE_TRACE_RESUMED, .at_ns = 20, .node = 4}, NULL, "{\"x\":1}");
    ADD(a, TR_TYPE_TRACE_RESUMED, 5, 4); /* without a wait */
    ADD(a, TR_TYPE_TRACE_SUSPENDED, 30, 4, .wait_kind = 1);
    ADD(a, TR_TYPE_TRACE_SUSPENDED, 10, 4, .wait_kind = 2);
    write_draft(5, 100);
    CHECK_RECORDS(RECORD(0, 1, 1, 0), RECORD(7, 1, 5, 4, .metadata = "{\"w\":0}"),
                  RECORD(6, 1, 10, 4, .metadata = "{\"w\":2}"), RECORD(7, 1, 20, 4, .metadata = "{\"w\":2,\"x\":1}"),
                  RECORD(6, 1, 30, 4), RECORD(7, 1, 40, 4));
    end_draft();
}

static void kinds_of_waits_are_limited(void) {
    begin_draft(0);
    tr_error error = {""};
    char members[16];
    uint8_t kind = 0;
    for (int number = 0; number <= UINT8_MAX; number++) {
        (void)snprintf(members, sizeof members, "{\"w\":%d}", number);
        CHECK_UINT((uint64_t)number, number_kind(members));
    }
    CHECK_INT(TR_ERROR_INVALID, tr_draft_number_wait_kind(draft, text_of("{\"w\":256}"), &kind, &error));
    CHECK_TEXT("wait: more than 256 kinds of waits", error.message);
    end_draft();
}

/* A wait is an attempt, and an end may follow it directly: that is no end without a start. */
static void a_wait_may_be_ended(void) {
    begin_draft(0);
    uint32_t a = add_trace(1, 0, 1, NULL);
    ADD(a, TR_TYPE_TRACE_SUSPENDED, 10, 4);
    CHECK_UINT(TR_TIME_UNKNOWN, tr_draft_latest_end(draft, a, 4));
    ADD(a, TR_TYPE_TRACE_RESUMED, 20, 4);
    CHECK_UINT(20, tr_draft_latest_end(draft, a, 4));
    ADD(a, TR_TYPE_NODE_DONE, 20, 4);
    ADD(a, TR_TYPE_TRACE_SUSPENDED, 30, 4);
    ADD(a, TR_TYPE_NODE_DONE, 40, 4);
    ADD(a, TR_TYPE_NODE_DONE, 35, 5, .instance = 1);
    ADD(a, TR_TYPE_NODE_DONE, 33, 5, .instance = 2);
    CHECK_UINT(35, tr_draft_latest_end(draft, a, 5));
    close_trace(a, TR_TYPE_TRACE_COMPLETE, 90, NULL, NULL);
    CHECK_UINT(TR_TIME_UNKNOWN, tr_draft_latest_end(draft, a, 5));
    ADD(a, TR_TYPE_NODE_DONE, 60, 6); /* after what is known of the trace was forgotten */
    CHECK_UINT(TR_TIME_UNKNOWN, tr_draft_latest_end(draft, a, 6));
    write_draft(7, 100);
    CHECK_BENDS(0, 3); /* of nodes 5 and 6 */
    end_draft();
}

/* Sources list the end of an attempt first: its start, which is added next, belongs to it. */
static void an_end_may_be_added_first(void) {
    begin_draft(0);
    uint32_t a = add_trace(1, 0, 1, NULL);
    ADD(a, TR_TYPE_NODE_DONE, 20, 0);
    ADD(a, TR_TYPE_NODE_START, 10, 0);
    ADD(a, TR_TYPE_NODE_DONE, 8, 0); /* of the attempt before, whose start comes now */
    ADD(a, TR_TYPE_NODE_START, 4, 0);
    write_draft(1, 100);
    CHECK_RECORDS(RECORD(0, 1, 1, 0), RECORD(1, 1, 4, 0), RECORD(2, 1, 8, 0), RECORD(1, 1, 10, 0), RECORD(2, 1, 20, 0));
    CHECK_BENDS(0);
    end_draft();
}

/* ---- many ---- */

enum { MANY_TRACES = 3000, CHAIN_NODES = 300 };

static void many_traces_are_told_apart(void) {
    uint8_t id[TR_TRACE_ID_BYTES] = {0};
    tr_error error = {""};
    uint32_t trace = 0;
    begin_draft(0);
    for (uint32_t i = 0; i < MANY_TRACES; i++) {
        put_number(id, i, 4);
        CHECK(!tr_draft_find_trace(draft, id, &trace));
        CHECK_INT(TR_OK, tr_draft_add_trace(draft, id, NULL, 10, text_of("{}"), &trace, &error));
        CHECK_UINT(i, trace);
    }
    for (uint32_t i = 0; i < MANY_TRACES; i++) {
        put_number(id, i, 4);
        CHECK(tr_draft_find_trace(draft, id, &trace) && trace == i);
    }
    write_draft(0, 1000);
    CHECK_UINT(MANY_TRACES, tr_draft_stats_of(draft).records);
    end_draft();
}

/* A chain whose nodes are numbered against its direction, all done at one instant, and a circle after it. */
static void a_chain_is_written_in_its_order(void) {
    static written_record expected[2 * (CHAIN_NODES + 2) + 1];
    begin_draft(0);
    uint32_t a = add_trace(1, 0, 7, NULL), node = 0, before = 0;
    for (uint32_t i = 0; i + 1 < CHAIN_NODES; i++) {
        add_edge(i, i + 1);
    }
    add_edge(CHAIN_NODES, CHAIN_NODES + 1);
    add_edge(CHAIN_NODES + 1, CHAIN_NODES);
    CHECK_UINT(CHAIN_NODES + 1, tr_draft_edge_count(draft));
    tr_draft_edge(draft, 200, &node, &before);
    CHECK_UINT(200, node);
    CHECK_UINT(201, before);
    for (uint32_t i = 0; i < CHAIN_NODES + 2; i++) {
        ADD(a, TR_TYPE_NODE_START, 7, i);
        ADD(a, TR_TYPE_NODE_DONE, 7, i);
    }
    write_draft(CHAIN_NODES + 2, 10);
    expected[0] = (written_record)RECORD(0, 1, 7, 0);
    for (uint32_t i = 0; i < CHAIN_NODES + 2; i++) {
        uint32_t at_node = i < CHAIN_NODES ? CHAIN_NODES - 1 - i : i;
        expected[2 * i + 1] = (written_record)RECORD(1, 1, 7, at_node);
        expected[2 * i + 2] = (written_record)RECORD(2, 1, 7, at_node);
    }
    check_records(expected, sizeof expected / sizeof *expected);
    CHECK_BENDS(0);
    end_draft();
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("draft: records come by time, however many are written at once", records_come_by_time);
    check_run("draft: at one instant what ran ends first, then nodes come by their edges, the trace's end last",
              one_instant_has_an_order);
    check_run("draft: several attempts, waits and instances at one instant each have their order",
              an_instant_may_have_several_attempts);
    check_run("draft: traces that begin together stand after their callers", callers_begin_first);
    check_run("draft: what does not fit is bent or dropped, and counted with its first place",
              what_does_not_fit_is_bent);
    check_run("draft: a resume has the kind of its wait", a_resume_has_the_kind_of_its_wait);
    check_run("draft: kinds of waits are limited", kinds_of_waits_are_limited);
    check_run("draft: a wait may be ended by its node's end", a_wait_may_be_ended);
    check_run("draft: an end that is added before its start belongs to it", an_end_may_be_added_first);
    check_run("draft: many traces are told apart", many_traces_are_told_apart);
    check_run("draft: a chain of nodes at one instant is written in its order, circles last",
              a_chain_is_written_in_its_order);
    tr_draft_close(NULL);
    return check_end();
}
