/* The state of a simulation, for the files of this folder. Who may use whom is the order of the headers: chance, rules,
 * sink, schedule, waits and branches, redo, faults, steps, crash, arrivals; simulation.c runs it all. */
#ifndef TRACEREEL_SIMULATION_INTERNAL_H
#define TRACEREEL_SIMULATION_INTERNAL_H

#include "simulation/event_queue.h"
#include "simulation/loops.h"
#include "simulation/node_views.h"
#include "simulation/probe.h"
#include "simulation/program.h"
#include "simulation/simulated_log.h"

struct tr_simulated_trace;

/* A start that waits for its turn; or an event that is asked about before it is waited for. */
typedef struct tr_waiting {
    struct tr_waiting *next;
    struct tr_simulated_trace *trace;
    uint64_t time_ns; /* of a scheduled event */
    uint32_t step;
} tr_waiting;

typedef struct tr_wait_queue {
    tr_waiting *first;
    tr_waiting *last;
} tr_wait_queue;

/* Faults of one trace that are to come. */
typedef struct tr_due_faults {
    const tr_fault *next;
    const tr_fault *end;
} tr_due_faults;

/* A trace that has arrived and is not over. */
typedef struct tr_simulated_trace {
    struct tr_simulated_trace *next; /* in the list of all */
    struct tr_simulated_trace *previous;
    tr_program program;
    tr_wait_queue slot_queue; /* for a slot among its own running nodes */
    tr_wait_queue held;       /* after a crash: what may not begin while the trace waits, or is about to */
    uint64_t series;          /* in the order of arrival, from 0 */
    uint64_t arrival_ns;
    uint64_t references;  /* events and waiting starts that point here */
    uint32_t fired_count; /* steps */
    uint32_t running;     /* nodes */
    bool is_orphan;
    bool is_over;
    bool has_own_id; /* another than the recorded one */
    uint8_t id[TR_TRACE_ID_BYTES];
    /* Only kept where the scenario has faults: */
    bool is_known;         /* its trace_start is in the log */
    bool is_forgotten;     /* it never will be */
    bool is_suspended;     /* in the log: what the engine would see after a crash */
    bool has_lost_ends;    /* of nodes */
    bool is_recovered;     /* after a crash */
    bool is_stopping;      /* a node of it waits, or will as soon as no other one runs: nothing begins */
    bool is_waiting;       /* it does */
    bool has_lost_branch;  /* that will never run */
    uint64_t written;      /* records, and those that a fault kept from being written */
    uint64_t resume_ns;    /* during a crash: when its suspension ends, UINT64_MAX where nothing ends it */
    const tr_fault *fault; /* what hits the record that is about to be written, or NULL */
    tr_due_faults due[2];  /* those that name its number, and those that name its id */
} tr_simulated_trace;

/* Where chains come from: the traces, and the orphans beside them. */
typedef struct tr_arrivals {
    const tr_chain *chain; /* the next one; NULL: there is none */
    uint64_t index;
    uint64_t time_ns;
    bool is_drawn;
    bool is_orphan;
} tr_arrivals;

/* A trace that waits for its turn to be open. */
typedef struct tr_waiting_trace {
    struct tr_waiting_trace *next;
    tr_arrivals arrival;
    uint64_t series;
} tr_waiting_trace;

/* What is done when the answer to a question is there. */
typedef enum tr_pending {
    TR_PENDING_NOTHING,
    TR_PENDING_TIME,
    TR_PENDING_FAIL,
    TR_PENDING_RESUME,
    TR_PENDING_ARRIVAL,
    TR_PENDING_EVENT,
    TR_PENDING_LOOP
} tr_pending;

/* A crash that a fault asks for: the loop that runs the simulation carries it out. */
typedef struct tr_due_crash {
    struct tr_simulated_trace *trace; /* NULL: there is none */
    uint32_t step;
    uint64_t down_ns;
} tr_due_crash;

struct tr_simulation {
    const tr_recording *recording;
    tr_scenario scenario;
    tr_simulated_log log;
    tr_probe_trace *probe; /* in place of the log, or NULL */
    bool counts_records;   /* of each trace: it has faults, or is probe */
    tr_event_queue events;
    tr_program_maker *maker;
    tr_node_views *views;         /* of the nodes of the trace that is being recovered */
    tr_arrivals arrivals[2];      /* traces, orphans */
    tr_simulated_trace *arriving; /* its loops are being decided; NULL: none's are */
    tr_loops loops;               /* its own */
    uint32_t next_loop;           /* to be decided, among the runs of its loops */
    tr_simulated_trace *traces;
    tr_wait_queue slot_queue; /* for a slot among all running nodes */
    tr_wait_queue unasked;    /* events that are to be asked about, all at the present time */
    tr_waiting_trace *first_waiting_trace;
    tr_waiting_trace *last_waiting_trace;
    tr_question question;
    tr_pending pending;
    tr_simulated_trace *asked_trace;
    uint32_t asked_step;
    uint64_t answer;
    tr_due_crash due_crash;
    uint64_t now_ns;
    uint64_t arrived; /* traces, in the order of which they are numbered */
    uint64_t open_traces;
    uint64_t waiting_count; /* traces */
    uint64_t admissions;    /* of these, so many are about to be let in */
    uint32_t running;
    bool is_over;
    bool has_crashed; /* the last record stands behind the crash */
    uint8_t *record;  /* memory for one that is made */
    size_t record_capacity_bytes;
    tr_simulation_facts facts;
};

/* What an event without a trace is, in place of a step. */
typedef enum tr_event_kind { TR_EVENT_TRACE, TR_EVENT_ORPHAN, TR_EVENT_ADMISSION } tr_event_kind;

/* In place of a step, for records that were not recorded: the engine recovers the trace after a crash; and it finds
 * nothing more to do in a trace whose branch was lost. */
#define TR_RECOVERY_STEP (UINT32_MAX - 1)
#define TR_COMPLETION_STEP (UINT32_MAX - 2)

static inline bool tr_is_made_step(uint32_t step) {
    return step == TR_RECOVERY_STEP || step == TR_COMPLETION_STEP;
}

static inline bool tr_simulation_is_probed(const tr_simulation *simulation, const tr_simulated_trace *trace) {
    return simulation->probe != NULL && trace->series + 1 == simulation->probe->asked.trace_number;
}

/* Whether no other trace arrives than the one that is probe. */
static inline bool tr_simulation_is_alone(const tr_simulation *simulation) {
    return simulation->probe != NULL && simulation->probe->asked.is_alone;
}

#endif
