/* The tables of the state machine: what each type of record does to its trace, and to its node. */
#ifndef TRACEREEL_TRANSITION_RULES_H
#define TRACEREEL_TRANSITION_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/attempts.h"
#include "tracereel/trace.h"

/* What happens at a node. */
typedef enum node_event { NO_EVENT, START, DONE, ERROR, SUSPEND, RESUME, ITERATION, EXIT, EVENT_COUNT } node_event;

typedef struct node_rule {
    uint8_t next; /* tr_node_status */
    bool is_unexpected;
} node_rule;

#define TO(status)                                                                                                     \
    { TR_NODE_##status, false }
#define UNEXPECTED(status)                                                                                             \
    { TR_NODE_##status, true }
#define ALWAYS(status)                                                                                                 \
    { TO(status), TO(status), TO(status), TO(status), TO(status), TO(status) }

/* By event, then by the node's status: idle, running, done, error, suspended, looping. */
static const node_rule node_rules[EVENT_COUNT][TR_NODE_STATUS_COUNT] = {
    [START] = ALWAYS(RUNNING),
    [DONE] = {UNEXPECTED(DONE), TO(DONE), UNEXPECTED(DONE), UNEXPECTED(DONE), TO(DONE), UNEXPECTED(DONE)},
    [ERROR] = {UNEXPECTED(ERROR), TO(ERROR), UNEXPECTED(ERROR), UNEXPECTED(ERROR), TO(ERROR), UNEXPECTED(ERROR)},
    [SUSPEND] = ALWAYS(SUSPENDED),
    [RESUME] = {TO(IDLE), TO(RUNNING), TO(DONE), TO(ERROR), TO(RUNNING), TO(LOOPING)},
    [ITERATION] = ALWAYS(LOOPING),
    [EXIT] = {UNEXPECTED(DONE), UNEXPECTED(DONE), UNEXPECTED(DONE), UNEXPECTED(DONE), UNEXPECTED(DONE), TO(DONE)},
};

/* What an event does whatever the node's status is: to its attempts, and the violation where it is unexpected. */
static const struct {
    uint8_t attempts; /* tr_attempts_action */
    uint16_t violation;
} event_rules[EVENT_COUNT] = {
    [START] = {TR_ATTEMPTS_OPEN, 0},
    [DONE] = {TR_ATTEMPTS_CLOSE_DONE, TR_VIOLATION_DONE_WITHOUT_START},
    [ERROR] = {TR_ATTEMPTS_CLOSE_ERROR, TR_VIOLATION_DONE_WITHOUT_START},
    [SUSPEND] = {TR_ATTEMPTS_NEED, 0},
    [EXIT] = {TR_ATTEMPTS_KEEP, TR_VIOLATION_EXIT_WITHOUT_ITERATION},
};

/* What a record does to its trace: the next status from each of the two that an open trace can have, the event at the
 * record's node, and whether it can make a node ready. */
typedef struct trace_rule {
    uint8_t next[2]; /* from running, from suspended: tr_trace_status */
    uint8_t event;
    bool makes_ready;
    uint16_t violation[2];
} trace_rule;

/* A row for each type of record: X(type, status from running, from suspended, event, makes ready, violation in a
 * running trace, in a suspended one). A type that is kept and shown, and changes nothing, has the row of CHECKPOINT. */
#define TRACE_RULES(X)                                                                                                 \
    X(TRACE_START, RUNNING, SUSPENDED, NO_EVENT, true, 0, 0)                                                           \
    X(NODE_START, RUNNING, SUSPENDED, START, false, 0, 0)                                                              \
    X(NODE_DONE, RUNNING, SUSPENDED, DONE, true, 0, 0)                                                                 \
    X(NODE_ERROR, RUNNING, SUSPENDED, ERROR, true, 0, 0)                                                               \
    X(TRACE_COMPLETE, COMPLETE, COMPLETE, NO_EVENT, false, 0, TR_VIOLATION_COMPLETE_WHILE_SUSPENDED)                   \
    X(TRACE_FAILED, FAILED, FAILED, NO_EVENT, false, 0, 0)                                                             \
    X(TRACE_SUSPENDED, SUSPENDED, SUSPENDED, SUSPEND, false, 0, TR_VIOLATION_SUSPENDED_TWICE)                          \
    X(TRACE_RESUMED, RUNNING, RUNNING, NO_EVENT, true, 0, 0)                                                           \
    X(CHECKPOINT, RUNNING, SUSPENDED, NO_EVENT, false, 0, 0)                                                           \
    X(LOOP_ITERATION, RUNNING, SUSPENDED, ITERATION, true, 0, 0)                                                       \
    X(LOOP_EXIT, RUNNING, SUSPENDED, EXIT, true, 0, 0)

static const trace_rule trace_rules[TR_RECORD_TYPE_COUNT] = {
#define TRACE_RULE(type, running, suspended, event, makes_ready, when_running, when_suspended)                         \
    [TR_TYPE_##type] = {{TR_TRACE_##running, TR_TRACE_##suspended}, event, makes_ready, {when_running, when_suspended}},
    TRACE_RULES(TRACE_RULE)
#undef TRACE_RULE
};

/* Without its row a type would have a row of zeros: "running". */
#define TYPE_BIT(type, ...) | 1u << TR_TYPE_##type
#define HAS_RULE(number, constant, ...)                                                                                \
    _Static_assert(((0u TRACE_RULES(TYPE_BIT)) >> (number)&1) != 0, "TRACE_RULES has no row for " #constant);
TR_RECORD_TYPES(HAS_RULE)

#endif
