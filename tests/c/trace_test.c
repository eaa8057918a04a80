#include "tracereel/trace.h"

#include "trace/shape.h"
#include "trace_fixture.h"

enum { STEPS_MAX = 12 };

static const uint8_t id_1[TR_TRACE_ID_BYTES] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

/* Applies a history that ends at the first step of type 0 and time 0. Returns the trace after the last step; the
 * violations of the last step in `*last`, those of the steps before it in `*before`. */
static tr_trace *apply(tr_traces *traces, const written_record *steps, uint32_t *before, uint32_t *last) {
    tr_trace *trace = NULL;
    *before = 0;
    *last = 0;
    for (int i = 0; i < STEPS_MAX && (steps[i].type != 0 || steps[i].timestamp_ns != 0); i++) {
        *before |= *last;
        trace = apply_with(traces, steps[i], false, last);
    }
    return trace;
}

/* --- memory --- */

static void memory_is_counted(void) {
    enum { TRACES = 100, MIN_BYTES = sizeof(tr_trace) };
    tr_traces *traces = tr_traces_new();
    uint32_t violations = 0;
    size_t empty_bytes = tr_traces_memory_bytes(traces);
    CHECK(empty_bytes > 0);
    for (int i = 0; i < TRACES; i++) {
        size_t before = tr_traces_memory_bytes(traces);
        apply_with(traces, (written_record){.type = 0, .trace = (uint8_t)i, .timestamp_ns = 1}, false, &violations);
        CHECK(tr_traces_memory_bytes(traces) >= before + MIN_BYTES);
    }
    for (int i = 0; i < TRACES; i++) {
        apply_with(traces, (written_record){.type = 4, .trace = (uint8_t)i, .timestamp_ns = 2}, false, &violations);
    }
    size_t closed_bytes = tr_traces_memory_bytes(traces);
    apply_with(traces, (written_record){.type = 8, .trace = 1, .timestamp_ns = 3}, false, &violations);
    CHECK(tr_traces_memory_bytes(traces) < closed_bytes);
    /* Only the table itself is left. */
    CHECK(tr_traces_memory_bytes(traces) < empty_bytes + (size_t)TRACES * MIN_BYTES);
    tr_traces_free(traces);
}

/* A whole trace of so many nodes, each of which starts and is done, and what of the memory its first node took. */
static size_t run_trace(tr_traces *traces, uint8_t number, uint32_t node_count) {
    uint32_t violations = 0;
    size_t first_node_bytes = 0;
    const tr_trace *trace = NULL;
    apply_with(traces, (written_record){.type = 0, .trace = number, .timestamp_ns = 1}, false, &violations);
    for (uint32_t node = 0; node < node_count; node++) {
        size_t before = tr_traces_memory_bytes(traces);
        apply_with(traces, (written_record){.type = 1, .trace = number, .node_id = node, .timestamp_ns = node + 2},
                   false, &violations);
        first_node_bytes = node == 0 ? tr_traces_memory_bytes(traces) - before : first_node_bytes;
        trace = apply_with(traces, (written_record){.type = 2, .trace = number, .node_id = node, .timestamp_ns = 1000},
                           false, &violations);
    }
    CHECK_UINT(node_count, trace->node_count);
    CHECK_UINT(node_count, trace->attempt_count);
    for (uint32_t node = 0; node < node_count; node++) {
        CHECK_UINT(node, tr_trace_find_node(trace, node)->node_id);
    }
    apply_with(traces, (written_record){.type = 4, .trace = number, .timestamp_ns = 2000}, false, &violations);
    CHECK_UINT(0, violations);
    apply_with(traces, (written_record){.type = 8, .trace = number, .timestamp_ns = 2000}, false, &violations);
    return first_node_bytes;
}

/* Shorter, as long, longer than what was usual until then, and above what counts as usual. All of it is given back. */
static void lists_begin_as_long_as_is_usual(void) {
    static const uint32_t counts[] = {1, 2, 3, 7, 8, 9, 11, 12, 13, 24, 40, 1};
    tr_traces *traces = tr_traces_new();
    size_t first_bytes = run_trace(traces, 0, 7);
    size_t empty_bytes = tr_traces_memory_bytes(traces);
    for (uint8_t i = 1; i <= 20; i++) {
        run_trace(traces, i, 7);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        /* Room for the usual seven, rounded up to eight, in place of two nodes and two attempts. */
        CHECK_UINT(first_bytes + 6 * (sizeof(tr_node) + sizeof(tr_attempt)), run_trace(traces, 99, counts[i]));
        run_trace(traces, 98, 7);
        CHECK_UINT(empty_bytes, tr_traces_memory_bytes(traces));
    }
    tr_traces_free(traces);
}

