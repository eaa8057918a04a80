#include "timing/critical_path.h"
#include "timing/spans.h"

#include "timing_fixture.h"

/* The n-th span of a node in the order of ends, or NULL. */
static const tr_span *span_of(const tr_spans *spans, const tr_trace *trace, uint32_t node_id, int n) {
    for (size_t i = 0; i < spans->count; i++) {
        if (trace->nodes[spans->items[i].node_index].node_id == node_id && n-- == 0) {
            return &spans->items[i];
        }
    }
    return NULL;
}

/* Lays out the trace of these records and finds its critical path. */
static const tr_trace *lay_out(tr_spans *spans, tr_traces *traces, const written_record *records, size_t count,
                               const tr_flow *flow) {
    const tr_trace *trace = apply_records(traces, records, count);
    CHECK(tr_spans_lay_out(spans, trace, flow));
    tr_path_waits waits;
    tr_critical_path_find(spans, trace, flow, (tr_path_stretch){trace->start_ns, trace->last_ns},
                          (tr_child_stretches){0}, &waits);
    return trace;
}

#define LAY_OUT(spans, traces, records, flow)                                                                          \
    lay_out((spans), (traces), (records), sizeof(records) / sizeof *(records), (flow))

static void spans_come_in_the_order_of_their_ends(void) {
    static const written_record records[] = {TRACE_START(0),   NODE_START(1, 5), NODE_START(2, 6), NODE_DONE(2, 9),
                                             NODE_START(3, 9), NODE_DONE(3, 12), NODE_DONE(1, 11), COMPLETE(20)};
    tr_traces *traces = tr_traces_new();
    tr_spans spans = {0};
    const tr_trace *trace = LAY_OUT(&spans, traces, records, NULL);
    REQUIRE(spans.count == 3);
    CHECK_UINT(2, trace->nodes[spans.items[0].node_index].node_id);
    CHECK_UINT(1, trace->nodes[spans.items[1].node_index].node_id);
    CHECK_UINT(3, trace->nodes[spans.items[2].node_index].node_id);
    CHECK_UINT(9, span_of(&spans, trace, 3, 0)->ready_ns);
    CHECK_UINT(0, span_of(&spans, trace, 1, 0)->ready_ns);
    tr_spans_free(&spans);
    tr_traces_free(traces);
}

static void equal_ends_keep_the_chain(void) {
    /* 2 took no time, right where 1 ended and 3 began. */
    static const written_record records[] = {TRACE_START(0),   NODE_START(1, 0),  NODE_DONE(1, 10), NODE_START(2, 10),
                                             NODE_DONE(2, 10), NODE_START(3, 10), NODE_DONE(3, 15), COMPLETE(15)};
    tr_traces *traces = tr_traces_new();
    tr_spans spans = {0};
    const tr_trace *trace = LAY_OUT(&spans, traces, records, NULL);
    for (uint32_t node = 1; node <= 3; node++) {
        const tr_span *span = span_of(&spans, trace, node, 0);
        REQUIRE(span != NULL);
        CHECK(span->is_critical);
    }
    tr_spans_free(&spans);
    tr_traces_free(traces);
}

static void a_loop_waits_for_its_own_attempt(void) {
    static const uint32_t after_3[] = {2};
    static const tr_flow_node nodes[] = {{.node_id = 2}, {.node_id = 3, .after_count = 1, .after = after_3}};
    static const tr_flow flow = {2, nodes};
    static const written_record records[] = {TRACE_START(0), NODE_DONE(2, 10), NODE_ERROR(3, 30), NODE_DONE(3, 70),
                                             COMPLETE(71)};
    tr_traces *traces = tr_traces_new();
    tr_spans spans = {0};
    const tr_trace *trace = LAY_OUT(&spans, traces, records, &flow);
    const tr_span *first = span_of(&spans, trace, 3, 0);
    const tr_span *second = span_of(&spans, trace, 3, 1);
    REQUIRE(first != NULL && second != NULL);
    CHECK_UINT(10, first->ready_ns);
    CHECK_UINT(20, first->run_ns);
    CHECK_UINT(30, second->ready_ns);
    CHECK_UINT(40, second->run_ns);
    CHECK(second->is_retry && !first->is_retry);
    CHECK(first->is_critical && second->is_critical);
    tr_spans_free(&spans);
    tr_traces_free(traces);
}

