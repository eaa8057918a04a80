/* Nodes that waited for a resume: the engine writes no end for them. */
#include "trace_fixture.h"
#include "tracereel/trace.h"

static void check_attempt(const tr_trace *trace, uint32_t number, tr_outcome outcome, uint64_t start_ns,
                          uint64_t end_ns, bool by_resume) {
    const tr_attempt *found = attempt_of(trace, 4, number);
    REQUIRE(found != NULL);
    CHECK_INT(outcome, found->outcome);
    CHECK_UINT(start_ns, found->start_ns);
    CHECK_UINT(end_ns, found->end_ns);
    CHECK_INT(by_resume, found->by_resume);
}

static tr_node_status status_of_4(const tr_trace *trace) {
    return (tr_node_status)tr_trace_find_node(trace, 4)->status;
}

static void it_is_over_when_another_record_follows(void) {
    static const written_record until_resumed[] = {TRACE_START(100), NODE_DONE(3, 110), SUSPENDED(4, 120),
                                                   RESUMED(500)};
    static const written_record others[] = {NODE_DONE(5, 510), NODE_ERROR(5, 510), NODE_START(5, 510),
                                            SUSPENDED(9, 510), RESUMED(510),       ITERATION(8, 0, 510),
                                            COMPLETE(510),     FAILED(510)};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        tr_traces *traces = tr_traces_new();
        const tr_trace *trace = APPLY(traces, until_resumed);
        check_attempt(trace, 0, TR_OUTCOME_OPEN, 110, 0, false);
        CHECK_INT(TR_NODE_RUNNING, status_of_4(trace));
        trace = apply_record(traces, others[i]);
        check_attempt(trace, 0, TR_OUTCOME_DONE, 110, 500, true);
        CHECK_INT(TR_NODE_DONE, status_of_4(trace));
        CHECK_UINT(10, tr_attempt_duration_ns(trace, tr_trace_find_node(trace, 4), attempt_of(trace, 4, 0)));
        CHECK(attempt_of(trace, 4, 1) == NULL);
        tr_traces_free(traces);
    }
}

/* The engine would run it again after a crash. */
static void to_the_engine_it_is_not_done(void) {
    static const written_record steps[] = {TRACE_START(100),  NODE_DONE(3, 110), NODE_START(4, 115),
                                           SUSPENDED(4, 120), RESUMED(500),      NODE_DONE(5, 510)};
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = APPLY(traces, steps);
    CHECK(!tr_trace_find_node(trace, 4)->is_completed);
    CHECK_UINT(5, trace->last_completed_node);
    CHECK_INT(TR_RECOVERY_RETRY_NODES, tr_trace_recovery(trace).action);
    CHECK_UINT(4, trace->started_nodes[tr_trace_next_started(trace, 0)]);
    tr_traces_free(traces);
}

static void its_own_end_counts_wherever_it_comes(void) {
    static const written_record at_once[] = {TRACE_START(100), NODE_START(4, 110), SUSPENDED(4, 120), RESUMED(500),
                                             NODE_DONE(4, 520)};
    static const written_record later[] = {TRACE_START(100), NODE_START(4, 110), SUSPENDED(4, 120),
                                           RESUMED(500),     NODE_DONE(5, 510),  NODE_DONE(4, 520)};
    static const written_record failed[] = {TRACE_START(100), NODE_START(4, 110), SUSPENDED(4, 120),
                                            RESUMED(500),     NODE_DONE(5, 510),  NODE_ERROR(4, 520)};
    static const struct {
        const written_record *steps;
        size_t count;
        tr_outcome outcome;
    } cases[] = {{at_once, 5, TR_OUTCOME_DONE}, {later, 6, TR_OUTCOME_DONE}, {failed, 6, TR_OUTCOME_ERROR}};
    for (size_t i = 0; i < 3; i++) {
        tr_traces *traces = tr_traces_new();
        const tr_trace *trace = apply_records(traces, cases[i].steps, cases[i].count);
        check_attempt(trace, 0, cases[i].outcome, 110, 520, false);
        CHECK_UINT(30, tr_attempt_duration_ns(trace, tr_trace_find_node(trace, 4), attempt_of(trace, 4, 0)));
        CHECK(attempt_of(trace, 4, 1) == NULL);
        CHECK_INT(cases[i].outcome == TR_OUTCOME_DONE, tr_trace_find_node(trace, 4)->is_completed);
        CHECK_UINT(cases[i].steps[4].node_id == 5, trace->violations_seen != 0); /* 5 was not started */
        tr_traces_free(traces);
    }
}