/* --- violations --- */

typedef struct history {
    uint32_t expected; /* violations of the last step; earlier steps have none */
    written_record steps[STEPS_MAX];
} history;

static void check_histories(const history *histories, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t before, last;
        tr_traces *traces = tr_traces_new();
        const tr_trace *trace = apply(traces, histories[i].steps, &before, &last);
        CHECK_UINT(0, before);
        CHECK_UINT(histories[i].expected, last);
        CHECK(trace == NULL || trace->violations_seen == last);
        tr_traces_free(traces);
    }
}

#define CHECK_HISTORIES(histories) check_histories(histories, sizeof(histories) / sizeof *(histories))

static void each_violation(void) {
    static const history histories[] = {
        {TR_VIOLATION_TRACE_NOT_OPEN, {NODE_DONE(1, 5)}},
        {TR_VIOLATION_TRACE_NOT_OPEN, {TRACE_START(1), COMPLETE(2), NODE_DONE(1, 3)}},
        {TR_VIOLATION_TRACE_NOT_OPEN, {TRACE_START(1), FAILED(2), COMPLETE(3)}},
        {TR_VIOLATION_TRACE_RESTARTED, {TRACE_START(1), TRACE_START(2)}},
        {TR_VIOLATION_DONE_WITHOUT_START, {TRACE_START(1), NODE_START(1, 2), NODE_DONE(2, 3)}},
        {TR_VIOLATION_DONE_WITHOUT_START, {TRACE_START(1), NODE_START(1, 2), NODE_DONE(1, 3), NODE_DONE(1, 4)}},
        {TR_VIOLATION_DONE_WITHOUT_START, {TRACE_START(1), NODE_START(1, 2), NODE_ERROR(2, 3)}},
        {TR_VIOLATION_EXIT_WITHOUT_ITERATION, {TRACE_START(1), EXIT(8, 1, 2)}},
        {TR_VIOLATION_EXIT_WITHOUT_ITERATION, {TRACE_START(1), ITERATION(8, 0, 2), EXIT(8, 1, 3), EXIT(8, 1, 4)}},
        {TR_VIOLATION_ITERATION_SKIPPED, {TRACE_START(1), ITERATION(8, 1, 2)}},
        {TR_VIOLATION_ITERATION_SKIPPED, {TRACE_START(1), ITERATION(8, 0, 2), ITERATION(8, 2, 3)}},
        {TR_VIOLATION_COMPLETE_WHILE_RUNNING, {TRACE_START(1), NODE_START(1, 2), COMPLETE(3)}},
        {TR_VIOLATION_COMPLETE_WHILE_SUSPENDED, {TRACE_START(1), SUSPENDED(4, 2), COMPLETE(3)}},
        {TR_VIOLATION_SUSPENDED_TWICE, {TRACE_START(1), SUSPENDED(4, 2), SUSPENDED(4, 3)}},
        {TR_VIOLATION_TIME_BACKWARDS, {TRACE_START(5), NODE_DONE(1, 4)}},
        {TR_VIOLATION_TIME_BACKWARDS, {TRACE_START(1), NODE_START(1, 5), NODE_DONE(1, 4)}},
        {TR_VIOLATION_TIME_BACKWARDS, {TRACE_START(1), NODE_START(1, 5), NODE_ERROR(1, 4)}},
        {TR_VIOLATION_TIME_BACKWARDS, {TRACE_START(1), SUSPENDED(4, 5), RESUMED(4)}},
        {TR_VIOLATION_TIME_BACKWARDS, {TRACE_START(1), NODE_DONE(1, 5), COMPLETE(4)}}};
    CHECK_HISTORIES(histories);
}

