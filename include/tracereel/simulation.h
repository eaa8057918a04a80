/* A log played again in virtual time, under other conditions, into a new log. The model: docs/simulation.md.
 *
 * First the log is recorded: its records are sorted into one chain for each trace, in temporary files. Then any number
 * of simulations can be made of the recording. What a scenario leaves to functions comes out of tr_simulation_next as a
 * question, and goes back in by tr_simulation_answer: nothing here calls back. */
#ifndef TRACEREEL_SIMULATION_H
#define TRACEREEL_SIMULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/log.h"
#include "tracereel/record.h"
#include "tracereel/timing.h"
#include "tracereel/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tr_recording tr_recording;

/* What was recorded. Times are event times: of each record the latest timestamp up to it, so that they never fall. */
typedef struct tr_recording_facts {
    uint64_t records;
    uint64_t traces;         /* that began in the log, the tainted ones included */
    uint64_t tainted_traces; /* left out of every simulation */
    uint64_t orphans;        /* records of no open trace, and checkpoints: they stay at their times */
    uint64_t lost_orphans;   /* of a damaged log, checkpoints excepted: left out */
    uint64_t first_ns;       /* both 0 where there is no record */
    uint64_t last_ns;
    uint64_t first_sequence;
    bool is_damaged;
} tr_recording_facts;

/* Reads `log`, which must have been opened without `use_snapshot` and must outlive the recording. TR_OK or a failure;
 * then
 * `*recording` is NULL. */
tr_status tr_recording_open(tr_log *log, tr_recording **recording, tr_error *error);
/* Reads on, for about `max_records`. TR_OK: there is more. TR_END: all was read, simulations can be made. */
tr_status tr_recording_read(tr_recording *recording, uint64_t max_records, tr_error *error);
const tr_recording_facts *tr_recording_get_facts(const tr_recording *recording);
bool tr_recording_has_node(const tr_recording *recording, uint32_t node_id);
size_t tr_recording_node_count(const tr_recording *recording);
/* The ids of all nodes of the log, ascending; `node_ids` has room for as many. */
void tr_recording_nodes(const tr_recording *recording, uint32_t *node_ids);
/* Whether it has a loop_iteration in the log. */
bool tr_recording_has_loop(const tr_recording *recording, uint32_t node_id);
/* NULL is allowed. No simulation of it may be left. */
void tr_recording_close(tr_recording *recording);

/* A recorded trace, in the order in which they began. */
typedef struct tr_recorded_trace {
    uint8_t id[TR_TRACE_ID_BYTES];
    uint64_t start_ns; /* event time of its trace_start */
    uint32_t records;
    bool is_left_out; /* of every simulation, because it is tainted */
} tr_recorded_trace;

/* `index` < facts.traces. */
tr_recorded_trace tr_recording_trace_at(const tr_recording *recording, uint64_t index);

typedef enum tr_time_kind {
    TR_TIME_RECORDED,
    TR_TIME_FACTOR,
    TR_TIME_FIXED,
    TR_TIME_ASK /* each time as a question */
} tr_time_kind;

typedef struct tr_time_rule {
    tr_time_kind kind;
    double factor; /* of the recorded time; not negative */
    uint64_t ns;
} tr_time_rule;

typedef enum tr_fail_kind { TR_FAIL_AS_RECORDED, TR_FAIL_SHARE, TR_FAIL_ASK } tr_fail_kind;

typedef struct tr_node_rule {
    uint32_t node_id;
    tr_time_rule time;
    tr_fail_kind fail;
    double fail_share; /* of the attempts that were done in the recorded log */
    const char *error; /* message of the node_error; error_bytes of it */
    uint32_t error_bytes;
    uint32_t max_retries; /* attempts after the first; 0: the first failure ends the trace */
    uint64_t retry_delay_ns;
    double retry_factor; /* each further delay is so many times the one before */
} tr_node_rule;

typedef struct tr_suspension_rule {
    uint32_t node_id;
    tr_time_rule time;
} tr_suspension_rule;

typedef enum tr_fault_kind {
    TR_FAULT_ERROR, /* a node_done becomes a node_error */
    TR_FAULT_LOST,  /* the record is not written; all goes on */
    TR_FAULT_DELAY, /* it, and what waits for it, comes later */
    TR_FAULT_CRASH  /* the engine dies before it is written, starts again and recovers */
} tr_fault_kind;

/* What goes wrong when a trace is about to write one of its records. */
typedef struct tr_fault {
    uint64_t trace_number;               /* from 1, in the order of arrival; 0: `trace_id` says which */
    uint8_t trace_id[TR_TRACE_ID_BYTES]; /* in the simulated log; all zero where the number says which */
    uint64_t record; /* from 1: of those that the trace writes, and those that a fault kept from being written */
    tr_fault_kind kind;
    uint64_t ns;       /* how much later, or how long the engine is down */
    const char *error; /* message of the node_error; error_bytes of it */
    uint32_t error_bytes;
} tr_fault;
typedef struct tr_loop_rule {
    uint32_t node_id;     /* of the loop */
    bool asks;            /* each run of the loop as a question */
    uint32_t iterations;  /* of each run; at least 1 */
    const uint32_t *body; /* the nodes inside it; NULL: guessed */
    size_t body_count;
} tr_loop_rule;

