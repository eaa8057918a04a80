/* The state of a simulation, for the files of this folder. Each header may use those before it: chance, rules, sink,
 * schedule, waits and branches, redo, faults, steps, crash, population, arrivals; simulation.c runs it all. */
#ifndef TRACEREEL_SIMULATION_INTERNAL_H
#define TRACEREEL_SIMULATION_INTERNAL_H

#include "simulation/event_queue.h"
#include "simulation/loops.h"
#include "simulation/measured_log.h"
#include "simulation/node_views.h"
#include "simulation/pools.h"
#include "simulation/probe.h"
#include "simulation/program.h"
#include "simulation/simulated_log.h"

struct tr_simulated_trace;

/* A start that waits for a slot; or an event to ask about before it is queued. */
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

/* The faults of one trace that are still to come. */
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
    tr_wait_queue held;       /* after a crash: what may not begin while the trace waits or is about to wait */
    uint64_t series;          /* in the order of arrival, from 0 */
    uint64_t arrival_ns;
    uint64_t references;  /* held by events and waiting starts */
    uint32_t fired_count; /* steps */
    uint32_t running;     /* nodes */
    bool is_orphan;
    bool is_over;
    bool has_own_id; /* differs from the recorded one */
    uint8_t id[TR_TRACE_ID_BYTES];
    /* Maintained only if the scenario has faults: */
    bool is_known;         /* its trace_start is in the log */
    bool is_forgotten;     /* its trace_start will never be in the log */
    bool is_suspended;     /* in the log: what XERV would see after a crash */
    bool has_lost_ends;    /* ends of nodes were lost */
    bool is_recovered;     /* after a crash */
    bool is_stopping;      /* a node waits, or will as soon as no other one runs: nothing begins */
    bool is_waiting;       /* a node waits */
    bool has_lost_branch;  /* a branch will never run */
    uint64_t written;      /* records, including those that a fault kept from being written */
    uint64_t resume_ns;    /* during a crash: when its suspension ends, UINT64_MAX if nothing ends it */
    const tr_fault *fault; /* what hits the record about to be written, or NULL */
    tr_due_faults due[2];  /* by trace number, and by trace id */
} tr_simulated_trace;

/* What arrivals are taken from. */
typedef struct tr_population {
    uint64_t count; /* of traces to draw from */
    uint64_t *kept; /* those that are not left out; NULL: all */
} tr_population;

/* A source of chains: the traces, or the orphans. */
typedef struct tr_arrivals {
    const tr_chain *chain;  /* the next one, or NULL */
    const tr_chain *moment; /* the one that arrived in the log when this one may arrive, or NULL */
    uint64_t index;         /* of the next moment */
    uint64_t time_ns;
    bool is_drawn; /* its id is a new one */
    bool is_orphan;
} tr_arrivals;

/* A trace that waits until fewer traces are open. */
typedef struct tr_waiting_trace {
    struct tr_waiting_trace *next;
    tr_arrivals arrival;
    uint64_t series;
} tr_waiting_trace;

/* A crash that a fault asks for; tr_simulation_do_step carries it out. */
typedef struct tr_due_crash {
    struct tr_simulated_trace *trace; /* NULL: none */
    uint32_t step;
    uint64_t down_ns;
} tr_due_crash;

struct tr_simulation {
    const tr_recording *recording;
    tr_scenario scenario;
    tr_simulated_log log;
    tr_measured_log measured;
    tr_probe_trace *probe; /* instead of the log, or NULL */
    bool counts_records;   /* per trace: the scenario has faults, or there is a probe */
    tr_event_queue events;
    tr_program_maker *maker;
    tr_node_views *views;    /* of the trace being recovered */
    tr_arrivals arrivals[2]; /* traces, orphans */
    tr_population population;
    tr_simulated_trace *arriving; /* the trace whose loops are being asked about, or NULL */
    tr_loops loops;               /* of `arriving` */
    uint32_t next_loop;           /* the next to ask about, among the runs of its loops */
    tr_simulated_trace *traces;
    tr_stations stations;
    bool has_slots;        /* how many nodes run at once is limited */
    bool is_restarting;    /* in a crash: nobody gets a slot before all is examined */
    tr_wait_queue unasked; /* events to ask about, all at the present time */
    tr_waiting_trace *first_waiting_trace;
    tr_waiting_trace *last_waiting_trace;
    tr_question question;
    bool is_asking; /* `question`, which waits for its answer */
    tr_simulated_trace *asked_trace;
    uint32_t asked_step;
    uint64_t answer;
    tr_due_crash due_crash;
    uint64_t now_ns;
    uint64_t arrived; /* number of traces that arrived */
    uint64_t open_traces;
    uint64_t waiting_count; /* traces */
    uint64_t admissions;    /* how many of these have an admission queued */
    bool is_over;
    bool has_crashed; /* the last record is after the crash */
    uint8_t *record;  /* buffer for a made record */
    size_t record_capacity_bytes;
    tr_simulation_stats stats;
};

/* What an event without a trace has instead of a step. */
typedef enum tr_event_kind {
    TR_EVENT_TRACE,
    TR_EVENT_ORPHAN,
    TR_EVENT_ADMISSION,
    TR_EVENT_OPENING /* of the station that `series` is the index of */
} tr_event_kind;

/* Instead of a step, for records that were not recorded: the engine recovers the trace after a crash; the engine finds
 * nothing more to do in a trace whose branch was lost. */
#define TR_RECOVERY_STEP (UINT32_MAX - 1)
#define TR_COMPLETION_STEP (UINT32_MAX - 2)

static inline bool tr_is_made_step(uint32_t step) {
    return step == TR_RECOVERY_STEP || step == TR_COMPLETION_STEP;
}

static inline bool tr_simulation_is_probed(const tr_simulation *simulation, const tr_simulated_trace *trace) {
    return simulation->probe != NULL && trace->series + 1 == simulation->probe->asked.trace_number;
}

/* Whether only the probed trace arrives. */
static inline bool tr_simulation_is_alone(const tr_simulation *simulation) {
    return simulation->probe != NULL && simulation->probe->asked.is_alone;
}

#endif
