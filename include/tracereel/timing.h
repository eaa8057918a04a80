/* Where the time of nodes and traces went, summed over any number of traces.
 *
 * docs/timing.md defines each number as a formula over records. All sums are in nanoseconds and saturate. Everything
 * merges by addition, maximum or minimum: parts of a log, merged in any order, give the same numbers. */
#ifndef TRACEREEL_TIMING_H
#define TRACEREEL_TIMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/activity.h"
#include "tracereel/histogram.h"
#include "tracereel/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which nodes must be done before a node is ready. */
typedef struct tr_flow_node {
    uint32_t node_id;
    uint32_t after_count;
    const uint32_t *after;
    const bool *is_off_out; /* for each of these: whether no edge comes from its port "out"; NULL: false for all. Used
                               by simulations */
} tr_flow_node;

typedef struct tr_flow {
    size_t node_count;
    const tr_flow_node *nodes;
} tr_flow;

/* The n-th iterations of loops, by n: the last entry counts all later ones. */
enum { TR_ITERATION_TREND = 16 };

typedef struct tr_iteration_timing {
    uint64_t count;
    uint64_t sum_ns;
} tr_iteration_timing;

/* The table of what is known of a node, from which merging, freeing, the report and its annotations for editors follow
 * (the comments, too); see "A timing column" in docs/development.md.
 *
 * Counts: X(member, field of the report, whose names are those of the columns). */
#define TR_NODE_COUNTS(X)                                                                                              \
    X(done_count, count)                  /* attempts that ended with node_done: those in run */                       \
    X(error_count, error_count)           /* attempts that ended with node_error */                                    \
    X(retry_count, retry_count)           /* attempts made after one of the same trace that was not done */            \
    X(unfinished_count, unfinished_count) /* never ended, or began before the log: in none of the sums */              \
    X(exact_count, exact_count)           /* finished attempts whose node_start was written */                         \
    X(estimated_count, estimated_count)   /* finished attempts whose start was estimated */                            \
    X(left_out_count, left_out_count)     /* of these, those in no time: others like them have a written start */      \
    X(clock_step_count, clock_step_count) /* finished attempts that end before they start: counted as 0 ns */          \
    X(failed_count, failed_count)         /* attempts that are in retry_ns */                                          \
    X(critical_count, critical_count)     /* attempts on the path that decided their trace's time */                   \
    X(hidden_count, hidden_count)         /* of imported logs: attempts that the source counts and does not show */    \
    X(timed_out_count, timed_out_count)   /* of the errors, those that the source calls so */                          \
    X(cancelled_count, cancelled_count)   /* the same */                                                               \
    X(terminated_count, terminated_count) /* the same */

/* Sums of nanoseconds, which saturate: X(member, whether the report has a field of its name, too). */
#define TR_NODE_SUMS(X)                                                                                                \
    X(run_ns, true)           /* attempts that were done, less what they were suspended */                             \
    X(queue_ns, true)         /* ready but not started; of exact attempts whose ready time is known */                 \
    X(suspended_ns, true)     /* time the trace was suspended at this node */                                          \
    X(retry_ns, true)         /* attempts that ended in an error, or were started again without an end */              \
    X(loop_ns, true)          /* of a loop node: its iterations, which contain other nodes' time */                    \
    X(critical_ns, true)      /* of attempts on the path that decided their trace's time, less what they waited */     \
    X(critical_wait_ns, true) /* the path waited here: for the node to start, and while it was suspended */            \
    X(slack_ns, false)        /* of attempts off it: how much later each could have ended */

/* Distributions of nanoseconds, each with the sum of its values: X(member and field of the report, its sum). */
#define TR_NODE_DISTRIBUTIONS(X)                                                                                       \
    X(run, run_ns)             /* attempts that were done, less what they were suspended */                            \
    X(queue, queue_ns)         /* ready but not started; attempts whose start was written */                           \
    X(suspended, suspended_ns) /* each suspension at this node that ended */                                           \
    X(iteration, loop_ns)      /* each finished iteration, of a loop node */                                           \
    X(slack, slack_ns)         /* attempts off the critical path: how much later each could have ended */

typedef struct tr_node_timing {
    uint32_t node_id;
    bool has_exact_run; /* those in `run` have written starts: estimated ones are left out. retry_ns and critical_ns
                           leave estimated ones out where exact_count is not 0 */
    uint8_t worst_trace_id[TR_TRACE_ID_BYTES]; /* of the longest run; the smallest id among equals */
    uint64_t worst_run_ns;
#define TR_NODE_COUNT_MEMBER(member, field) uint64_t member;
    TR_NODE_COUNTS(TR_NODE_COUNT_MEMBER)
#undef TR_NODE_COUNT_MEMBER
#define TR_NODE_SUM_MEMBER(member, is_field) uint64_t member;
    TR_NODE_SUMS(TR_NODE_SUM_MEMBER)
#undef TR_NODE_SUM_MEMBER
#define TR_NODE_DISTRIBUTION_MEMBER(member, sum) tr_histogram *member; /* NULL while it is empty */
    TR_NODE_DISTRIBUTIONS(TR_NODE_DISTRIBUTION_MEMBER)
#undef TR_NODE_DISTRIBUTION_MEMBER
    tr_iteration_timing *trend; /* TR_ITERATION_TREND of them; NULL while nothing is counted there */
} tr_node_timing;

