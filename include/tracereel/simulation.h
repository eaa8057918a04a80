/* Replays a log in virtual time, under other conditions, into a new log. The model: docs/simulation.md.
 *
 * First the log is recorded: its records are sorted into one chain per trace, in temporary files. Then any number of
 * simulations can run on the recording. What a scenario leaves to functions comes out of tr_simulation_next as a
 * question, and tr_simulation_answer takes the answer: nothing here calls back.
 *
 * "The engine" is XERV, the workflow engine that writes such logs. */
#ifndef TRACEREEL_SIMULATION_H
#define TRACEREEL_SIMULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/histogram.h"
#include "tracereel/log.h"
#include "tracereel/record.h"
#include "tracereel/scenario.h"
#include "tracereel/timing.h"
#include "tracereel/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tr_recording tr_recording;

/* What was recorded. Times are event times: the event time of a record is the latest timestamp up to it, so that event
 * times never decrease. */
typedef struct tr_recording_stats {
    uint64_t records;
    uint64_t traces;         /* that began in the log, the tainted ones included */
    uint64_t tainted_traces; /* left out of every simulation */
    uint64_t orphans;        /* records of no open trace, and checkpoints: they keep their times */
    uint64_t lost_orphans;   /* in a damaged log, checkpoints excepted: left out */
    uint64_t first_ns;       /* both 0 if there is no record */
    uint64_t last_ns;
    uint64_t first_sequence;
    bool is_damaged;
} tr_recording_stats;

/* Begins to record `log`, which must have been opened without `use_snapshot` and must outlive the recording. Returns
 * TR_OK (close `*recording` with tr_recording_close) or a failure: `*recording` is NULL. */
tr_status tr_recording_open(tr_log *log, tr_recording **recording, tr_error *error);
/* Adds every trace of the log to `timing` while it is recorded, as tracereel/replay.h has them where only what ran
 * counts (tr_replay_measure). Call before the first record; `timing` must live until everything was read. */
void tr_recording_measure(tr_recording *recording, tr_timing *timing);
/* Records up to about `max_records` more. TR_OK: there is more. TR_END: everything was read, and simulations can be
 * opened. */
tr_status tr_recording_read(tr_recording *recording, uint64_t max_records, tr_error *error);
const tr_recording_stats *tr_recording_get_stats(const tr_recording *recording);
bool tr_recording_has_node(const tr_recording *recording, uint32_t node_id);
size_t tr_recording_node_count(const tr_recording *recording);
/* Writes the ids of all nodes of the log, ascending, to `node_ids`, which has room for tr_recording_node_count of them.
 */
void tr_recording_nodes(const tr_recording *recording, uint32_t *node_ids);
/* Whether the node has a loop_iteration in the log. */
bool tr_recording_has_loop(const tr_recording *recording, uint32_t node_id);
/* NULL is allowed. Close all simulations of the recording first. */
void tr_recording_close(tr_recording *recording);

/* A recorded trace. Traces are numbered in the order in which they began. */
typedef struct tr_recorded_trace {
    uint8_t id[TR_TRACE_ID_BYTES];
    uint64_t start_ns; /* event time of its trace_start */
    uint64_t last_ns;  /* of its last record */
    uint32_t records;
    bool is_closed;   /* complete or failed */
    bool is_left_out; /* left out of every simulation, because it is tainted */
} tr_recorded_trace;

/* `index` < `traces` of tr_recording_stats. */
tr_recorded_trace tr_recording_trace_at(const tr_recording *recording, uint64_t index);

/* The kinds of questions, and what is asked for. X(constant, name).
 * time: ns that this attempt runs; fail: nonzero if this attempt fails; suspension: ns; arrival: ns from the last
 * arrival to this one; event: event time of a record about to be written, not before now_ns; loop: iterations of a run
 * of a loop, at least 1, asked when the trace arrives; priority: signed, of an attempt in the line of its pool. */
#define TR_QUESTIONS(X)                                                                                                \
    X(NODE_TIME, "time")                                                                                               \
    X(NODE_FAIL, "fail")                                                                                               \
    X(SUSPENSION_TIME, "suspension")                                                                                   \
    X(ARRIVAL, "arrival")                                                                                              \
    X(EVENT, "event")                                                                                                  \
    X(LOOP, "loop")                                                                                                    \
    X(PRIORITY, "priority")

typedef enum tr_question_kind {
#define TR_QUESTION_ENUM(constant, name) TR_QUESTION_##constant,
    TR_QUESTIONS(TR_QUESTION_ENUM)
#undef TR_QUESTION_ENUM
        TR_QUESTION_KINDS
} tr_question_kind;

