/* Traces with very many nodes that are started and not done: which are left, in which order, and at what cost. */
#include <stdlib.h>
#include <time.h>

#include "scarce_memory.h"
#include "trace/shape.h"
#include "trace_fixture.h"

enum { NODES = 300, STEPS = 30000, MANY = 100000 };

static uint32_t entries[STEPS + 1]; /* the model: ids in order, removed one by one */
static size_t entry_count;

static void model_remove(uint32_t node_id) {
    size_t kept = 0;
    for (size_t i = 0; i < entry_count; i++) {
        if (entries[i] != node_id) {
            entries[kept++] = entries[i];
        }
    }
    entry_count = kept;
}

static void check_entries(const tr_trace *trace) {
    size_t count = 0;
    for (uint32_t i = tr_trace_next_started(trace, 0); i != TR_NONE; i = tr_trace_next_started(trace, i + 1)) {
        CHECK(count < entry_count && trace->started_nodes[i] == entries[count]);
        count++;
    }
    CHECK_UINT(entry_count, count);
    CHECK_INT(entry_count > 0 ? TR_RECOVERY_RETRY_NODES : TR_RECOVERY_RESUME_FROM, tr_trace_recovery(trace).action);
}

static void check_copies(tr_traces *copies, const tr_trace *trace) {
    void *memory = malloc(tr_trace_copy_bytes(trace));
    check_entries(tr_trace_copy(trace, memory));
    tr_trace *put = NULL;
    CHECK_INT(TR_OK, tr_traces_put(copies, trace, &put));
    check_entries(put);
    CHECK(tr_trace_shape(trace) == tr_trace_shape(put));
    free(memory);
}

/* A step of a history whose list swells to several hundred entries and empties again, more than once. */
static written_record random_step(int step) {
    bool fills = step / 3000 % 2 == 0;
    uint32_t node_id = (uint32_t)rand() % NODES;
    written_record start = NODE_START(node_id, 2);
    written_record done = NODE_DONE(node_id, 3);
    return rand() % 8 < (fills ? 5 : 1) ? start : done;
}

static void random_histories(void) {
    srand(1);
    tr_traces *traces = tr_traces_new();
    tr_traces *copies = tr_traces_new();
    size_t longest = 0;
    entry_count = 0;
    apply_record(traces, (written_record)TRACE_START(1));
    for (int step = 0; step < STEPS; step++) {
        written_record record = random_step(step);
        tr_trace *trace = apply_record(traces, record);
        if (record.type == 1) {
            entries[entry_count++] = record.node_id;
        } else {
            model_remove(record.node_id);
        }
        longest = entry_count > longest ? entry_count : longest;
        if (step % 7 == 0) {
            check_entries(trace);
        }
        if (step % 499 == 0) {
            check_copies(copies, trace);
        }
    }
    CHECK(longest > 300);
    tr_traces_free(traces);
    tr_traces_free(copies);
}

/* Every node has an attempt, so that its end needs memory only for the list's index. */
static int end_nodes_without_memory(void) {
    tr_traces *traces = tr_traces_new();
    tr_trace *trace = NULL;
    apply_record(traces, (written_record)TRACE_START(1));
    for (uint32_t i = 0; i < NODES; i++) {
        apply_record(traces, (written_record)NODE_START(i, 2));
        entries[i] = i;
    }
    entry_count = NODES;
    use_up_memory();
    for (uint32_t i = 1; i < NODES / 2; i += 2) { /* the last nodes: they need the most */
        trace = apply_record(traces, (written_record)NODE_DONE(NODES - i, 3));
        model_remove(NODES - i);
    }
    check_entries(trace);
    return check_state.failures > 0;
}

static void a_node_leaves_without_memory(void) {
    check_in_child(end_nodes_without_memory);
}

/* --- cost --- */

static uint32_t nth_in_order(uint32_t number) {
    return number;
}

static uint32_t nth_from_the_end(uint32_t number) {
    return MANY - 1 - number;
}

static uint32_t nth_in_no_order(uint32_t number) {
    return (uint32_t)((uint64_t)number * 7919 % MANY);
}

static double seconds_used(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

/* A linear search for every node that is done would take some seconds for each order. */
static void many_nodes_end_in_any_order(void) {
    static uint32_t (*const orders[])(uint32_t) = {nth_in_order, nth_from_the_end, nth_in_no_order};
    double began = seconds_used();
    for (size_t order = 0; order < sizeof orders / sizeof *orders; order++) {
        tr_traces *traces = tr_traces_new();
        apply_record(traces, (written_record)TRACE_START(1));
        for (uint32_t i = 0; i < MANY; i++) {
            apply_record(traces, (written_record)NODE_START(i, 2));
        }
        tr_trace *trace = NULL;
        for (uint32_t i = 0; i < MANY; i++) {
            trace = apply_record(traces, (written_record)NODE_DONE(orders[order](i), 3));
        }
        entry_count = 0;
        check_entries(trace);
        CHECK_UINT(0, trace->started_count); /* readers of the list do not have to skip what is long done */
        tr_traces_free(traces);
    }
    CHECK(seconds_used() - began < 3);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("long lists of started nodes, and their copies, have what is not done in order", random_histories);
    if (CAN_RUN_OUT_OF_MEMORY) {
        check_run("a node that is done leaves the list even without memory", a_node_leaves_without_memory);
    }
    check_run("a hundred thousand started nodes end in any order without quadratic time", many_nodes_end_in_any_order);
    return check_end();
}
