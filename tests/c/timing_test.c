#include "tracereel/timing.h"

#include "scarce_memory.h"
#include "timing_fixture.h"

static void check_added(tr_timing *timing, const tr_trace *trace) {
    REQUIRE(trace != NULL);
    CHECK_INT(TR_OK, tr_timing_add(timing, trace));
}

/* --- cut off by the beginning of the log --- */

/* Trace 1 runs node 5 when the snapshot is taken. */
static tr_traces *traces_of_snapshot(void) {
    static const uint32_t started[] = {5};
    tr_snapshot_trace seeded = {.started_count = 1, .started_nodes = started};
    memset(seeded.trace_id, 1, sizeof seeded.trace_id);
    tr_snapshot snapshot = {.trace_count = 1, .traces = &seeded};
    tr_traces *traces = tr_traces_new();
    CHECK_INT(TR_OK, tr_traces_seed(traces, &snapshot));
    return traces;
}

static void attempts_that_began_before_the_log(void) {
    static const written_record records[] = {NODE_DONE(5, 1000), NODE_DONE(6, 1500), COMPLETE(1600)};
    tr_traces *traces = traces_of_snapshot();
    tr_timing *timing = tr_timing_new(NULL, 10);
    check_added(timing, APPLY(traces, records));
    const tr_trace_timing *whole = tr_timing_traces(timing);
    CHECK_UINT(1, whole->complete_count);
    CHECK_UINT(1, whole->from_snapshot_count);
    CHECK_UINT(1, whole->before_count);
    CHECK(whole->makespan == NULL);
    CHECK(tr_timing_worst(timing, 0) == NULL);
    REQUIRE(find_node(timing, 5) != NULL && find_node(timing, 6) != NULL);
    CHECK_UINT(0, find_node(timing, 5)->done_count);
    CHECK_UINT(1, find_node(timing, 5)->unfinished_count);
    CHECK_UINT(500, find_node(timing, 6)->run_ns); /* 5's end made it ready */
    CHECK_UINT(0, find_node(timing, 6)->critical_count);
    tr_timing_free(timing);
    tr_traces_free(traces);
}

static void attempts_that_go_on_when_others_have_ended(void) {
    /* 5 ran when the snapshot was taken: that 6 ended at 1000 did not make it ready. It is run again at 1500. */
    static const written_record records[] = {NODE_DONE(6, 1000), NODE_DONE(5, 1500), NODE_DONE(5, 1800)};
    tr_traces *traces = traces_of_snapshot();
    tr_timing *timing = tr_timing_new(NULL, 10);
    check_added(timing, APPLY(traces, records));
    REQUIRE(find_node(timing, 5) != NULL);
    CHECK_UINT(1, find_node(timing, 5)->unfinished_count);
    CHECK_UINT(1, find_node(timing, 5)->done_count);
    CHECK_UINT(300, find_node(timing, 5)->run_ns);
    CHECK_UINT(0, find_node(timing, 6)->done_count); /* what made that ready is unknown, too */
    tr_timing_free(timing);
    tr_traces_free(traces);
}

static void waiting_that_began_before_the_log(void) {
    static const written_record records[] = {NODE_START(6, 1764000000000000000u), NODE_DONE(6, 1764000000000000500u),
                                             NODE_START(7, 1764000000000000600u), NODE_DONE(7, 1764000000000000700u)};
    tr_traces *traces = traces_of_snapshot();
    tr_timing *timing = tr_timing_new(NULL, 10);
    check_added(timing, APPLY(traces, records));
    CHECK_UINT(1, tr_timing_traces(timing)->open_count);
    CHECK_UINT(0, tr_timing_traces(timing)->from_snapshot_count); /* counts only closed traces */
    REQUIRE(find_node(timing, 6) != NULL && find_node(timing, 7) != NULL);
    CHECK_UINT(500, find_node(timing, 6)->run_ns);
    CHECK(find_node(timing, 6)->queue == NULL); /* what made it ready is unknown */
    CHECK_UINT(0, find_node(timing, 6)->queue_ns);
    CHECK_UINT(100, find_node(timing, 7)->queue_ns);
    tr_timing_free(timing);
    tr_traces_free(traces);
}

