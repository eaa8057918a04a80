/* The state of traces, rebuilt record by record.
 *
 * There are two views. The engine's view (the members under "what the engine recovers from", the status, and each
 * node's status and output) is exactly what XERV, the workflow engine, would rebuild from the same records: a second
 * trace_start resets it, and records that tracereel wrote count like any others. The measured view is what ran:
 * attempts, errors, suspensions, loops, times. It continues across a second trace_start, which abandons what was open,
 * and the records that tracereel wrote add nothing to it. Nothing here knows about files.
 *
 * Callers read these structures and never write them. */
#ifndef TRACEREEL_TRACE_H
#define TRACEREEL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/json.h"
#include "tracereel/record.h"
#include "tracereel/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(C name, name that users see). */
#define TR_TRACE_STATUSES(X)                                                                                           \
    X(RUNNING, running)                                                                                                \
    X(SUSPENDED, suspended)                                                                                            \
    X(COMPLETE, complete)                                                                                              \
    X(FAILED, failed)

typedef enum tr_trace_status {
#define TR_TRACE_STATUS_ENUM(constant, name) TR_TRACE_##constant,
    TR_TRACE_STATUSES(TR_TRACE_STATUS_ENUM)
#undef TR_TRACE_STATUS_ENUM
        TR_TRACE_STATUS_COUNT
} tr_trace_status;

/* How a trace ended. Beyond XERV's complete and failed an imported log says why in the metadata of the closing record:
 * `continued` is a kind of complete, `cancelled`, `timed_out` and `terminated` are kinds of failed. X(C name, name that
 * users see, the status that goes with it). */
#define TR_TRACE_OUTCOMES(X)                                                                                           \
    X(OPEN, open, RUNNING)                                                                                             \
    X(COMPLETE, complete, COMPLETE)                                                                                    \
    X(FAILED, failed, FAILED)                                                                                          \
    X(CANCELLED, cancelled, FAILED)                                                                                    \
    X(TIMED_OUT, timed_out, FAILED)                                                                                    \
    X(TERMINATED, terminated, FAILED)                                                                                  \
    X(CONTINUED, continued, COMPLETE)

typedef enum tr_trace_outcome {
#define TR_TRACE_OUTCOME_ENUM(constant, name, status) TR_TRACE_OUTCOME_##constant,
    TR_TRACE_OUTCOMES(TR_TRACE_OUTCOME_ENUM)
#undef TR_TRACE_OUTCOME_ENUM
        TR_TRACE_OUTCOME_COUNT
} tr_trace_outcome;

#define TR_NODE_STATUSES(X)                                                                                            \
    X(IDLE, idle)                                                                                                      \
    X(RUNNING, running)                                                                                                \
    X(DONE, done)                                                                                                      \
    X(ERROR, error)                                                                                                    \
    X(SUSPENDED, suspended)                                                                                            \
    X(LOOPING, looping)

typedef enum tr_node_status {
#define TR_NODE_STATUS_ENUM(constant, name) TR_NODE_##constant,
    TR_NODE_STATUSES(TR_NODE_STATUS_ENUM)
#undef TR_NODE_STATUS_ENUM
        TR_NODE_STATUS_COUNT
} tr_node_status;

/* How an attempt of a node ended. `abandoned`: the node was started again, or the trace closed, before any record ended
 * the attempt. */
#define TR_OUTCOMES(X)                                                                                                 \
    X(OPEN, open)                                                                                                      \
    X(DONE, done)                                                                                                      \
    X(ERROR, error)                                                                                                    \
    X(ABANDONED, abandoned)

typedef enum tr_outcome {
#define TR_OUTCOME_ENUM(constant, name) TR_OUTCOME_##constant,
    TR_OUTCOMES(TR_OUTCOME_ENUM)
#undef TR_OUTCOME_ENUM
} tr_outcome;

/* What the state machine did not expect. The names are stable; docs/violations.md explains them. X(bit, C name, name
 * that users see, one sentence). */