/* As the engine does after a crash that follows the approval. */
static void waiting_again_is_another_attempt(void) {
    static const written_record steps[] = {TRACE_START(100), SUSPENDED(4, 120), RESUMED(500), NODE_DONE(5, 510),
                                           RESUMED(600),     SUSPENDED(4, 610), RESUMED(900), COMPLETE(910)};
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = APPLY(traces, steps);
    check_attempt(trace, 0, TR_OUTCOME_DONE, 100, 500, true);
    check_attempt(trace, 1, TR_OUTCOME_DONE, 600, 900, true);
    CHECK_UINT(20, tr_attempt_duration_ns(trace, tr_trace_find_node(trace, 4), attempt_of(trace, 4, 0)));
    CHECK_UINT(10, tr_attempt_duration_ns(trace, tr_trace_find_node(trace, 4), attempt_of(trace, 4, 1)));
    CHECK_UINT(0, trace->violations_seen);
    tr_traces_free(traces);
}

static void starting_again_is_another_attempt(void) {
    static const written_record steps[] = {TRACE_START(100), NODE_START(4, 110), SUSPENDED(4, 120),
                                           RESUMED(500),     NODE_START(4, 600), NODE_DONE(4, 650)};
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = APPLY(traces, steps);
    check_attempt(trace, 0, TR_OUTCOME_DONE, 110, 500, true);
    check_attempt(trace, 1, TR_OUTCOME_DONE, 600, 650, false);
    tr_traces_free(traces);
}

static void a_trace_that_closes_has_no_running_node_in_it(void) {
    static const written_record waited[] = {TRACE_START(100), NODE_START(4, 110), SUSPENDED(4, 120), RESUMED(500),
                                            COMPLETE(510)};
    static const written_record runs[] = {TRACE_START(100),  NODE_START(4, 110), NODE_START(5, 115),
                                          SUSPENDED(4, 120), RESUMED(500),       COMPLETE(510)};
    tr_traces *traces = tr_traces_new();
    CHECK_UINT(0, APPLY(traces, waited)->violations_seen);
    CHECK_UINT(TR_VIOLATION_COMPLETE_WHILE_RUNNING, APPLY(traces, runs)->violations_seen);
    tr_traces_free(traces);
}

/* Only a suspended node is done, and only by a resume. */
static void what_does_not_end_it(void) {
    static const written_record replaced[] = {TRACE_START(100), SUSPENDED(4, 120), SUSPENDED(9, 200), RESUMED(500),
                                              NODE_DONE(5, 510)};
    static const written_record failed[] = {TRACE_START(100), SUSPENDED(4, 120), NODE_ERROR(4, 130), RESUMED(500),
                                            NODE_DONE(5, 510)};
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = APPLY(traces, replaced);
    check_attempt(trace, 0, TR_OUTCOME_OPEN, 100, 0, false);
    CHECK(attempt_of(trace, 9, 0)->by_resume);
    tr_traces_free(traces);
    traces = tr_traces_new();
    trace = APPLY(traces, failed);
    check_attempt(trace, 0, TR_OUTCOME_ERROR, 100, 130, false);
    CHECK_INT(TR_NODE_ERROR, status_of_4(trace));
    tr_traces_free(traces);
}

/* The beginning of its wait is unknown. */
static void where_only_a_snapshot_knew_of_it(void) {
    tr_snapshot_trace from = {.is_suspended = true, .suspended_at = 4};
    memset(from.trace_id, 1, sizeof from.trace_id);
    tr_snapshot snapshot = {.trace_count = 1, .traces = &from};
    static const written_record steps[] = {RESUMED(500), NODE_DONE(5, 510)};
    tr_traces *traces = tr_traces_new();
    CHECK_INT(TR_OK, tr_traces_seed(traces, &snapshot));
    const tr_trace *trace = APPLY(traces, steps);
    check_attempt(trace, 0, TR_OUTCOME_DONE, 500, 500, true);
    CHECK(attempt_of(trace, 4, 0)->cut);
    CHECK_INT(TR_NODE_DONE, status_of_4(trace));
    tr_traces_free(traces);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a node that waited is done with the resume if any other record follows",
              it_is_over_when_another_record_follows);
    check_run("to the engine a node that waited is not done", to_the_engine_it_is_not_done);
    check_run("a written end of a node that waited counts instead of the resume", its_own_end_counts_wherever_it_comes);
    check_run("a node that waits again after its wait begins another attempt", waiting_again_is_another_attempt);
    check_run("a node that is started again after its wait begins another attempt", starting_again_is_another_attempt);
    check_run("a node that waited is not running when its trace completes",
              a_trace_that_closes_has_no_running_node_in_it);
    check_run("a wait that another one replaced, and one that failed, do not end with the resume",
              what_does_not_end_it);
    check_run("of a wait known only from a snapshot the end is known and the beginning is not",
              where_only_a_snapshot_knew_of_it);
    return check_end();
}