/* No record mentions node 5 any more, or only one that it was started again. */
static void attempts_of_the_snapshot_that_never_ended(void) {
    static const written_record silent[] = {NODE_DONE(6, 1500)};
    static const written_record again[] = {NODE_START(5, 1000), NODE_DONE(5, 1100)};
    tr_traces *traces = traces_of_snapshot();
    tr_timing *timing = tr_timing_new(NULL, 10);
    check_added(timing, APPLY(traces, silent));
    REQUIRE(find_node(timing, 5) != NULL);
    CHECK_UINT(1, find_node(timing, 5)->unfinished_count);
    tr_timing_free(timing);
    tr_traces_free(traces);
    traces = traces_of_snapshot();
    timing = tr_timing_new(NULL, 10);
    check_added(timing, APPLY(traces, again));
    CHECK_UINT(1, find_node(timing, 5)->unfinished_count);
    CHECK_UINT(1, find_node(timing, 5)->done_count);
    CHECK_UINT(100, find_node(timing, 5)->run_ns);
    tr_timing_free(timing);
    tr_traces_free(traces);
}

static void iterations_whose_number_is_not_known(void) {
    static const written_record records[] = {ITERATION(8, 4, 100), ITERATION(8, 5, 130), COMPLETE(140)};
    tr_traces *traces = traces_of_snapshot();
    tr_timing *timing = tr_timing_new(NULL, 10);
    check_added(timing, APPLY(traces, records));
    REQUIRE(find_node(timing, 8) != NULL);
    CHECK_UINT(1, tr_histogram_count(find_node(timing, 8)->iteration));
    CHECK_UINT(30, find_node(timing, 8)->loop_ns);
    CHECK(find_node(timing, 8)->trend == NULL);
    tr_timing_free(timing);
    tr_traces_free(traces);
}

/* --- tainted --- */

static void tainted_traces_are_only_counted(void) {
    static const written_record records[] = {TRACE_START(0), NODE_DONE(1, 10)};
    tr_traces *traces = tr_traces_new();
    tr_timing *timing = tr_timing_new(NULL, 10);
    APPLY(traces, records);
    tr_traces_note_damage(traces);
    check_added(timing, apply_record(traces, (written_record)COMPLETE(20)));
    CHECK_UINT(1, tr_timing_traces(timing)->tainted_count);
    CHECK_UINT(0, tr_timing_traces(timing)->complete_count);
    CHECK_UINT(0, tr_timing_traces(timing)->in_flight.count);
    CHECK_UINT(0, tr_timing_node_count(timing));
    tr_timing_free(timing);
    tr_traces_free(traces);
}

/* Node 2 comes after node 1 alone: what ended between them did not make it ready. */
static void one_that_is_made_like_another_has_its_flow(void) {
    static const uint32_t after[] = {1};
    static const tr_flow_node nodes[] = {{.node_id = 2, .after_count = 1, .after = after}, {.node_id = 1}};
    static const tr_flow flow = {2, nodes};
    static const written_record records[] = {TRACE_START(0),   NODE_START(1, 10), NODE_DONE(1, 20), NODE_START(3, 21),
                                             NODE_DONE(3, 25), NODE_START(2, 30), NODE_DONE(2, 31), COMPLETE(40)};
    tr_traces *traces = tr_traces_new();
    tr_timing *model = tr_timing_new(&flow, 3);
    check_added(model, APPLY(traces, records));
    tr_timing *like = tr_timing_new_like(model);
    REQUIRE(like != NULL);
    CHECK_UINT(0, tr_timing_node_count(like));
    CHECK_UINT(3, tr_timing_worst_limit(like));
    tr_timing *again = tr_timing_new_like(like);
    REQUIRE(again != NULL);
    CHECK_INT(TR_OK, tr_timing_merge(again, model));
    check_added(again, APPLY(traces, records));
    CHECK_UINT(20, find_node(again, 2)->queue_ns);
    tr_timing_free(again);
    tr_timing_free(like);
    tr_timing_free(model);
    tr_traces_free(traces);
}