#define TR_VIOLATIONS(X)                                                                                               \
    X(0, TRACE_NOT_OPEN, trace_not_open, "a record of a trace that has not started, or has closed")                    \
    X(1, TRACE_RESTARTED, trace_restarted, "a second trace_start: the trace's state begins afresh")                    \
    X(2, DONE_WITHOUT_START, done_without_start, "a node ended that was not running, in a trace that records starts")  \
    X(3, EXIT_WITHOUT_ITERATION, exit_without_iteration, "loop_exit of a loop that was not iterating")                 \
    X(4, ITERATION_SKIPPED, iteration_skipped, "the iteration number is neither the next one nor a fresh start")       \
    X(5, COMPLETE_WHILE_RUNNING, complete_while_running, "trace_complete while nodes were started and not done")       \
    X(6, COMPLETE_WHILE_SUSPENDED, complete_while_suspended, "trace_complete of a suspended trace")                    \
    X(7, SUSPENDED_TWICE, suspended_twice, "trace_suspended of a trace that was suspended")                            \
    X(8, TIME_BACKWARDS, time_backwards, "earlier than the event that must have come before it")                       \
    X(9, SUSPECT_RECORD, suspect_record, "the record stands inside the span of a broken one")

typedef enum tr_violation {
#define TR_VIOLATION_ENUM(bit, constant, name, meaning) TR_VIOLATION_##constant = 1u << (bit),
    TR_VIOLATIONS(TR_VIOLATION_ENUM)
#undef TR_VIOLATION_ENUM
} tr_violation;

enum { TR_VIOLATION_COUNT = 10 };

/* Names of the numbers above; NULL for one that does not exist. Violations go by bit number. */
const char *tr_trace_status_name(unsigned status);
const char *tr_node_status_name(unsigned status);
const char *tr_trace_outcome_name(unsigned outcome);
const char *tr_outcome_name(unsigned outcome);
const char *tr_violation_name(unsigned bit);
const char *tr_violation_meaning(unsigned bit);

/* "No such index". */
#define TR_NONE UINT32_MAX

/* One attempt of a node, from its start to its end. */
typedef struct tr_attempt {
    uint64_t start_ns;
    uint64_t end_ns; /* 0 while open */
    /* Packed, because a million traces may be open. */
    uint32_t node_index : 29; /* of its node in the trace's `nodes` */
    uint32_t outcome : 2;     /* tr_outcome */
    uint32_t estimated : 1;   /* no node_start was written: start_ns is the latest earlier event that can have made the
                                 node ready */
    uint32_t before : 29;     /* the node's previous attempt: index into `attempts`, or TR_NODE_NONE */
    uint32_t cut : 1;         /* it began before what is known of the trace: start_ns is the time of its end */
    uint32_t by_resume : 1;   /* done without a node_done: the trace_resumed after its wait ended it */
    uint32_t was_kept : 1;    /* if open: a plan restarted the trace, and noted that this attempt was still open */
} tr_attempt;

/* "No such index", in the members of tr_node and tr_attempt. A trace has fewer nodes and fewer attempts. */
#define TR_NODE_NONE ((1u << 29) - 1)

/* Packed, because a million traces may be open. */
typedef struct tr_node {
    uint64_t output_offset; /* of the last node_done; bytes from the start of the arena file, 0 = none */
    uint64_t schema_hash;
    uint32_t output_size;
    uint32_t node_id;
    uint32_t last_attempt : 29;    /* index into the trace's `attempts`, or TR_NODE_NONE */
    uint32_t status : 3;           /* tr_node_status */
    uint32_t last_loop_event : 29; /* index into the trace's `loop_events`, or TR_NODE_NONE */
    uint32_t is_completed : 1;     /* the engine's completed_nodes has it */
    uint32_t from_snapshot : 1;    /* a snapshot says that it runs, and no record has mentioned it since */
    uint32_t is_started : 1;       /* the engine's started_nodes has it, perhaps more than once */
} tr_node;

typedef struct tr_suspension {
    uint64_t start_ns;
    uint64_t end_ns; /* 0 while it lasts */
    uint32_t node_id;
    uint8_t outcome; /* tr_outcome: open, done, or abandoned by a restart of the trace, which is not measured */
    bool was_kept;   /* as in tr_attempt */
} tr_suspension;

#define TR_LOOP_NODE_MASK 0x3fffffffu