static void what_is_no_violation(void) {
    static const history histories[] = {
        /* the clock stepped back after node 1, so that 4 seems to have been ready at 5: no record says so */
        {0, {TRACE_START(1), NODE_DONE(1, 5), SUSPENDED(4, 3), RESUMED(4), NODE_DONE(4, 4)}},
        {0, {TRACE_START(1), NODE_START(1, 2), NODE_START(1, 3), NODE_DONE(1, 4), COMPLETE(5)}}, /* a retry */
        {0, {TRACE_START(1), NODE_START(3, 2), NODE_ERROR(3, 3), NODE_START(3, 4), NODE_DONE(3, 5), COMPLETE(6)}},
        {0,
         {TRACE_START(1), NODE_DONE(1, 2), NODE_DONE(1, 3), COMPLETE(4)}}, /* run again, when no starts are written */
        {0, {TRACE_START(1), NODE_ERROR(1, 2), NODE_DONE(1, 3), COMPLETE(4)}},
        {0, {TRACE_START(1), NODE_DONE(1, 2), NODE_START(2, 3), NODE_DONE(2, 4), COMPLETE(5)}},
        {0, {TRACE_START(1), RESUMED(2), NODE_DONE(1, 3), COMPLETE(4)}}, /* recovery resumes every trace */
        {0, {TRACE_START(1), NODE_START(4, 2), SUSPENDED(4, 3), RESUMED(4), NODE_DONE(4, 5), COMPLETE(6)}},
        {0, {TRACE_START(1), SUSPENDED(4, 2), RESUMED(3), SUSPENDED(4, 4)}},
        {0, {TRACE_START(1), SUSPENDED(4, 2), FAILED(3)}},
        {0, {TRACE_START(1), NODE_START(1, 2), FAILED(3)}},
        {0, {TRACE_START(1), NODE_START(1, 5), NODE_START(2, 4), NODE_DONE(2, 5), NODE_DONE(1, 6)}}, /* threads */
        {0, {TRACE_START(1), ITERATION(8, 0, 2), ITERATION(8, 1, 3), EXIT(8, 2, 4), ITERATION(8, 0, 5), EXIT(8, 1, 6)}},
        {0, {TRACE_START(1), ITERATION(8, 0, 2), ITERATION(8, 1, 3), ITERATION(8, 1, 4)}}, /* again, after recovery */
        {0, {TRACE_START(1), NODE_START(8, 2), ITERATION(8, 0, 3), EXIT(8, 1, 4), NODE_DONE(8, 5), COMPLETE(6)}},
        {0, {TRACE_START(1), NODE_START(8, 2), ITERATION(8, 0, 3), NODE_DONE(8, 5), COMPLETE(6)}},
        {0, {TRACE_START(1), NODE_START(4, 2), SUSPENDED(4, 3), NODE_ERROR(4, 4)}},
        {0, {TRACE_START(1), CHECKPOINT(2), COMPLETE(3)}},
        {0, {TRACE_START(1), COMPLETE(2), TRACE_START(3), COMPLETE(4)}}};
    CHECK_HISTORIES(histories);
}

static void checkpoints_are_of_no_trace(void) {
    uint32_t violations;
    tr_traces *traces = tr_traces_new();
    CHECK(apply_with(traces, (written_record){.type = 8, .trace = 9}, false, &violations) == NULL);
    CHECK_UINT(0, violations);
    CHECK_UINT(0, tr_traces_open_count(traces));
    tr_traces_free(traces);
}

