/* What keeps logs with many traces, and large traces, from taking quadratic time. */
#include <stdlib.h>

#include "bytes/hash.h"
#include "scarce_memory.h"
#include "trace/id_table.h"
#include "trace/internal.h"
#include "trace/shape.h"
#include "trace_fixture.h"

enum { COUNT = 4096, PLACES = 8192 };

/* The number of slots of a table that the hashes of COUNT ids hit, which count in the four bytes at `offset`. For
 * random hashes it is 8192 * (1 - (1 - 1/8192)^4096) = 3223. */
static unsigned places_of_numbered_ids(size_t offset) {
    static bool is_taken[PLACES];
    tr_id_table ids = {0};
    tr_id_seed(&ids);
    memset(is_taken, 0, sizeof is_taken);
    unsigned taken = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        uint8_t id[TR_TRACE_ID_BYTES] = {0};
        for (unsigned byte = 0; byte < 4; byte++) {
            id[offset + byte] = (uint8_t)(i >> (24 - 8 * byte));
        }
        uint32_t place = tr_id_hash(&ids, id) & (PLACES - 1);
        taken += !is_taken[place];
        is_taken[place] = true;
    }
    return taken;
}

static void numbered_ids_are_spread_over_the_table(void) {
    for (size_t offset = 0; offset <= TR_TRACE_ID_BYTES - 4; offset++) {
        CHECK(places_of_numbered_ids(offset) > 3000);
    }
}

/* A trace in which nodes with ids `step` apart ran one after another, `rounds` times. */
static tr_trace *run_nodes(tr_traces *traces, uint32_t count, uint32_t step, unsigned rounds) {
    uint64_t now_ns = 1;
    tr_trace *trace = apply_record(traces, (written_record){.type = 0, .timestamp_ns = now_ns});
    for (uint32_t i = 0; i < count * rounds; i++) {
        uint32_t node_id = i % count * step;
        apply_record(traces, (written_record){.type = 1, .node_id = node_id, .timestamp_ns = ++now_ns});
        trace = apply_record(traces, (written_record){.type = 2, .node_id = node_id, .timestamp_ns = ++now_ns});
    }
    return trace;
}

/* The probes that linear probing takes from each node id's own slot to the one where it is. */
static uint64_t steps_in_index(const tr_trace *trace) {
    uint64_t steps = 0;
    uint32_t mask = tr_own(trace)->node_index->capacity - 1;
    for (uint32_t i = 0; i < trace->node_count; i++) {
        uint32_t at = (uint32_t)tr_hash_mix(trace->nodes[i].node_id ^ tr_hash_seed()) & mask;
        for (; tr_own(trace)->node_index->places[at] != i && steps < UINT32_MAX; at = (at + 1) & mask) {
            steps++;
        }
    }
    return steps;
}

static void node_numbers_with_a_common_factor_do_not_crowd(void) {
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = run_nodes(traces, COUNT, 1u << 20, 1);
    REQUIRE(trace->node_count == COUNT && tr_own(trace)->node_index != NULL);
    CHECK(steps_in_index(trace) < 4 * COUNT);
    tr_traces_free(traces);
}

static void a_copy_finds_its_nodes_by_their_numbers_too(void) {
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = run_nodes(traces, COUNT, 3, 1);
    void *memory = malloc(tr_trace_copy_bytes(trace));
    REQUIRE(memory != NULL);
    const tr_trace *copy = tr_trace_copy(trace, memory);
    CHECK(tr_own(copy)->node_index != NULL && tr_own(copy)->node_index != tr_own(trace)->node_index);
    for (uint32_t i = 0; i < COUNT; i++) {
        CHECK(tr_trace_find_node(copy, 3 * i) == &copy->nodes[i]);
    }
    CHECK(tr_trace_find_node(copy, 1) == NULL);
    free(memory);
    tr_traces_free(traces);
}