/* What is different from the recorded log; all zero: nothing. What pointers lead to must outlive the simulation. */
typedef struct tr_scenario {
    uint64_t seed;
    const tr_node_rule *nodes;
    size_t node_count;
    const tr_node_rule *default_node; /* for nodes that have no rule; NULL: as recorded */
    const tr_suspension_rule *suspensions;
    size_t suspension_count;
    const tr_loop_rule *loops;
    size_t loop_count;
    const tr_flow *flow;          /* NULL: guessed from each trace */
    tr_time_rule arrivals;        /* time from one trace to the next: recorded, fixed, or asked for */
    uint64_t trace_count;         /* 0: as many as were recorded */
    uint32_t max_nodes_per_trace; /* that run at once; 0: no limit, as the next two */
    uint32_t max_nodes;
    uint32_t max_traces; /* that are open at once */
    bool is_temporary;   /* the new log need not be there after a crash of the machine */
    bool has_crash;
    uint64_t crash_ns;      /* the log ends before the first record behind this event time */
    uint64_t crash_records; /* or behind so many records */
    uint64_t torn_bytes;    /* of the next record, which are there nevertheless */
    uint32_t lost_records;  /* that were written and did not become durable */
    bool asks_events;       /* each record's time as a question, before it is waited for */
    const tr_fault *faults; /* in the order of trace_number, then of trace_id, then of record */
    size_t fault_count;
} tr_scenario;

typedef enum tr_question_kind {
    TR_QUESTION_NODE_TIME,       /* ns that this attempt runs */
    TR_QUESTION_NODE_FAIL,       /* not 0: this attempt fails */
    TR_QUESTION_SUSPENSION_TIME, /* ns */
    TR_QUESTION_ARRIVAL,         /* ns from the last arrival to this one */
    TR_QUESTION_EVENT,           /* event time of a record that is to be written: not before now_ns */
    TR_QUESTION_LOOP,            /* iterations of a run of a loop, at least 1; asked when its trace arrives */
    TR_QUESTION_KINDS
} tr_question_kind;

typedef struct tr_question {
    tr_question_kind kind;
    tr_record_type record_type; /* for an event */
    bool has_node;
    uint32_t node_id;     /* of an event: for trace_resumed, where it was suspended */
    uint32_t attempt;     /* from 1 */
    uint64_t recorded_ns; /* the answer that would change nothing */
    uint64_t now_ns;
    uint64_t seed; /* to seed what is drawn for the answer with: it depends on the scenario's seed and what is asked,
                      and not on what else happens */
    uint64_t trace_number;               /* from 1, in the order of arrival; 0: a record of no open trace */
    uint64_t trace_arrival_ns;           /* in virtual time */
    uint8_t trace_id[TR_TRACE_ID_BYTES]; /* in the simulated log */
    tr_text metadata;                    /* of the trace_start; good until the answer */
} tr_question;

typedef struct tr_simulation_facts {
    uint64_t records;
    uint64_t traces;          /* that arrived */
    uint64_t injected_errors; /* node_errors that the recorded log does not have */
    uint64_t retries;         /* attempts made after these */
    uint64_t given_up_traces; /* ended by one of these */
    uint64_t waiting_traces;  /* that never began, or had a node that waited for its turn at the end */
    uint64_t faults;          /* of the scenario's, those that found a record that they fit */
    uint64_t last_ns;         /* event time of the last record */
} tr_simulation_facts;

typedef struct tr_simulation tr_simulation;

/* One recorded trace of a simulation that is to be looked at. */
typedef struct tr_probe {
    uint64_t trace_index;  /* of the recording */
    uint64_t trace_number; /* in the order of arrival, from 1 */
    bool is_alone;         /* only this trace is simulated */
    uint64_t arrival_ns;   /* where it is alone: when it arrives */
} tr_probe;

/* A record that the trace wrote, or that a fault kept from being written. */
typedef struct tr_probe_record {
    uint64_t time_ns; /* event time */
    uint32_t node_id;
    uint8_t type;
    bool is_written;
} tr_probe_record;

/* What became of it. Good until the simulation is closed. */
typedef struct tr_probe_result {
    const tr_trace
        *trace;         /* as the log tells it; NULL: no trace of that id was open in it at the end, or closed last */
    const uint8_t *log; /* its records, back to back */
    size_t log_bytes;
    const tr_probe_record *records;
    size_t record_count;
} tr_probe_result;

/* As tr_simulation_open, but nothing is written. The scenario must have no has_crash. */
tr_status tr_simulation_probe(const tr_recording *recording, const tr_scenario *scenario, const tr_probe *probe,
                              tr_simulation **simulation, tr_error *error);
/* Only for these; complete when tr_simulation_next has answered with TR_END. */
const tr_probe_result *tr_simulation_get_probe_result(const tr_simulation *simulation);

/* Writes into `directory`, which is made if it is not there and must hold no segments. On failure `*simulation` is
 * NULL; the statuses are those of tr_writer_open. */
tr_status tr_simulation_open(const tr_recording *recording, const tr_scenario *scenario, const char *directory,
                             tr_simulation **simulation, tr_error *error);
/* TR_END: the log is complete and durable. TR_OK: there is a question to be answered where `*question` is not NULL;
 * where it is NULL some work was done: call again. */
tr_status tr_simulation_next(tr_simulation *simulation, const tr_question **question, tr_error *error);
void tr_simulation_answer(tr_simulation *simulation, uint64_t answer);
const tr_simulation_facts *tr_simulation_get_facts(const tr_simulation *simulation);
/* NULL is allowed. */
void tr_simulation_close(tr_simulation *simulation);

#ifdef __cplusplus
}
#endif
#endif