static void a_flow_finds_a_start_that_the_clock_hid(void) {
    /* 7 ended at 30 by its clock but was written after 2, which ended at 40 by its own. */
    static const uint32_t after[] = {1};
    static const tr_flow_node nodes[] = {{.node_id = 1}, {.node_id = 7, .after_count = 1, .after = after}};
    static const tr_flow flow = {2, nodes};
    static const written_record records[] = {TRACE_START(0), NODE_DONE(1, 10), NODE_DONE(2, 40), NODE_DONE(7, 30),
                                             COMPLETE(41)};
    tr_traces *traces = tr_traces_new();
    tr_spans spans = {0};
    const tr_trace *trace = LAY_OUT(&spans, traces, records, NULL);
    CHECK(span_of(&spans, trace, 7, 0)->clock_step);
    CHECK_UINT(0, span_of(&spans, trace, 7, 0)->run_ns);
    tr_traces_free(traces);
    traces = tr_traces_new();
    trace = LAY_OUT(&spans, traces, records, &flow);
    CHECK(!span_of(&spans, trace, 7, 0)->clock_step);
    CHECK_UINT(20, span_of(&spans, trace, 7, 0)->run_ns);
    tr_spans_free(&spans);
    tr_traces_free(traces);
}

static void a_flow_finds_what_was_written_too_early(void) {
    /* 2 ended at 10 by its clock, but was written after 1, which ended at 25: the latest record says 10. */
    static const uint32_t after[] = {1};
    static const tr_flow_node nodes[] = {{.node_id = 1}, {.node_id = 7, .after_count = 1, .after = after}};
    static const tr_flow flow = {2, nodes};
    static const written_record records[] = {TRACE_START(0), NODE_DONE(1, 25), NODE_DONE(2, 10), NODE_DONE(7, 40),
                                             COMPLETE(41)};
    tr_traces *traces = tr_traces_new();
    tr_spans spans = {0};
    const tr_trace *trace = LAY_OUT(&spans, traces, records, NULL);
    CHECK_UINT(30, span_of(&spans, trace, 7, 0)->run_ns);
    tr_traces_free(traces);
    traces = tr_traces_new();
    trace = LAY_OUT(&spans, traces, records, &flow);
    CHECK_UINT(15, span_of(&spans, trace, 7, 0)->run_ns);
    CHECK_UINT(25, span_of(&spans, trace, 7, 0)->ready_ns);
    tr_spans_free(&spans);
    tr_traces_free(traces);
}

static void waiting_for_a_person_stays_out_of_an_estimate_by_flow(void) {
    /* 4 was ready at 10, waited from 30 to 1030, and ended at 1035; 2 ran beside it. */
    static const uint32_t after[] = {1};
    static const tr_flow_node nodes[] = {{.node_id = 1}, {.node_id = 4, .after_count = 1, .after = after}};
    static const tr_flow flow = {2, nodes};
    static const written_record records[] = {TRACE_START(0), NODE_DONE(1, 10),   NODE_DONE(2, 20), SUSPENDED(4, 30),
                                             RESUMED(1030),  NODE_DONE(4, 1035), COMPLETE(1040)};
    tr_traces *traces = tr_traces_new();
    tr_spans spans = {0};
    const tr_trace *trace = LAY_OUT(&spans, traces, records, &flow);
    const tr_span *span = span_of(&spans, trace, 4, 0);
    REQUIRE(span != NULL);
    CHECK_UINT(10, span->start_ns);
    CHECK_UINT(1035, span->end_ns);
    CHECK_UINT(25, span->run_ns);
    tr_spans_free(&spans);
    tr_traces_free(traces);
}

static void a_node_that_never_ended_is_no_span(void) {
    static const written_record records[] = {TRACE_START(0),   NODE_START(1, 5), NODE_START(2, 6),
                                             NODE_START(2, 7), NODE_DONE(1, 9),  COMPLETE(20)};
    tr_traces *traces = tr_traces_new();
    tr_spans spans = {0};
    const tr_trace *trace = LAY_OUT(&spans, traces, records, NULL);
    CHECK_UINT(2, spans.count);
    CHECK_UINT(6, span_of(&spans, trace, 2, 0)->start_ns); /* started again at 7: that one stayed open */
    CHECK(span_of(&spans, trace, 2, 1) == NULL);
    tr_spans_free(&spans);
    tr_traces_free(traces);
}