static void the_attempts_of_a_node_lead_from_the_last_to_the_first(void) {
    enum { NODES = 50, ROUNDS = 20 };
    tr_traces *traces = tr_traces_new();
    const tr_trace *trace = run_nodes(traces, NODES, 1, ROUNDS);
    for (uint32_t n = 0; n < NODES; n++) {
        unsigned round = ROUNDS;
        const tr_attempt *at = tr_trace_last_attempt(trace, tr_trace_find_node(trace, n));
        for (; at != NULL && round > 0; at = tr_trace_earlier_attempt(trace, at)) {
            round--;
            CHECK_UINT(2 + 2 * (round * NODES + n), at->start_ns);
        }
        CHECK_UINT(0, round);
        CHECK(at == NULL);
    }
    tr_traces_free(traces);
}

/* The run time by its definition: what the attempt lasted, less each wait at its node as far as it lies in it. */
static uint64_t duration_by_definition(const tr_trace *trace, const tr_attempt *attempt) {
    if (attempt->outcome == TR_OUTCOME_OPEN || attempt->end_ns < attempt->start_ns) {
        return 0;
    }
    uint64_t left_ns = attempt->end_ns - attempt->start_ns;
    for (uint32_t i = 0; i < trace->suspension_count; i++) {
        const tr_suspension *wait = &trace->suspensions[i];
        uint64_t from = wait->start_ns > attempt->start_ns ? wait->start_ns : attempt->start_ns;
        uint64_t to =
            wait->outcome == TR_OUTCOME_OPEN || wait->end_ns > attempt->end_ns ? attempt->end_ns : wait->end_ns;
        if (wait->node_id == trace->nodes[attempt->node_index].node_id && to > from) {
            left_ns -= to - from < left_ns ? to - from : left_ns;
        }
    }
    return left_ns;
}

/* Nodes that run, wait, are resumed, done and started again; times go back by up to `max_back_ns`. */
static tr_trace *run_and_wait(tr_traces *traces, uint32_t seed, uint32_t max_back_ns) {
    uint32_t state = seed * 2654435761u + 1;
    uint64_t now_ns = 1000;
    tr_trace *trace = apply_record(traces, (written_record){.type = 0, .timestamp_ns = now_ns});
    for (unsigned step = 0; step < 400; step++) {
        static const uint8_t types[] = {1, 2, 2, 3, 6, 6, 7, 7};
        state = state * 1664525u + 1013904223u;
        now_ns += state >> 28;
        uint64_t back_ns = max_back_ns == 0 ? 0 : (state >> 8) % (max_back_ns + 1);
        trace = apply_record(traces, (written_record){.type = types[state >> 16 & 7],
                                                      .node_id = state >> 20 & 3,
                                                      .timestamp_ns = now_ns - back_ns,
                                                      .metadata = "{}"});
    }
    return trace;
}

static void run_times_are_what_the_definition_says(void) {
    for (uint32_t seed = 1; seed <= 40; seed++) {
        uint32_t max_back_ns = seed % 4 == 0 ? 30 : 0;
        tr_traces *traces = tr_traces_new();
        const tr_trace *trace = run_and_wait(traces, seed, max_back_ns);
        REQUIRE(trace->suspension_count > 20 && trace->attempt_count > 50);
        CHECK_INT(max_back_ns > 0, tr_own(trace)->has_unordered_suspensions);
        for (uint32_t i = 0; i < trace->attempt_count; i++) {
            const tr_attempt *attempt = &trace->attempts[i];
            CHECK_UINT(duration_by_definition(trace, attempt),
                       tr_attempt_duration_ns(trace, &trace->nodes[attempt->node_index], attempt));
        }
        tr_traces_free(traces);
    }
}

/* What is not looked at may say anything: waits long before an attempt are made to last for ever. */
static void waits_before_an_attempt_are_not_looked_at(void) {
    tr_traces *traces = tr_traces_new();
    tr_trace *trace = apply_record(traces, (written_record)TRACE_START(1));
    for (uint64_t n = 0; n < 1000; n++) {
        (void)apply_record(traces, (written_record)NODE_START(4, 10 + 10 * n));
        (void)apply_record(traces, (written_record)SUSPENDED(4, 12 + 10 * n));
        (void)apply_record(traces, (written_record)RESUMED(15 + 10 * n));
        trace = apply_record(traces, (written_record)NODE_DONE(4, 19 + 10 * n));
    }
    REQUIRE(trace->suspension_count == 1000 && trace->attempt_count == 1000);
    for (uint32_t chosen = 999; chosen > 1; chosen--) {
        uint64_t end_ns = trace->suspensions[chosen - 2].end_ns;
        trace->suspensions[chosen - 2].end_ns = UINT64_MAX;
        CHECK_UINT(6, tr_attempt_duration_ns(trace, &trace->nodes[0], &trace->attempts[chosen]));
        trace->suspensions[chosen - 2].end_ns = end_ns;
    }
    tr_traces_free(traces);
}