/* What happened before a snapshot is unknown, so that nothing can be called missing. */
static void traces_of_a_snapshot(void) {
    static const uint32_t started[] = {3};
    static const tr_snapshot_node completed[] = {
        {.node_id = 1, .output_offset = 128, .output_size = 9, .schema_hash = 5}};
    tr_snapshot_trace from = {.is_suspended = true,
                              .suspended_at = 4,
                              .has_last_completed_node = true,
                              .last_completed_node = 1,
                              .started_count = 1,
                              .completed_count = 1,
                              .started_nodes = started,
                              .completed_nodes = completed};
    memcpy(from.trace_id, id_1, sizeof id_1);
    tr_snapshot snapshot = {.trace_count = 1, .traces = &from};
    static const written_record steps[] = {RESUMED(10),         NODE_DONE(4, 20), NODE_DONE(3, 30), ITERATION(8, 5, 40),
                                           ITERATION(8, 6, 50), EXIT(8, 7, 60),   NODE_DONE(2, 70), COMPLETE(80)};
    tr_traces *traces = tr_traces_new();
    CHECK_INT(TR_OK, tr_traces_seed(traces, &snapshot));
    const tr_trace *trace = tr_traces_find(traces, id_1);
    REQUIRE(trace != NULL);
    CHECK(trace->from_snapshot && trace->status == TR_TRACE_SUSPENDED && trace->start_ns == 0);
    CHECK_INT(TR_RECOVERY_AWAIT_RESUME, tr_trace_recovery(trace).action);
    CHECK_UINT(9, tr_trace_find_node(trace, 1)->output_size);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        uint32_t violations;
        trace = apply_with(traces, steps[i], false, &violations);
        CHECK_UINT(0, violations);
    }
    CHECK_INT(TR_TRACE_COMPLETE, trace->status);
    tr_traces_free(traces);
    traces = tr_traces_new();
    CHECK_INT(TR_OK, tr_traces_seed(traces, &snapshot));
    uint32_t violations;
    apply_with(traces, (written_record)EXIT(8, 7, 60), false, &violations); /* its iterations came earlier */
    CHECK_UINT(0, violations);
    apply_with(traces, (written_record)ITERATION(8, 0, 61), false, &violations);
    apply_with(traces, (written_record)EXIT(8, 1, 62), false, &violations);
    CHECK_UINT(0, violations);
    apply_with(traces, (written_record)EXIT(8, 1, 63), false, &violations);
    CHECK_UINT(TR_VIOLATION_EXIT_WITHOUT_ITERATION, violations);
    tr_traces_free(traces);
}

/* --- attempts and times --- */

static void check_attempt(const tr_trace *trace, uint32_t node_id, uint32_t number, uint64_t start_ns, uint64_t end_ns,
                          tr_outcome outcome, bool estimated, uint64_t duration_ns) {
    const tr_attempt *found = attempt_of(trace, node_id, number);
    REQUIRE(found != NULL);
    CHECK_UINT(start_ns, found->start_ns);
    CHECK_UINT(end_ns, found->end_ns);
    CHECK_INT(outcome, found->outcome);
    CHECK_INT(estimated, found->estimated);
    CHECK_UINT(duration_ns, tr_attempt_duration_ns(trace, tr_trace_find_node(trace, node_id), found));
}

static void attempts_have_ends_and_durations(void) {
    static const written_record steps[STEPS_MAX] = {TRACE_START(100),   NODE_START(1, 110), NODE_DONE(1, 150),
                                                    NODE_START(3, 160), NODE_START(3, 200), NODE_ERROR(3, 230),
                                                    NODE_START(3, 300), NODE_START(2, 310)};
    uint32_t before, last;
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = apply(traces, steps, &before, &last);
    CHECK(attempt_of(trace, 3, 3) == NULL);
    check_attempt(trace, 1, 0, 110, 150, TR_OUTCOME_DONE, false, 40);
    check_attempt(trace, 3, 0, 160, 200, TR_OUTCOME_ABANDONED, false, 40);
    check_attempt(trace, 3, 1, 200, 230, TR_OUTCOME_ERROR, false, 30);
    check_attempt(trace, 3, 2, 300, 0, TR_OUTCOME_OPEN, false, 0);
    CHECK_INT(TR_NODE_RUNNING, tr_trace_find_node(trace, 3)->status);
    uint32_t violations;
    trace = apply_with(traces, (written_record)FAILED(400), false, &violations);
    check_attempt(trace, 3, 2, 300, 400, TR_OUTCOME_ABANDONED, false, 100);
    CHECK_UINT(2, trace->error_list_count);
    CHECK_UINT(1, trace->error_count);
    CHECK(trace->errors[1].is_trace_failure && !trace->errors[0].is_trace_failure);
    CHECK_BYTES("gave up", 7, trace->errors[1].message, trace->errors[1].message_bytes);
    tr_traces_free(traces);
}

