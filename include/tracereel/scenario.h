/* What a simulation changes of a recorded log. What the scripts of `tracereel simulate` say of it: docs/scenario.md. */
#ifndef TRACEREEL_SCENARIO_H
#define TRACEREEL_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/record.h"
#include "tracereel/timing.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tr_time_kind {
    TR_TIME_RECORDED,
    TR_TIME_FACTOR,
    TR_TIME_FIXED,
    TR_TIME_ASK /* asked for each time */
} tr_time_kind;

typedef struct tr_time_rule {
    tr_time_kind kind;
    double factor; /* by which the recorded time is multiplied; not negative */
    uint64_t ns;
} tr_time_rule;

typedef enum tr_fail_kind { TR_FAIL_AS_RECORDED, TR_FAIL_SHARE, TR_FAIL_ASK } tr_fail_kind;

typedef struct tr_node_rule {
    uint32_t node_id;
    tr_time_rule time;
    tr_fail_kind fail;
    double fail_share; /* share of the attempts that were done in the recorded log */
    const char *error; /* message of the node_error; error_bytes of it */
    uint32_t error_bytes;
    uint32_t max_retries; /* attempts after the first; 0: the first failure ends the trace */
    uint64_t retry_delay_ns;
    double retry_factor; /* each delay is this many times the one before */
} tr_node_rule;

typedef struct tr_suspension_rule {
    uint32_t node_id;
    tr_time_rule time;
} tr_suspension_rule;

typedef enum tr_fault_kind {
    TR_FAULT_ERROR, /* a node_done becomes a node_error */
    TR_FAULT_LOST,  /* the record is not written; everything else goes on */
    TR_FAULT_DELAY, /* the record, and what waits for it, comes later */
    TR_FAULT_CRASH  /* the engine crashes before writing the record, starts again and recovers */
} tr_fault_kind;

/* What goes wrong when a trace is about to write one of its records. */
typedef struct tr_fault {
    uint64_t trace_number;               /* from 1, in the order of arrival; 0: see `trace_id` */
    uint8_t trace_id[TR_TRACE_ID_BYTES]; /* in the simulated log; all zero if trace_number is set */
    uint64_t record;                     /* from 1; those that a fault kept from being written count, too */
    tr_fault_kind kind;
    uint64_t ns;       /* the delay, or how long the engine is down */
    const char *error; /* message of the node_error; error_bytes of it */
    uint32_t error_bytes;
} tr_fault;
typedef struct tr_loop_rule {
    uint32_t node_id;     /* of the loop */
    bool asks;            /* asked for each run of the loop */
    uint32_t iterations;  /* in each run; at least 1 */
    const uint32_t *body; /* the nodes inside the loop; NULL: guessed */
    size_t body_count;
} tr_loop_rule;

/* The names of the limits, as a scenario has them. X(name). */
#define TR_SCENARIO_LIMITS(X) X(nodes_per_trace) X(nodes) X(traces)

/* 0: no limit. */
typedef struct tr_scenario_limits {
    uint32_t nodes_per_trace; /* that run at once */
    uint32_t nodes;
    uint32_t traces; /* that are open at once */
} tr_scenario_limits;

/* A recorded trace, and when it arrives. */
typedef struct tr_timed_arrival {
    uint64_t time_ns;
    uint64_t trace_index; /* of the recording; not one that is left out */
    bool is_copy;         /* under an id of its own */
} tr_timed_arrival;

/* Working hours: the open windows of a week, which begins on Monday at 00:00 local time. */
typedef struct tr_open_window {
    uint64_t from_ns;
    uint64_t until_ns; /* at most a week */
} tr_open_window;

typedef struct tr_calendar {
    const tr_open_window *windows; /* ascending, without overlaps */
    size_t window_count;           /* 0: always open */
    int64_t offset_ns;             /* local time less UTC */
} tr_calendar;