/* An attempt of an earlier life that were still open would be left alone only if nothing went over it. */
static void a_new_life_does_not_go_over_the_attempts_of_earlier_ones(void) {
    tr_traces *traces = tr_traces_new();
    tr_trace *trace = NULL;
    for (uint64_t n = 0; n < 100; n++) {
        (void)apply_record(traces, (written_record)TRACE_START(10 + 10 * n));
        trace = apply_record(traces, (written_record)NODE_START(4, 12 + 10 * n));
    }
    REQUIRE(trace->attempt_count == 100);
    CHECK_INT(TR_OUTCOME_ABANDONED, trace->attempts[50].outcome);
    trace->attempts[50].outcome = TR_OUTCOME_OPEN;
    trace = apply_record(traces, (written_record)TRACE_START(2000));
    CHECK_INT(TR_OUTCOME_OPEN, trace->attempts[50].outcome);
    CHECK_INT(TR_OUTCOME_ABANDONED, trace->attempts[99].outcome);
    tr_traces_free(traces);
}

/* ---- shapes ---- */

static uint64_t followed_shape(tr_shapes *shapes, const tr_trace *trace, uint32_t number, uint32_t node_id) {
    uint64_t shape = 0;
    tr_shape_step step = {number, 0, number + 1, node_id};
    CHECK_INT(TR_OK, tr_shapes_of(shapes, trace, step, &shape));
    return shape;
}

/* A record of a trace that is not closed: of any other type, now and then written by a plan, or of an instance. */
static written_record any_record(uint32_t *state, uint32_t node_count) {
    static const uint8_t types[] = {1, 1, 1, 1, 2, 2, 2, 3, 6, 7, 9, 10};
    *state = *state * 1664525u + 1013904223u;
    uint32_t random = *state >> 8;
    bool starts = random % 700 == 0;
    static const char *const metadata[] = {"{\"tracereel\":{\"plan\":\"p\"}}", "{\"instance\":\"7\"}",
                                           "{\"instance\":\"8\"}"};
    uint32_t chosen = random % 13;
    return (written_record){.type = starts ? 0 : types[random % sizeof types],
                            .trace = 1,
                            .node_id = random / 16 % node_count,
                            .timestamp_ns = *state >> 20,
                            .metadata = chosen < 3 ? metadata[chosen] : "{}"};
}

static void shapes_record_by_record_are_those_of_the_whole(void) {
    enum { RECORDS = 12000 };
    static const uint32_t node_counts[] = {40, 80, 400, 3000};
    for (size_t i = 0; i < sizeof node_counts / sizeof *node_counts; i++) {
        uint32_t state = 7 + (uint32_t)i, restarts = 0, entries = 0;
        tr_traces *traces = tr_traces_new();
        tr_shapes *shapes = tr_shapes_new();
        (void)apply_record(traces, (written_record)TRACE_START(1));
        for (uint32_t number = 1; number < RECORDS; number++) {
            written_record record = any_record(&state, node_counts[i]);
            const tr_trace *trace = apply_record(traces, record);
            REQUIRE(trace != NULL);
            restarts = trace->restart_count;
            entries = trace->node_count;
            if (number % 5000 < 4990) { /* sometimes not asked, so that all is looked at */
                CHECK_UINT(tr_trace_shape(trace), followed_shape(shapes, trace, number, record.node_id));
            }
        }
        CHECK(restarts > 3 && entries > node_counts[i]); /* with entries of instances */
        tr_shapes_free(shapes);
        tr_traces_free(traces);
    }
}