/* What traces waited for where no attempt on their critical path ran: X(name). With the critical_ns of all nodes and
 * left_out_ns they add up to path_ns. */
#define TR_PATH_WAITS(X)                                                                                               \
    X(queue)  /* the path's next attempt was ready and had not started */                                              \
    X(person) /* suspended, for a person, a hook or a signal */                                                        \
    X(timer)  /* a node's own wait for a timer */                                                                      \
    X(gap)    /* the log does not say for what */

typedef struct tr_path_waits {
#define TR_PATH_WAIT_MEMBER(name) uint64_t name##_ns;
    TR_PATH_WAITS(TR_PATH_WAIT_MEMBER)
#undef TR_PATH_WAIT_MEMBER
} tr_path_waits;

/* The same tables for traces. Counts: X(member, whether the report has a field of its name). */
#define TR_TRACE_COUNTS(X)                                                                                             \
    X(complete_count, true)                                                                                            \
    X(failed_count, true)                                                                                              \
    X(continued_count, true)     /* of the complete ones: an imported log says that they go on in another trace */     \
    X(cancelled_count, true)     /* of the failed ones, as an imported log says how */                                 \
    X(timed_out_count, true)     /* the same */                                                                        \
    X(terminated_count, true)    /* the same */                                                                        \
    X(open_count, true)          /* cut off by the log's end: makespan unknown */                                      \
    X(from_snapshot_count, true) /* of the closed ones: cut off by the log's beginning, makespan unknown */            \
    X(restarted_count, true)     /* of all, those that were restarted: times count from their first trace_start */     \
    X(tainted_count, true)       /* left out of everything else */                                                     \
    X(clock_step_count, true)    /* closed ones that end before they start: counted as 0 ns */                         \
    X(before_count, false)       /* open before the log begins: they came from a snapshot */

/* Sums of nanoseconds, which saturate. */
#define TR_TRACE_SUMS(X)                                                                                               \
    X(makespan_ns)  /* of the closed ones whose start is known */                                                      \
    X(suspended_ns) /* of the same: with nodes' own waits, how long at least one lasted */                             \
    X(path_ns)      /* of critical paths: makespan_ns; where children were added, what is counted of theirs in place   \
                       of what is not of their parents' */                                                             \
    X(left_out_ns)  /* of the same: attempts with estimated starts, of nodes with written ones */

/* Distributions of nanoseconds, each with the sum of its values. */
#define TR_TRACE_DISTRIBUTIONS(X)                                                                                      \
    X(makespan, makespan_ns)                                                                                           \
    X(suspended, suspended_ns)

typedef struct tr_trace_timing {
#define TR_TRACE_COUNT_MEMBER(member, is_field) uint64_t member;
    TR_TRACE_COUNTS(TR_TRACE_COUNT_MEMBER)
#undef TR_TRACE_COUNT_MEMBER
#define TR_TRACE_SUM_MEMBER(member) uint64_t member;
    TR_TRACE_SUMS(TR_TRACE_SUM_MEMBER)
#undef TR_TRACE_SUM_MEMBER
#define TR_TRACE_DISTRIBUTION_MEMBER(member, sum) tr_histogram *member; /* NULL while it is empty */
    TR_TRACE_DISTRIBUTIONS(TR_TRACE_DISTRIBUTION_MEMBER)
#undef TR_TRACE_DISTRIBUTION_MEMBER
    tr_path_waits path_waits; /* of the paths in path_ns */
    uint64_t first_ns;        /* the earliest start and latest end of all; first_ns > last_ns while there are none */
    uint64_t last_ns;
    tr_activity in_flight; /* starts and ends of traces: before_count did not start, open ones do not end */
} tr_trace_timing;

/* One of a trace's finished attempts. */
typedef struct tr_timed_span {
    uint64_t ready_ns;
    uint64_t start_ns;
    uint64_t end_ns; /* never before start_ns */
    uint64_t run_ns; /* end - start, less what was suspended */
    uint32_t node_id;
    uint32_t instance; /* of a node that runs in parallel with itself, 1 for the first that was seen in the trace, and
                          so on; 0: the node itself */
    uint32_t lane;     /* from 0: within a lane spans do not overlap, each from ready to end */
    uint8_t outcome;   /* tr_outcome */
    bool estimated;
    bool is_critical;
} tr_timed_span;

/* At most this many spans, and as many suspensions, are kept of a trace. */
enum { TR_TIMED_TRACE_MAX = 4096 };