/* Long traces are sorted in another way than short ones. */
static void long_traces(void) {
    enum { PAIRS = 5000 };
    tr_traces *traces = tr_traces_new();
    apply_record(traces, (written_record)TRACE_START(0));
    for (uint32_t i = 0; i < PAIRS; i++) {
        /* Two branches: the odd nodes begin and end a little before the even ones, written in the other order. */
        apply_record(traces, (written_record)NODE_START(2 * i, 100 * i + 10));
        apply_record(traces, (written_record)NODE_START(2 * i + 1, 100 * i + 5));
        apply_record(traces, (written_record)NODE_DONE(2 * i, 100 * i + 90));
        apply_record(traces, (written_record)NODE_DONE(2 * i + 1, 100 * i + 80));
    }
    const tr_trace *trace = apply_record(traces, (written_record)COMPLETE(100 * PAIRS));
    tr_spans spans = {0};
    REQUIRE(tr_spans_lay_out(&spans, trace, NULL));
    tr_path_waits waits;
    tr_critical_path_find(&spans, trace, NULL, (tr_path_stretch){trace->start_ns, trace->last_ns},
                          (tr_child_stretches){0}, &waits);
    REQUIRE(spans.count == 2 * PAIRS);
    for (size_t i = 0; i < spans.count; i++) {
        const tr_span *span = &spans.items[i];
        bool is_even = trace->nodes[span->node_index].node_id % 2 == 0;
        CHECK(i == 0 || spans.items[i - 1].end_ns <= span->end_ns);
        CHECK(span->is_critical == is_even);
        /* From 80 to the next even node's 110; the last one to the end of the trace. */
        CHECK(is_even || span->slack_ns == (i + 2 < spans.count ? 30u : 20u));
    }
    tr_spans_free(&spans);
    tr_traces_free(traces);
}

/* Node 2 comes after node 1, of which only one attempt in the middle is done. Long traces are searched in another way
 * than short ones. */
static void what_failed_is_not_waited_for(void) {
    static const uint32_t after_2[] = {1};
    static const tr_flow_node nodes[] = {{.node_id = 1}, {.node_id = 2, .after_count = 1, .after = after_2}};
    static const tr_flow flow = {2, nodes};
    for (uint32_t count = 4; count <= 1024; count *= 16) {
        tr_traces *traces = tr_traces_new();
        apply_record(traces, (written_record)TRACE_START(0));
        for (uint32_t i = 0; i < count; i++) {
            bool is_done = i == count / 2;
            apply_record(traces, (written_record)NODE_START(1, 10 * i));
            apply_record(traces, is_done ? (written_record)NODE_DONE(1, 10 * i + 5)
                                         : (written_record)NODE_ERROR(1, 10 * i + 5));
        }
        apply_record(traces, (written_record)NODE_START(2, 10 * count + 7));
        apply_record(traces, (written_record)NODE_DONE(2, 10 * count + 9));
        tr_spans spans = {0};
        const tr_trace *trace = apply_record(traces, (written_record)COMPLETE(10 * count + 9));
        REQUIRE(tr_spans_lay_out(&spans, trace, &flow));
        CHECK_UINT(10 * (count / 2) + 5, span_of(&spans, trace, 2, 0)->ready_ns);
        CHECK_UINT(10 * (count - 2) + 5, span_of(&spans, trace, 1, (int)count - 1)->ready_ns);
        tr_spans_free(&spans);
        tr_traces_free(traces);
    }
}

static void a_trace_without_attempts(void) {
    static const written_record records[] = {TRACE_START(5), COMPLETE(9)};
    tr_traces *traces = tr_traces_new();
    tr_spans spans = {0};
    LAY_OUT(&spans, traces, records, NULL);
    CHECK_UINT(0, spans.count);
    tr_spans_free(&spans);
    tr_traces_free(traces);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("spans come in the order of their ends, whatever the order of the records",
              spans_come_in_the_order_of_their_ends);
    check_run("a span of no length stays on the critical path", equal_ends_keep_the_chain);
    check_run("with a flow, a node that runs again waits for its own earlier attempt",
              a_loop_waits_for_its_own_attempt);
    check_run("with a flow, records that are out of order do not hide a run time",
              a_flow_finds_a_start_that_the_clock_hid);
    check_run("with a flow, a node is ready when its predecessor ended, though the latest record has an earlier time",
              a_flow_finds_what_was_written_too_early);
    check_run("with a flow, waiting for a person is not run time",
              waiting_for_a_person_stays_out_of_an_estimate_by_flow);
    check_run("an attempt that still ran when its trace closed has no end, and is not a span",
              a_node_that_never_ended_is_no_span);
    check_run("the spans of a trace with thousands of attempts are in order, with critical path and slack",
              long_traces);
    check_run("with a flow, what failed is not waited for, however often it did", what_failed_is_not_waited_for);
    check_run("a trace in which nothing ran has no spans", a_trace_without_attempts);
    return check_end();
}