/* A loop_iteration, or the loop_exit that ends the last one. */
typedef struct tr_loop_event {
    uint64_t timestamp_ns;
    uint32_t iteration;
    uint32_t seen_iterations; /* loop_iteration records of the node up to this event */
    uint32_t node_index : 30; /* of the loop node in the trace's `nodes` */
    uint32_t is_exit : 1;
    uint32_t is_abandoned : 1; /* the trace was restarted during this iteration: its duration is unknown */
} tr_loop_event;

typedef struct tr_trace_error {
    uint64_t timestamp_ns;
    uint32_t node_id;      /* of a node_error; not meaningful for the trace's own failure */
    bool is_trace_failure; /* it came with trace_failed */
    bool by_tracereel;     /* a plan's reason to close the trace: nothing that ran has failed */
    char *message;         /* message_bytes bytes, not zero-terminated */
    uint32_t message_bytes;
    uint32_t life; /* the trace's restart_count at that time */
} tr_trace_error;

typedef struct tr_trace {
    uint8_t id[TR_TRACE_ID_BYTES];
    uint64_t start_ns; /* of its first trace_start; 0 for a trace that came from a snapshot */
    uint64_t last_ns;  /* the latest timestamp so far; those of records that tracereel wrote count only if one began the
                          trace */
    uint32_t log_slot; /* small number, unique among the open traces of one table, reused after the trace closes */
    uint32_t record_count;  /* of all its lives, trace_starts included */
    uint32_t error_count;   /* node_error records of its present life */
    uint32_t restart_count; /* trace_starts after the first: also the number of the present life, from 0 */
    uint32_t first_error;   /* index in `errors` of the first one of the present life */
    uint32_t first_attempt; /* the same in `attempts` */
    uint32_t first_suspension;
    uint32_t violations_seen; /* tr_violation bits */
    uint8_t status;           /* tr_trace_status. While nodes wait by themselves (tr_trace_wait_kind) the trace is
                                 suspended only if no attempt runs beside them */
    uint8_t outcome;          /* tr_trace_outcome */
    bool from_snapshot : 1;
    bool closed_by_tracereel : 1;
    /* From here on: what the engine recovers from. Its completed_nodes are the nodes with is_completed. */
    bool has_last_completed_node : 1;
    bool is_suspended : 1;
    uint32_t last_completed_node;
    uint32_t suspended_at;
    uint32_t started_count;
    uint64_t suspended_since_ns;        /* 0 if known only from a snapshot */
    uint32_t suspension_metadata_bytes; /* 0 = none */
    uint32_t metadata_bytes;            /* the same */
    uint32_t *started_nodes;            /* in order, twice if node_start came twice; read with tr_trace_next_started */
    char *suspension_metadata; /* of the latest trace_suspended, kept when the trace is resumed, as the engine does */
    char *metadata;            /* of its trace_start */

    uint32_t node_count; /* nodes in the order of their first records */
    uint32_t attempt_count;
    uint32_t suspension_count;
    uint32_t error_list_count;
    uint32_t loop_event_count;
    uint32_t plans_bytes;
    tr_node *nodes;
    tr_attempt *attempts;
    tr_suspension *suspensions;
    tr_loop_event *loop_events;
    tr_trace_error *errors; /* every error of all lives with its text, in order */

    /* What plans did to the trace: the values under the key "tracereel" of the records that they wrote, each ended by a
     * zero byte, oldest first; equal ones in a row appear once. An undo that only restored a suspension, whose record
     * names no plan, appears as {"action":"undo"}. */
    char *plans;
} tr_trace;

/* The node with that id, or NULL. */
const tr_node *tr_trace_find_node(const tr_trace *trace, uint32_t node_id);

/* In an imported log a node can run in parallel with itself: records say under "instance" in their metadata which of
 * these they are of. Each instance has an entry of its own in `nodes`, with its status, attempts and loop; the node as
 * the engine knows it, which knows no instances, has one before them: with the engine's view, and with attempts of
 * records that name no instance. */

/* The entry's instance; length 0 for the node itself. Valid until the next record. */
tr_text tr_trace_instance(const tr_trace *trace, const tr_node *node);
/* How many instances the node has; 0 for an instance. */
uint32_t tr_trace_instance_count(const tr_trace *trace, const tr_node *node);
/* The entry of that instance of the node (length 0: of the node itself), or NULL. */
const tr_node *tr_trace_find_instance(const tr_trace *trace, uint32_t node_id, tr_text instance);