/* What is not looked at may say anything: other nodes are made to look done. */
static void a_shape_looks_only_at_the_nodes_of_the_record(void) {
    enum { NODES = 2000 };
    tr_traces *traces = tr_traces_new();
    tr_shapes *shapes = tr_shapes_new();
    tr_trace *trace = apply_record(traces, (written_record)TRACE_START(1));
    uint32_t number = 0;
    for (uint32_t node_id = 1; node_id <= NODES; node_id++) {
        trace = apply_record(traces, (written_record)NODE_START(node_id, 2));
        (void)followed_shape(shapes, trace, ++number, node_id);
    }
    for (uint32_t node_id = 2; node_id < NODES; node_id += 2) {
        trace = apply_record(traces, (written_record)NODE_ERROR(node_id, 3));
        uint64_t expected = tr_trace_shape(trace);
        trace->nodes[node_id].is_completed = true;
        CHECK(tr_trace_shape(trace) != expected);
        CHECK_UINT(expected, followed_shape(shapes, trace, ++number, node_id));
        trace->nodes[node_id].is_completed = false;
    }
    tr_shapes_free(shapes);
    tr_traces_free(traces);
}

/* Another trace in the same slot, whose records have the numbers that come next, is looked at afresh. */
static void the_shape_of_another_trace_in_a_slot_begins_afresh(void) {
    tr_shapes *shapes = tr_shapes_new();
    tr_traces *one = tr_traces_new();
    tr_traces *other = tr_traces_new();
    const tr_trace *first = run_nodes(one, 100, 1, 1);
    (void)followed_shape(shapes, first, 7, 99);
    const tr_trace *second = run_nodes(other, 100, 3, 1);
    REQUIRE(first->log_slot == second->log_slot);
    uint64_t shape = 0;
    tr_shape_step step = {8, 5, 9, 297};
    CHECK_INT(TR_OK, tr_shapes_of(shapes, second, step, &shape));
    CHECK_UINT(tr_trace_shape(second), shape);
    tr_shapes_free(shapes);
    tr_traces_free(one);
    tr_traces_free(other);
}

#if CAN_RUN_OUT_OF_MEMORY
static int follow_without_memory(void) {
    tr_traces *traces = tr_traces_new();
    tr_shapes *shapes = tr_shapes_new();
    tr_trace *trace = run_nodes(traces, 100, 1, 1);
    tr_shape_step step = {1, 0, 2, 99};
    uint64_t shape = 1;
    get_no_more_memory();
    trace->log_slot = 1u << 26;
    int wrong = tr_shapes_of(shapes, trace, step, &shape) != TR_ERROR_MEMORY || shape != 1;
    trace->log_slot = 0;
    wrong |= tr_shapes_of(shapes, trace, step, &shape) != TR_OK || shape != tr_trace_shape(trace) ? 2 : 0;
    tr_shapes_free(shapes);
    tr_traces_free(traces);
    return wrong;
}

static void a_shape_without_memory_is_an_error(void) {
    check_in_child(follow_without_memory);
}
#endif

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("traces whose ids are numbered are spread over the table of traces",
              numbered_ids_are_spread_over_the_table);
    check_run("node ids with a common factor do not cluster in a trace's index",
              node_numbers_with_a_common_factor_do_not_crowd);
    check_run("a copy of a trace with many nodes finds them without a linear search",
              a_copy_finds_its_nodes_by_their_numbers_too);
    check_run("the attempts of a node lead from the last to the first",
              the_attempts_of_a_node_lead_from_the_last_to_the_first);
    check_run("the run time of an attempt is what the definition says, whatever the clock did",
              run_times_are_what_the_definition_says);
    check_run("the waits before an attempt are not looked at for its run time",
              waits_before_an_attempt_are_not_looked_at);
    check_run("a new life does not go over the attempts of earlier ones",
              a_new_life_does_not_go_over_the_attempts_of_earlier_ones);
    check_run("the shapes of a trace record by record are those of the whole trace",
              shapes_record_by_record_are_those_of_the_whole);
    check_run("the shape of a large trace looks only at the nodes that a record can change",
              a_shape_looks_only_at_the_nodes_of_the_record);
    check_run("the shape of another trace in a slot begins afresh", the_shape_of_another_trace_in_a_slot_begins_afresh);
#if CAN_RUN_OUT_OF_MEMORY
    check_run("a shape for which memory runs out is an error, and can be asked for again",
              a_shape_without_memory_is_an_error);
#endif
    return check_end();
}