typedef struct tr_question {
    tr_question_kind kind;
    tr_record_type record_type; /* for an event */
    bool has_node;
    uint32_t node_id;     /* of an event: for trace_resumed, where the trace was suspended */
    uint32_t attempt;     /* from 1 */
    uint64_t recorded_ns; /* the answer that would change nothing */
    uint64_t now_ns;
    uint64_t seed; /* for random numbers that the answer needs: it depends on the scenario's seed and on what is asked,
                      and on nothing else */
    uint64_t trace_number;               /* from 1, in the order of arrival; 0: a record of no open trace */
    uint64_t trace_arrival_ns;           /* in virtual time */
    uint8_t trace_id[TR_TRACE_ID_BYTES]; /* in the simulated log */
    tr_text metadata;                    /* of the trace_start; good until the answer */
} tr_question;

/* Never NULL. */
const char *tr_question_kind_name(tr_question_kind kind);

typedef struct tr_simulation_stats {
    uint64_t records;
    uint64_t traces;          /* that arrived */
    uint64_t injected_errors; /* node_errors that the recorded log does not have */
    uint64_t retries;         /* attempts made after these errors */
    uint64_t given_up_traces; /* ended by one of these errors */
    uint64_t waiting_traces;  /* that never began, or had a node that still waited for a slot at the end */
    uint64_t faults;          /* faults of the scenario that hit a record */
    uint64_t last_ns;         /* event time of the last record */
} tr_simulation_stats;

typedef struct tr_simulation tr_simulation;

/* A trace of a simulation to look at. */
typedef struct tr_probe {
    uint64_t trace_index;  /* of the recording */
    uint64_t trace_number; /* in the order of arrival, from 1 */
    bool is_alone;         /* only this trace is simulated */
    uint64_t arrival_ns;   /* if it is alone: when it arrives */
} tr_probe;

/* A record that the trace wrote, or that a fault kept from being written. */
typedef struct tr_probe_record {
    uint64_t time_ns; /* event time */
    uint32_t node_id;
    uint8_t type;
    bool is_written;
} tr_probe_record;

/* What became of the trace. Lives as long as the simulation. */
typedef struct tr_probe_result {
    /* Its state according to its records; NULL: no trace with that id was open at the end, or closed last. */
    const tr_trace *trace;
    const uint8_t *log; /* its records, back to back */
    size_t log_bytes;
    const tr_probe_record *records;
    size_t record_count;
} tr_probe_result;

/* Like tr_simulation_open, but writes nothing. The scenario must not have has_crash. */
tr_status tr_simulation_probe(const tr_recording *recording, const tr_scenario *scenario, const tr_probe *probe,
                              tr_simulation **simulation, tr_error *error);
/* Only for simulations opened by tr_simulation_probe; complete once tr_simulation_next has returned TR_END. */
const tr_probe_result *tr_simulation_get_probe_result(const tr_simulation *simulation);

/* Opens a simulation that writes into `directory`, which is created if it does not exist and must have no segments.
 * TR_OK: close `*simulation` with tr_simulation_close. On failure `*simulation` is NULL; the statuses are those of
 * tr_writer_open. */
tr_status tr_simulation_open(const tr_recording *recording, const tr_scenario *scenario, const char *directory,
                             tr_simulation **simulation, tr_error *error);
/* Adds every trace of the new log to `timing` while it is written, as if the log had been recorded. The scenario must
 * not have has_crash, which takes records from the log's end again. Call before the first tr_simulation_next; `timing`
 * must live until TR_END. Returns TR_OK, or TR_ERROR_MEMORY: nothing is added. */
tr_status tr_simulation_measure(tr_simulation *simulation, tr_timing *timing);
/* Goes on with the simulation. TR_END: the log is complete and durable. TR_OK with a `*question`: answer it, then call
 * again; TR_OK with NULL: some work was done, call again. */
tr_status tr_simulation_next(tr_simulation *simulation, const tr_question **question, tr_error *error);
void tr_simulation_answer(tr_simulation *simulation, uint64_t answer);
const tr_simulation_stats *tr_simulation_get_stats(const tr_simulation *simulation);

/* What became of the places of a pool, or of those of one value of its key; or of `limits.nodes`. */
typedef struct tr_pool_result {
    const tr_pool *pool; /* NULL: limits.nodes */
    tr_text value;       /* length 0: none */
    uint32_t capacity;
    uint32_t max_queue;
    uint64_t asked_count;        /* attempts that asked for a place */
    uint64_t waiting_count;      /* of these, those that still waited at the end */
    uint64_t span_ns;            /* from the first arrival to the end */
    const tr_histogram *queue;   /* its length, counted once for each nanosecond */
    const tr_histogram *taken;   /* places taken, counted once for each nanosecond in which the pool was open */
    const tr_histogram *wait_ns; /* of each that got a place; 0 of those that did not wait */
} tr_pool_result;

/* Complete once tr_simulation_next has returned TR_END. A value of a pool's key that no attempt had is not there. */
size_t tr_simulation_pool_count(const tr_simulation *simulation);
/* `index` < tr_simulation_pool_count. Lives as long as the simulation. */
tr_pool_result tr_simulation_pool_at(const tr_simulation *simulation, size_t index);

/* NULL is allowed. */
void tr_simulation_close(tr_simulation *simulation);

#ifdef __cplusplus
}
#endif
#endif