/* --- the longest traces --- */

static void add_trace_of_length(tr_timing *timing, tr_traces *traces, uint8_t id, uint64_t length_ns) {
    apply_record(traces, (written_record){.type = 0, .trace = id, .timestamp_ns = 1000});
    check_added(timing,
                apply_record(traces, (written_record){.type = 4, .trace = id, .timestamp_ns = 1000 + length_ns}));
}

static void the_longest_are_kept_in_order(void) {
    static const struct {
        uint8_t id;
        uint64_t length_ns;
    } all[] = {{9, 50}, {3, 70}, {4, 70}, {2, 10}, {7, 90}, {8, 50}}, expected[] = {{7, 90}, {3, 70}, {4, 70}, {8, 50}};
    tr_traces *traces = tr_traces_new();
    tr_timing *timing = tr_timing_new(NULL, 4);
    tr_timing *other = tr_timing_new(NULL, 4);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        add_trace_of_length(i % 2 == 0 ? timing : other, traces, all[i].id, all[i].length_ns);
    }
    CHECK_INT(TR_OK, tr_timing_merge(timing, other));
    for (uint32_t i = 0; i < 4; i++) {
        const tr_timed_trace *kept = tr_timing_worst(timing, i);
        REQUIRE(kept != NULL);
        CHECK_UINT(expected[i].id, kept->id[0]);
        CHECK_UINT(expected[i].length_ns, kept->makespan_ns);
    }
    CHECK(tr_timing_worst(timing, 4) == NULL);
    tr_timing_free(timing);
    tr_timing_free(other);
    tr_traces_free(traces);
}

static void add_trace_with_run(tr_timing *timing, tr_traces *traces, uint8_t id, uint64_t run_ns) {
    apply_record(traces, (written_record){.type = 0, .trace = id, .timestamp_ns = 1000});
    apply_record(traces, (written_record){.type = 2, .trace = id, .node_id = 3, .timestamp_ns = 1000 + run_ns});
    check_added(timing, apply_record(traces, (written_record){.type = 4, .trace = id, .timestamp_ns = 2000}));
}

static void the_longest_run_of_a_node_is_the_first_by_id(void) {
    static const uint8_t orders[][3] = {{6, 4, 5}, {4, 5, 6}, {5, 6, 4}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        tr_traces *traces = tr_traces_new();
        tr_timing *timing = tr_timing_new(NULL, 0);
        tr_timing *other = tr_timing_new(NULL, 0);
        add_trace_with_run(timing, traces, 1, 50);
        add_trace_with_run(timing, traces, orders[i][0], 70);
        add_trace_with_run(timing, traces, orders[i][1], 70);
        add_trace_with_run(other, traces, orders[i][2], 70);
        CHECK_INT(TR_OK, tr_timing_merge(timing, other));
        CHECK_UINT(70, find_node(timing, 3)->worst_run_ns);
        CHECK_UINT(4, find_node(timing, 3)->worst_trace_id[0]);
        tr_timing_free(timing);
        tr_timing_free(other);
        tr_traces_free(traces);
    }
}