/* Without node_start: from the latest event that can have made the node ready. */
static void starts_are_estimated_where_none_are_written(void) {
    static const written_record steps[STEPS_MAX] = {
        TRACE_START(100),  NODE_DONE(0, 110),    NODE_DONE(1, 150),  SUSPENDED(4, 160), RESUMED(900),
        NODE_DONE(4, 930), ITERATION(8, 0, 940), NODE_ERROR(3, 950), EXIT(8, 1, 960),   NODE_DONE(5, 980)};
    uint32_t before, last;
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = apply(traces, steps, &before, &last);
    check_attempt(trace, 0, 0, 100, 110, TR_OUTCOME_DONE, true, 10);
    check_attempt(trace, 1, 0, 110, 150, TR_OUTCOME_DONE, true, 40);
    check_attempt(trace, 4, 0, 150, 930, TR_OUTCOME_DONE, true, 780 - 740);
    check_attempt(trace, 3, 0, 940, 950, TR_OUTCOME_ERROR, true, 10);
    check_attempt(trace, 5, 0, 960, 980, TR_OUTCOME_DONE, true, 20);
    tr_traces_free(traces);
}

/* Time that a trace waits at one node does not count for that node, but does for others. */
static void suspensions_are_no_working_time(void) {
    static const written_record steps[STEPS_MAX] = {TRACE_START(100),  NODE_START(4, 110), NODE_START(5, 115),
                                                    SUSPENDED(4, 120), RESUMED(220),       SUSPENDED(4, 230),
                                                    RESUMED(530),      NODE_DONE(4, 540),  NODE_DONE(5, 545)};
    /* suspended again at 230: what came before is another attempt, and the next was ready when that was over */
    uint32_t before, last;
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = apply(traces, steps, &before, &last);
    CHECK_UINT(2, trace->suspension_count);
    check_attempt(trace, 4, 0, 110, 220, TR_OUTCOME_DONE, false, 110 - 100);
    check_attempt(trace, 4, 1, 220, 540, TR_OUTCOME_DONE, true, 320 - 300);
    check_attempt(trace, 5, 0, 115, 545, TR_OUTCOME_DONE, false, 430);
    tr_traces_free(traces);
}

/* A trace waits at one node: a second suspension ends the first, also at its node. */
static void a_second_suspension_ends_the_first(void) {
    static const written_record steps[STEPS_MAX] = {TRACE_START(100),  NODE_START(4, 110), NODE_START(5, 115),
                                                    SUSPENDED(4, 120), SUSPENDED(5, 150),  RESUMED(220)};
    uint32_t before, last;
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = apply(traces, steps, &before, &last);
    CHECK_INT(TR_NODE_RUNNING, tr_trace_find_node(trace, 4)->status);
    CHECK_INT(TR_NODE_RUNNING, tr_trace_find_node(trace, 5)->status);
    CHECK_UINT(150, trace->suspensions[0].end_ns);
    CHECK_UINT(220, trace->suspensions[1].end_ns);
    tr_traces_free(traces);
}

/* --- taint --- */

static tr_trace *apply_all(tr_traces *traces, const written_record *steps) {
    uint32_t before, last;
    return apply(traces, steps, &before, &last);
}

static void what_was_waited_is_no_duration(void) {
    static const written_record steps[STEPS_MAX] = {TRACE_START(1), NODE_START(4, 10), SUSPENDED(4, 10), RESUMED(20),
                                                    NODE_DONE(4, 20)};
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = apply_all(traces, steps);
    const tr_node *node = tr_trace_find_node(trace, 4);
    CHECK_UINT(0, tr_attempt_duration_ns(trace, node, tr_trace_last_attempt(trace, node)));
    tr_traces_free(traces);
}

static void an_exit_is_no_iteration(void) {
    static const written_record steps[STEPS_MAX] = {TRACE_START(1), ITERATION(8, 0, 2), ITERATION(8, 1, 3),
                                                    EXIT(8, 2, 4)};
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = apply_all(traces, steps);
    CHECK_UINT(2, tr_trace_loop_iterations(trace, tr_trace_find_node(trace, 8)));
    tr_traces_free(traces);
}

static void where_it_waits_is_part_of_a_shape(void) {
    static const written_record at_4[STEPS_MAX] = {TRACE_START(1), NODE_DONE(4, 2), NODE_DONE(5, 3), SUSPENDED(4, 4)};
    static const written_record at_5[STEPS_MAX] = {TRACE_START(1), NODE_DONE(4, 2), NODE_DONE(5, 3), SUSPENDED(5, 4)};
    static const written_record later[STEPS_MAX] = {TRACE_START(7), NODE_DONE(4, 8), NODE_DONE(5, 9), SUSPENDED(4, 10)};
    static const written_record *const all[] = {at_4, at_5, later};
    uint64_t shapes[3];
    for (size_t i = 0; i < 3; i++) {
        tr_traces *traces = tr_traces_new();
        shapes[i] = tr_trace_shape(apply_all(traces, all[i]));
        tr_traces_free(traces);
    }
    CHECK(shapes[0] != shapes[1]);
    CHECK(shapes[0] == shapes[2]);
}