/* Who of those that wait is next; among equal ones, who waited first. */
typedef enum tr_pool_order {
    TR_ORDER_FIFO,
    TR_ORDER_LIFO,
    TR_ORDER_MEMBER, /* the largest number in the member `priority` of its trace's metadata; 0 where there is none */
    TR_ORDER_ASK     /* the largest answer; asked once an attempt */
} tr_pool_order;

/* One value of `by` with a capacity of its own. */
typedef struct tr_pool_share {
    const char *value; /* without the quotes of a text, otherwise as written; value_bytes of it */
    uint32_t value_bytes;
    uint32_t capacity;
} tr_pool_share;

/* Places, one of which a node needs while it runs. */
typedef struct tr_pool {
    const char *name; /* name_bytes of it */
    uint32_t name_bytes;
    const uint32_t *nodes; /* each in one pool only */
    size_t node_count;
    bool takes_others; /* all nodes that are in no other pool; of one pool only */
    const char *by;    /* by_bytes of it. A member of metadata: each of its values has places of its own; NULL: none */
    uint32_t by_bytes;
    bool is_by_trace; /* `by` is in the trace's metadata; otherwise in the node_start's */
    const tr_pool_share *shares;
    size_t share_count;
    uint32_t capacity; /* places (of each value that has no share); at least 1 */
    uint32_t recorded; /* the same when the log was recorded; 0: not said */
    tr_pool_order order;
    const char *priority; /* for TR_ORDER_MEMBER; priority_bytes of it */
    uint32_t priority_bytes;
    tr_calendar calendar; /* outside of it nothing starts, and what runs pauses */
    bool has_recorded_calendar;
    tr_calendar recorded_calendar; /* by which recorded times count: what passed outside of it is no work */
    bool holds;                    /* a node keeps its place while it waits for a person or a timer */
} tr_pool;

/* What a recording's nodes waited for want of a place: contention.h. */
typedef struct tr_contention tr_contention;

/* What differs from the recorded log; all zero: nothing. What the pointers point to must outlive the simulation. */
typedef struct tr_scenario {
    uint64_t seed;
    const tr_node_rule *nodes;
    size_t node_count;
    const tr_node_rule *default_node; /* for nodes without a rule; NULL: as recorded */
    const tr_suspension_rule *suspensions;
    size_t suspension_count;
    const tr_loop_rule *loops;
    size_t loop_count;
    const tr_flow *flow;     /* its nodes in ascending order of node_id; NULL: guessed for each trace */
    tr_time_rule arrivals;   /* time from one trace to the next: recorded, fixed, or asked for */
    uint64_t trace_count;    /* 0: as many as were recorded */
    uint64_t resample_block; /* 0, or another log of the same process is made up: at each recorded moment a trace
                                arrives that is drawn by `seed`, with replacement, in blocks of so many that follow each
                                other; each under an id of its own. More are drawn from these */
    const tr_timed_arrival *timetable; /* in place of all that: what arrives, in the order of time; NULL: none */
    size_t timetable_count;
    tr_scenario_limits limits;
    const tr_pool *pools;
    size_t pool_count;
    tr_scenario_limits recorded;     /* when the log was recorded; 0: not said. Of nodes and nodes_per_trace */
    const tr_contention *contention; /* is left out of what passes before a start; NULL: all of it stays */
    bool is_temporary;               /* the new log need not survive a crash of the machine */
    bool has_crash;
    uint64_t crash_ns;      /* the log ends before the first record after this event time */
    uint64_t crash_records; /* or after this many records */
    uint64_t torn_bytes;    /* of the next record, which are written nevertheless */
    uint32_t lost_records;  /* that were written but did not become durable */
    bool asks_events;       /* each record's time is asked for before it is waited for */
    const tr_fault *faults; /* in the order of trace_number, then of trace_id, then of record */
    size_t fault_count;
} tr_scenario;

#ifdef __cplusplus
}
#endif
#endif