static void what_waits_while_another_runs_has_a_lane_of_its_own(void) {
    /* 2 was ready at 10, when 1 ended, but did not begin before 7 had ended; 3 was ready when both had. */
    static const uint32_t after_2[] = {1};
    static const tr_flow_node nodes[] = {{.node_id = 1}, {.node_id = 2, .after_count = 1, .after = after_2}};
    static const tr_flow flow = {2, nodes};
    static const written_record records[] = {TRACE_START(0),   NODE_START(1, 0),  NODE_DONE(1, 10), NODE_START(7, 10),
                                             NODE_DONE(7, 30), NODE_START(2, 35), NODE_DONE(2, 40), NODE_START(3, 40),
                                             NODE_DONE(3, 50), COMPLETE(50)};
    static const uint32_t lane_of[] = {[1] = 0, [7] = 0, [2] = 1, [3] = 0};
    tr_traces *traces = tr_traces_new();
    tr_timing *timing = tr_timing_new(&flow, 1);
    check_added(timing, APPLY(traces, records));
    const tr_timed_trace *kept = tr_timing_worst(timing, 0);
    REQUIRE(kept != NULL && kept->span_count == 4);
    CHECK_UINT(2, kept->lane_count);
    for (uint32_t i = 0; i < kept->span_count; i++) {
        CHECK_UINT(lane_of[kept->spans[i].node_id], kept->spans[i].lane);
    }
    tr_timing_free(timing);
    tr_traces_free(traces);
}

static void a_very_long_trace_is_kept_in_part(void) {
    enum { RUNS = TR_TIMED_TRACE_MAX + 5 };
    tr_traces *traces = tr_traces_new();
    tr_timing *timing = tr_timing_new(NULL, 1);
    apply_record(traces, (written_record)TRACE_START(0));
    for (uint32_t i = 0; i < RUNS; i++) {
        apply_record(traces, (written_record)NODE_DONE(1, 10 * (i + 1)));
    }
    check_added(timing, apply_record(traces, (written_record)COMPLETE(10 * RUNS)));
    const tr_timed_trace *kept = tr_timing_worst(timing, 0);
    REQUIRE(kept != NULL);
    CHECK_UINT(TR_TIMED_TRACE_MAX, kept->span_count);
    CHECK_UINT(5, kept->left_out_count);
    CHECK_UINT(1, kept->lane_count);
    CHECK_UINT(10 * RUNS, kept->critical_ns); /* of all spans */
    CHECK_UINT(RUNS, find_node(timing, 1)->done_count);
    tr_timing_free(timing);
    tr_traces_free(traces);
}

static void no_trace_is_kept_where_none_is_wanted(void) {
    tr_traces *traces = tr_traces_new();
    tr_timing *timing = tr_timing_new(NULL, 0);
    add_trace_of_length(timing, traces, 1, 10);
    CHECK(tr_timing_worst(timing, 0) == NULL);
    CHECK_UINT(1, tr_timing_traces(timing)->complete_count);
    tr_timing_free(timing);
    tr_traces_free(traces);
}

/* --- limits --- */

static void sums_saturate(void) {
    static const written_record records[] = {TRACE_START(0), NODE_DONE(1, UINT64_MAX), COMPLETE(UINT64_MAX)};
    tr_traces *traces = tr_traces_new();
    tr_timing *timing = tr_timing_new(NULL, 1);
    for (int i = 0; i < 3; i++) {
        check_added(timing, APPLY(traces, records));
    }
    CHECK_UINT(UINT64_MAX, find_node(timing, 1)->run_ns);
    CHECK_UINT(UINT64_MAX, tr_timing_traces(timing)->makespan_ns);
    CHECK_UINT(3, find_node(timing, 1)->done_count);
    tr_timing_free(timing);
    tr_traces_free(traces);
}

static void memory_does_not_depend_on_the_number_of_traces(void) {
    tr_traces *traces = tr_traces_new();
    tr_timing *timing = tr_timing_new(NULL, 10);
    for (uint32_t i = 0; i < 20000; i++) {
        apply_record(traces, (written_record)TRACE_START(i));
        apply_record(traces, (written_record)NODE_DONE(1, i + (UINT64_C(1) << i % 63)));
        check_added(timing, apply_record(traces, (written_record)COMPLETE(i + (UINT64_C(1) << 62))));
    }
    CHECK(tr_histogram_memory_bytes(find_node(timing, 1)->run) < 40 * 1024);
    tr_timing_free(timing);
    tr_traces_free(traces);
}