static void taint(void) {
    uint32_t violations;
    tr_traces *traces = tr_traces_new();
    tr_trace *open = apply_with(traces, (written_record)TRACE_START(1), false, &violations);
    CHECK(!tr_trace_is_tainted(open));
    tr_traces_note_damage(traces);
    CHECK(tr_trace_is_tainted(open)); /* it was open across damage */
    const tr_trace *later = apply_with(traces, (written_record){.type = 0, .trace = 2}, false, &violations);
    CHECK(!tr_trace_is_tainted(later));
    later = apply_with(traces, (written_record){.type = 2, .trace = 2}, true, &violations);
    CHECK_UINT(TR_VIOLATION_SUSPECT_RECORD, violations);
    CHECK(tr_trace_is_tainted(later));
    open =
        apply_with(traces, (written_record)TRACE_START(2), false, &violations); /* everything about it is known again */
    CHECK(!tr_trace_is_tainted(open));
    CHECK_UINT(1, open->restart_count);
    apply_with(traces, (written_record)EXIT(8, 1, 3), false, &violations);
    open = apply_with(traces, (written_record)TRACE_START(4), false, &violations); /* violations that were seen stay */
    CHECK_UINT(TR_VIOLATION_TRACE_RESTARTED | TR_VIOLATION_EXIT_WITHOUT_ITERATION, open->violations_seen);
    tr_traces_free(traces);
}

static void names(void) {
    static const char *const violations[] = {
        "trace_not_open",    "trace_restarted",        "done_without_start",       "exit_without_iteration",
        "iteration_skipped", "complete_while_running", "complete_while_suspended", "suspended_twice",
        "time_backwards",    "suspect_record"};
    for (unsigned bit = 0; bit < TR_VIOLATION_COUNT; bit++) {
        CHECK_TEXT(violations[bit], tr_violation_name(bit));
        CHECK(tr_violation_meaning(bit) != NULL);
    }
    CHECK_TEXT(NULL, tr_violation_name(TR_VIOLATION_COUNT));
    CHECK_TEXT(NULL, tr_violation_meaning(TR_VIOLATION_COUNT));
    CHECK_TEXT("suspended", tr_trace_status_name(TR_TRACE_SUSPENDED));
    CHECK_TEXT("looping", tr_node_status_name(TR_NODE_LOOPING));
    CHECK_TEXT("abandoned", tr_outcome_name(TR_OUTCOME_ABANDONED));
    CHECK_TEXT(NULL, tr_node_status_name(TR_NODE_STATUS_COUNT));
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("each violation is seen in the smallest history that has it", each_violation);
    check_run("retries, repeats, recovery and threads are not violations", what_is_no_violation);
    check_run("a checkpoint belongs to no trace", checkpoints_are_of_no_trace);
    check_run("a trace from a snapshot continues without violations", traces_of_a_snapshot);
    check_run("every attempt has an end, an outcome and a duration", attempts_have_ends_and_durations);
    check_run("starts that are not written are estimated", starts_are_estimated_where_none_are_written);
    check_run("waiting does not count as run time of the node that waits", suspensions_are_no_working_time);
    check_run("a second suspension ends the first", a_second_suspension_ends_the_first);
    check_run("an attempt that was suspended all the time has no duration", what_was_waited_is_no_duration);
    check_run("a loop's exit is not an iteration", an_exit_is_no_iteration);
    check_run("traces that wait at different nodes differ in shape, those at other times do not",
              where_it_waits_is_part_of_a_shape);
    check_run("damage and suspect records taint a trace, and a restart removes the taint", taint);
    check_run("the memory of open traces is counted", memory_is_counted);
    check_run("lists of a trace begin as long as those of the traces before became", lists_begin_as_long_as_is_usual);
    check_run("statuses, outcomes and violations have names", names);
    return check_end();
}