/* What an imported log says of an attempt; members are 0 where it does not. Texts are valid until the next record. */
typedef struct tr_attempt_details {
    uint64_t scheduled_ns; /* when the source says that the node was ready; not after the start */
    uint32_t number;       /* the source's own, from 1 */
    uint32_t hidden_count; /* attempts that the source counts before this one and does not show */
    tr_text resource;      /* who or what ran it */
    tr_text kind; /* of the error that ended it: "timed_out", "cancelled", "terminated", or the source's word */
} tr_attempt_details;

/* Of an attempt in the trace's `attempts`. */
tr_attempt_details tr_trace_attempt_details(const tr_trace *trace, const tr_attempt *attempt);
/* A wait that is its node's own: an imported log can have several of them at once in one trace, beside nodes that run.
 * Returns what kind of wait a suspension in the trace's `suspensions` is ("timer", "signal", "update", "person", or the
 * source's word); length 0: XERV's suspension of the whole trace. */
tr_text tr_trace_wait_kind(const tr_trace *trace, const tr_suspension *suspension);
/* The entry in `nodes` that waits; NULL where only a snapshot or a plan knows of it. */
const tr_node *tr_trace_suspension_node(const tr_trace *trace, const tr_suspension *suspension);
/* The entry in `nodes` that an error in `errors` came from; NULL for the trace's own failure. */
const tr_node *tr_trace_error_node(const tr_trace *trace, const tr_trace_error *error);

/* Walks the engine's started_nodes, in order: returns the index in `started_nodes` of the first entry at or after
 * `from` that counts, or TR_NONE. Skipped entries belong to nodes that were done since. */
uint32_t tr_trace_next_started(const tr_trace *trace, uint32_t from);

/* The node's last attempt, or NULL. */
const tr_attempt *tr_trace_last_attempt(const tr_trace *trace, const tr_node *node);
/* The attempt of the same node before this one, or NULL. */
const tr_attempt *tr_trace_earlier_attempt(const tr_trace *trace, const tr_attempt *attempt);
/* The node's latest loop_iteration or loop_exit, or NULL. */
const tr_loop_event *tr_trace_last_loop_event(const tr_trace *trace, const tr_node *node);
/* How many loop_iteration records of the node were seen. */
uint32_t tr_trace_loop_iterations(const tr_trace *trace, const tr_node *node);

/* Whether the node's last attempt failed in the trace's present life, and no record says that the node was done since.
 */
bool tr_trace_node_has_failed(const tr_trace *trace, const tr_node *node);

/* The time an attempt in the trace's `attempts` ran: end - start, less the time the trace was suspended at this node
 * meanwhile, and what the node itself waited; 0 if the clock stepped back, and while the attempt is open. */
uint64_t tr_attempt_duration_ns(const tr_trace *trace, const tr_node *node, const tr_attempt *attempt);

/* Whether the trace was open across damage or has a suspect record: its state may then be wrong. */
bool tr_trace_is_tainted(const tr_trace *trace);

/* What the engine does with an open trace after a crash, in the order of its rules. */
typedef enum tr_recovery_action {
    TR_RECOVERY_AWAIT_RESUME, /* `node` is where the trace is suspended */
    TR_RECOVERY_RETRY_NODES,  /* the trace's started_nodes, in that order */
    TR_RECOVERY_RESUME_FROM   /* `node` is the last completed one, or 0 */
} tr_recovery_action;

typedef struct tr_recovery {
    tr_recovery_action action;
    uint32_t node;
} tr_recovery;

tr_recovery tr_trace_recovery(const tr_trace *trace);
const char *tr_recovery_action_name(tr_recovery_action action);

/* Why tracereel holds the trace for a person: the text under "held" in the metadata of the present suspension,
 * unescaped. `reason` has room for suspension_metadata_bytes. Returns false if the trace is not held; the contents of
 * `reason` and `*length_bytes` are then undefined. */
bool tr_trace_held(const tr_trace *trace, char *reason, uint32_t *length_bytes);

/* Writes an object: the engine's view under completed_nodes, last_completed_node, recovery, started_nodes,
 * suspended_at, suspension_metadata, trace_id; and duration_ns (null where its start is not known), error_count, held
 * (the reason, or null), last_error (of its present life, or null), last_ns, metadata (a text, or null), outcome,
 * record_count, start_ns, status, tainted, violations. */