/* Runs in a child process. Returns 0 if every call that failed reported it. */
static int add_without_memory(void) {
    static const written_record records[] = {TRACE_START(0), NODE_DONE(1, 10), COMPLETE(20)};
    tr_traces *traces = tr_traces_new();
    tr_timing *timing = tr_timing_new(NULL, 10);
    tr_timing *filled = tr_timing_new(NULL, 10);
    tr_trace *trace = APPLY(traces, records);
    if (tr_timing_add(filled, trace) != TR_OK) {
        return 1;
    }
    use_up_memory();
    bool refused =
        tr_timing_add(timing, trace) == TR_ERROR_MEMORY && tr_timing_merge(timing, filled) == TR_ERROR_MEMORY;
    return refused && tr_timing_new(NULL, 10) == NULL && tr_timing_new_like(filled) == NULL ? 0 : 2;
}

static void memory_runs_out(void) {
    check_in_child(add_without_memory);
}

/* A trace can have a hundred thousand nodes that run once. */
static void nodes_that_ran_once_take_little(void) {
    enum { NODES = 1000 };
    tr_traces *traces = tr_traces_new();
    tr_timing *timing = tr_timing_new(NULL, 10);
    tr_trace *trace = apply_record(traces, (written_record)TRACE_START(1));
    for (uint32_t node_id = 0; node_id < NODES; node_id++) {
        (void)apply_record(traces, (written_record)NODE_START(node_id, 2 + 2 * node_id));
        trace = apply_record(traces, (written_record)NODE_DONE(node_id, 3 + 2 * node_id));
    }
    size_t before = tr_timing_memory_bytes(timing);
    check_added(timing, trace);
    CHECK_UINT(NODES, tr_timing_node_count(timing));
    CHECK((tr_timing_memory_bytes(timing) - before) / NODES < 512);
    tr_timing_free(timing);
    tr_traces_free(traces);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a node that ran once takes less than 512 bytes of a timing", nodes_that_ran_once_take_little);
    check_run("an attempt that began before the log has no run time, later ones have",
              attempts_that_began_before_the_log);
    check_run(
        "an attempt that began before the log has no run time when another node ended first; the node's next one has",
        attempts_that_go_on_when_others_have_ended);
    check_run("waiting that began before the log is not counted", waiting_that_began_before_the_log);
    check_run("an attempt known only from the snapshot is unfinished", attempts_of_the_snapshot_that_never_ended);
    check_run("iterations of a loop that began before the log are not in the trend",
              iterations_whose_number_is_not_known);
    check_run("a timing that is made like another has its flow, keeps as many traces, and merges with it",
              one_that_is_made_like_another_has_its_flow);
    check_run("tainted traces are only counted", tainted_traces_are_only_counted);
    check_run("the longest traces are kept, longest first, smaller ids first", the_longest_are_kept_in_order);
    check_run("of equally long attempts of a node the one of the trace with the smallest id is named",
              the_longest_run_of_a_node_is_the_first_by_id);
    check_run("a node that waits while another one runs has a lane of its own, from when it was ready",
              what_waits_while_another_runs_has_a_lane_of_its_own);
    check_run("part of a very long trace is kept, and says what was left out", a_very_long_trace_is_kept_in_part);
    check_run("no trace is kept if none is wanted", no_trace_is_kept_where_none_is_wanted);
    check_run("sums saturate instead of wrapping", sums_saturate);
    check_run("memory does not depend on how many traces were added", memory_does_not_depend_on_the_number_of_traces);
    if (CAN_RUN_OUT_OF_MEMORY) {
        check_run("a timing reports that memory ran out", memory_runs_out);
    }
    return check_end();
}
