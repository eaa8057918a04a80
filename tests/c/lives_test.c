/* What is measured of restarted traces, and of records that tracereel wrote. */
#include "trace_fixture.h"

#define BY_PLAN "{\"tracereel\":{\"plan\":\"p\"}}"
#define PLANNED(number, node, time)                                                                                    \
    { .type = (number), .trace = 1, .node_id = (node), .timestamp_ns = (time), .metadata = BY_PLAN }

static tr_traces *measuring(void) {
    tr_traces *traces = tr_traces_new();
    tr_traces_measure(traces);
    return traces;
}

static const uint8_t *id_of_trace(tr_traces *traces) {
    static uint8_t id[TR_TRACE_ID_BYTES];
    tr_trace **open = tr_traces_sorted(traces);
    memcpy(id, open[0]->id, sizeof id);
    free(open);
    return id;
}

static void what_was_open_is_abandoned(void) {
    static const written_record records[] = {TRACE_START(10), NODE_START(1, 20), SUSPENDED(4, 30), ITERATION(8, 0, 40),
                                             TRACE_START(100)};
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = APPLY(traces, records);
    CHECK_UINT(10, trace->start_ns);
    CHECK_UINT(1, trace->restart_count);
    CHECK_UINT(2, trace->attempt_count);
    CHECK_INT(TR_OUTCOME_ABANDONED, trace->attempts[0].outcome);
    CHECK_UINT(40, trace->attempts[0].end_ns); /* the last that is known of the first life */
    CHECK_INT(TR_OUTCOME_ABANDONED, trace->suspensions[0].outcome);
    CHECK(trace->loop_events[0].is_abandoned);
    CHECK(!trace->is_suspended);
    CHECK_INT(TR_RECOVERY_RESUME_FROM, tr_trace_recovery(trace).action);
    tr_traces_free(traces);
}

static void a_plan_changes_the_engines_view_alone(void) {
    static const written_record before[] = {TRACE_START(10), NODE_DONE(1, 20), SUSPENDED(4, 30)};
    tr_traces *traces = tr_traces_new();
    (void)APPLY(traces, before);
    const tr_trace *trace = apply_record(traces, (written_record)PLANNED(6, UINT32_MAX, 100));
    CHECK_UINT(UINT32_MAX, trace->suspended_at);
    CHECK_UINT(100, trace->suspended_since_ns);
    CHECK_UINT(2, trace->node_count); /* a hold is at no node */
    trace = apply_record(traces, (written_record)PLANNED(2, 5, 110));
    CHECK(tr_trace_find_node(trace, 5)->is_completed);
    CHECK_UINT(2, trace->attempt_count);
    CHECK_UINT(1, trace->suspension_count);
    CHECK_INT(TR_OUTCOME_OPEN, trace->suspensions[0].outcome);
    CHECK_UINT(30, trace->last_ns);
    CHECK_UINT(5, trace->record_count);
    tr_traces_free(traces);
}

/* Closed by a plan and opened again by its undo: the measured view is kept, in either kind of table. */
static void a_closed_trace_is_kept_for_its_undo(void) {
    static const written_record before[] = {TRACE_START(10), NODE_ERROR(3, 20)};
    tr_traces *traces = tr_traces_new();
    (void)APPLY(traces, before);
    const tr_trace *trace = apply_record(traces, (written_record)PLANNED(5, 0, 100));
    CHECK_INT(TR_TRACE_FAILED, trace->status);
    CHECK(trace->closed_by_tracereel);
    CHECK_UINT(0, tr_traces_open_count(traces));
    CHECK(tr_traces_sorted(traces) == NULL);
    uint32_t violations;
    CHECK(apply_with(traces, (written_record)NODE_DONE(4, 105), false, &violations) == NULL);
    CHECK_UINT(TR_VIOLATION_TRACE_NOT_OPEN, violations);
    trace = apply_with(traces, (written_record)PLANNED(0, 0, 110), false, &violations);
    CHECK_UINT(0, violations);
    CHECK_INT(TR_TRACE_RUNNING, trace->status);
    CHECK_UINT(10, trace->start_ns);
    CHECK_UINT(1, trace->attempt_count);
    CHECK_UINT(1, tr_traces_open_count(traces));
    tr_traces_free(traces);
}

static void where_only_what_ran_counts_a_plan_closes_nothing(void) {
    static const written_record records[] = {TRACE_START(10), NODE_DONE(1, 20), PLANNED(5, 0, 100)};
    tr_traces *traces = measuring();
    CHECK(APPLY(traces, records) == NULL);
    CHECK(tr_traces_left_out(traces));
    const tr_trace *trace = tr_traces_find(traces, id_of_trace(traces));
    CHECK_INT(TR_TRACE_RUNNING, trace->status);
    CHECK(trace->closed_by_tracereel);
    CHECK_UINT(2, trace->record_count);
    CHECK_UINT(20, trace->last_ns);
    tr_traces_free(traces);
}

/* A plan restarted the trace: that shows once something has run. */
static void a_planned_restart_counts_when_it_ran(void) {
    static const written_record records[] = {TRACE_START(10), NODE_DONE(1, 20), NODE_START(3, 30), PLANNED(0, 0, 100)};
    tr_traces *traces = measuring();
    (void)APPLY(traces, records);
    const tr_trace *trace = tr_traces_find(traces, id_of_trace(traces));
    CHECK_UINT(0, trace->restart_count);
    CHECK_INT(TR_OUTCOME_OPEN, trace->attempts[1].outcome);
    trace = apply_record(traces, (written_record)RESUMED(200));
    CHECK_UINT(1, trace->restart_count);
    CHECK_INT(TR_OUTCOME_ABANDONED, trace->attempts[1].outcome);
    CHECK_UINT(30, trace->attempts[1].end_ns);
    trace = apply_record(traces, (written_record)NODE_DONE(1, 250));
    CHECK_UINT(200, trace->attempts[2].start_ns);
    tr_traces_free(traces);
}

/* Restarted, and undone: what was open continues as if nothing had happened. */
static void an_undone_restart_abandons_nothing(void) {
    static const written_record records[] = {TRACE_START(10),    NODE_DONE(1, 20),   NODE_START(3, 30),
                                             SUSPENDED(4, 40),   PLANNED(0, 0, 100), PLANNED(0, 0, 110),
                                             PLANNED(2, 1, 110), PLANNED(1, 3, 110), PLANNED(1, 4, 110),
                                             SUSPENDED(4, 110),  RESUMED(200)};
    tr_traces *traces = measuring();
    const tr_trace *trace = APPLY(traces, records);
    CHECK_UINT(0, trace->restart_count);
    CHECK_UINT(1, trace->suspension_count);
    CHECK_INT(TR_OUTCOME_DONE, trace->suspensions[0].outcome);
    CHECK_UINT(40, trace->suspensions[0].start_ns);
    CHECK_UINT(200, trace->suspensions[0].end_ns);
    CHECK_INT(TR_OUTCOME_OPEN, trace->attempts[1].outcome);
    tr_traces_free(traces);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("what was open when a trace was restarted is abandoned", what_was_open_is_abandoned);
    check_run("a plan changes only the engine's view", a_plan_changes_the_engines_view_alone);
    check_run("a trace that a plan closed is kept for its undo", a_closed_trace_is_kept_for_its_undo);
    check_run("when only what ran counts, a plan closes nothing", where_only_what_ran_counts_a_plan_closes_nothing);
    check_run("a planned restart counts once something has run after it", a_planned_restart_counts_when_it_ran);
    check_run("an undone restart abandons nothing", an_undone_restart_abandons_nothing);
    return check_end();
}