void tr_json_trace(tr_json *json, const tr_trace *trace);

/* A copy of a trace in one block: how many bytes it takes, and the copy. Its pointers point into `memory` (aligned for
 * any object, at least that many bytes). It lives as long as `memory`; do not free it and do not apply records to it.
 */
size_t tr_trace_copy_bytes(const tr_trace *trace);
tr_trace *tr_trace_copy(const tr_trace *trace, void *memory);

/* The traces of a log can be shared out among processes: each trace belongs to one of `count` shards, by its id alone,
 * and to the same one on every machine. Returns its number, from 0 to count - 1. `count` is from 1 to
 * TR_SHARD_MAX_COUNT.
 *
 * With the two halves of the id read as little-endian numbers of 64 bits: p = (first xor 0x243f6a8885a308d3) *
 * (second xor 0x13198a2e03707344), of 128 bits; f = the low half of p xor its high half; f = f xor (f >> 32);
 * h = the high 32 bits of f * 0xd6e8feb86659fd93, of 64 bits; the shard is h * count >> 32. So shard i of n is shards
 * 2 i and 2 i + 1 of 2 n. */
uint32_t tr_trace_shard(const uint8_t id[TR_TRACE_ID_BYTES], uint32_t count);

enum { TR_SHARD_MAX_COUNT = 65536 };

/* The open traces of one log. Use from one thread at a time. */
typedef struct tr_traces tr_traces;

/* Returns NULL on allocation failure. */
tr_traces *tr_traces_new(void);
/* NULL is allowed. */
void tr_traces_free(tr_traces *traces);

/* Opens the traces of a snapshot. Returns TR_OK, or TR_ERROR_MEMORY: some of them may be open. */
tr_status tr_traces_seed(tr_traces *traces, const tr_snapshot *snapshot);
/* The same with those of one shard alone. */
tr_status tr_traces_seed_shard(tr_traces *traces, const tr_snapshot *snapshot, uint32_t index, uint32_t count);

/* Applies one record. TR_OK: `*trace` is the trace with the record applied, or NULL if the record belongs to no open
 * trace or is a checkpoint; `*violations` are tr_violation bits. A trace that the record closed stays readable until
 * the next call, which frees it. TR_ERROR_MEMORY: the record was applied partly or not at all; the table can still be
 * read and freed. `is_suspect` marks a record found inside a broken one. */
tr_status tr_traces_apply(tr_traces *traces, const tr_record *record, bool is_suspect, tr_trace **trace,
                          uint32_t *violations);

/* Puts a copy of an open trace, of this table or another, into this table, replacing one with the same id. TR_OK:
 * `*trace` is the copy, valid as long as a result of tr_traces_find. A trace that is tainted in its own table is
 * tainted in this one. TR_ERROR_MEMORY: `*trace` is NULL, and no trace with that id is open here. */
tr_status tr_traces_put(tr_traces *traces, const tr_trace *source, tr_trace **trace);

/* Counts only what ran, so that traces look as if tracereel had written nothing: its records change no status and no
 * node, and close nothing; `closed_by_tracereel` is set instead. Call before the first record. A trace without earlier
 * records still begins with tracereel's trace_start. */
void tr_traces_measure(tr_traces *traces);
/* Whether the last record was left out for that reason: tr_traces_apply then gave no trace. */
bool tr_traces_left_out(const tr_traces *traces);

/* Notes that something durable was lost here: every trace that is open now is tainted from now on. */
void tr_traces_note_damage(tr_traces *traces);

/* An open trace by its id, or NULL. Valid until the next tr_traces_apply. */
tr_trace *tr_traces_find(tr_traces *traces, const uint8_t id[TR_TRACE_ID_BYTES]);
size_t tr_traces_open_count(const tr_traces *traces);
/* Bytes of memory that the table and its traces use. */
size_t tr_traces_memory_bytes(const tr_traces *traces);
/* Largest log_slot in use so far, plus one. */
size_t tr_traces_slot_limit(const tr_traces *traces);

/* The open traces in order of their ids, in an array of tr_traces_open_count() pointers that the caller frees with
 * free(). NULL on allocation failure, and if none is open. */
tr_trace **tr_traces_sorted(tr_traces *traces);

#ifdef __cplusplus
}
#endif
#endif