typedef struct tr_timed_trace {
    uint8_t id[TR_TRACE_ID_BYTES];
    uint8_t status; /* tr_trace_status */
    uint64_t start_ns;
    uint64_t end_ns;
    uint64_t makespan_ns;
    uint64_t suspended_ns;
    uint64_t critical_ns; /* of attempts on the path, less what they waited: with path_waits, the makespan */
    tr_path_waits path_waits;
    uint32_t lane_count;
    uint32_t span_count;
    uint32_t suspension_count;
    uint32_t left_out_count; /* spans and suspensions that were not kept */
    tr_timed_span *spans;    /* in the order of their starts */
    tr_suspension *suspensions;
} tr_timed_trace;

typedef struct tr_timing tr_timing;

enum { TR_TIMING_MAX_WORST = 1000 };

/* `flow` is copied; NULL: a node is ready when the latest earlier event of its trace has happened. The `worst_count`
 * longest traces (at most TR_TIMING_MAX_WORST) are kept whole. Returns NULL on allocation failure. */
tr_timing *tr_timing_new(const tr_flow *flow, uint32_t worst_count);
/* An empty one with the flow and worst_count of `model`, so that they can be merged. Returns NULL on allocation
 * failure. */
tr_timing *tr_timing_new_like(const tr_timing *model);
/* NULL is allowed. */
void tr_timing_free(tr_timing *timing);

/* Adds a trace in its present state. Call once for each trace: when it has closed, or at the end of the log if it is
 * still open. Returns TR_OK, or TR_ERROR_MEMORY: part of it may have been added. */
tr_status tr_timing_add(tr_timing *timing, const tr_trace *trace);

typedef struct tr_path_stretch {
    uint64_t start_ns;
    uint64_t end_ns; /* not before start_ns */
} tr_path_stretch;

/* Stretches of a trace's critical path that are counted in traces which it has started, in the order of their times.
 * They do not overlap, and each is in one attempt on the path. */
typedef struct tr_child_stretches {
    const tr_path_stretch *items;
    size_t count;
} tr_child_stretches;

/* The same for a trace that has started others. */
tr_status tr_timing_add_parent(tr_timing *timing, const tr_trace *trace, tr_child_stretches children);

/* How a trace that another one has started counts. */
typedef struct tr_timed_child {
    bool is_critical;        /* it was on the path that decided the time of the trace that no other has started */
    tr_path_stretch on_path; /* where is_critical: the part of that path that is its own; end_ns 0: all of its time */
    tr_child_stretches children; /* where is_critical: of that part, what is that of traces that it has started */
    bool is_attempt;             /* its parent has no attempt of parent_node: the child counts as one */
    uint32_t parent_node;        /* where is_attempt */
} tr_timed_child;

/* The same for a trace that another one has started, and whose time is part of that one's: it has no makespan of its
 * own, and is not in flight. */
tr_status tr_timing_add_child(tr_timing *timing, const tr_trace *trace, const tr_timed_child *how);

/* Adds `from`, which must have been made with the same flow and worst_count and must not be `into` itself. Returns
 * TR_OK, or TR_ERROR_MEMORY: part of it may have been added. */
tr_status tr_timing_merge(tr_timing *into, const tr_timing *from);

/* Bytes of memory in use. */
size_t tr_timing_memory_bytes(const tr_timing *timing);

const tr_trace_timing *tr_timing_traces(const tr_timing *timing);
size_t tr_timing_node_count(const tr_timing *timing);
/* Nodes in ascending order of their ids; NULL if there is no such index. Valid until the timing is changed. */
const tr_node_timing *tr_timing_node(const tr_timing *timing, size_t index);
/* The longest of the closed traces whose start is known, longest first, smaller ids first among equals; NULL if there
 * is no such index. Valid until the timing is changed. */
const tr_timed_trace *tr_timing_worst(const tr_timing *timing, uint32_t index);
uint32_t tr_timing_worst_limit(const tr_timing *timing);
/* The flow, its nodes in ascending order of their ids; NULL if there is none. */
const tr_flow *tr_timing_flow(const tr_timing *timing);

/* Put into a timing that was just made what another one held, part by part: once what it says of traces; the nodes, in
 * ascending order of their ids; the worst traces in their order. Histograms, spans and so on are copied, and of what
 * follows from the rest (a node's worst_run_ns, a trace's makespan_ns, critical_ns and lanes) nothing is read. Return
 * TR_OK; TR_ERROR_INVALID where no timing holds this; or TR_ERROR_MEMORY: part of it may have been put there. */
tr_status tr_timing_restore_traces(tr_timing *timing, const tr_trace_timing *traces);
tr_status tr_timing_restore_node(tr_timing *timing, const tr_node_timing *node);
tr_status tr_timing_restore_worst(tr_timing *timing, const tr_timed_trace *timed);

#ifdef __cplusplus
}
#endif
#endif
