/* What the files of the simulation share. */
#ifndef TRACEREEL_SIMULATION_PARTS_H
#define TRACEREEL_SIMULATION_PARTS_H

#include "simulation/event_queue.h"
#include "simulation/loops.h"
#include "simulation/node_views.h"
#include "simulation/program.h"
#include "simulation/simulated_log.h"
#include "simulation/watched_trace.h"

struct tr_simulated_trace;

/* A start that waits for its turn; or an event that is asked about before it is waited for. */
typedef struct tr_waiting {
    struct tr_waiting *next;
    struct tr_simulated_trace *trace;
    uint64_t time_ns; /* of a planned event */
    uint32_t step;
} tr_waiting;

typedef struct tr_waiting_line {
    tr_waiting *first;
    tr_waiting *last;
} tr_waiting_line;

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
    tr_waiting_line line; /* for a place among its own running nodes */
    tr_waiting_line held; /* after a crash: what may not begin while the trace waits, or is about to */
    uint64_t series;      /* in the order of arrival, from 0 */
    uint64_t arrival_ns;
    uint64_t references; /* events and waiting starts that point here */
    uint32_t happened;   /* steps */
    uint32_t running;    /* nodes */
    bool is_stray;
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

/* Where chains come from: the traces, and the strays beside them. */
typedef struct tr_arrivals {
    const tr_chain *chain; /* the next one; NULL: there is none */
    uint64_t index;
    uint64_t time_ns;
    bool is_drawn;
    bool is_stray;
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

struct tr_simulation {
    const tr_recording *recording;
    tr_scenario scenario;
    tr_simulated_log log;
    tr_watched_trace *watched; /* in place of the log, or NULL */
    bool counts_records;       /* of each trace: it has faults, or is watched */
    tr_event_queue queue;
    tr_program_maker *maker;
    tr_node_views *views;         /* of the nodes of the trace that is being recovered */
    tr_arrivals arrivals[2];      /* traces, strays */
    tr_simulated_trace *arriving; /* its loops are being settled; NULL: none's are */
    tr_loops loops;               /* its own */
    uint32_t next_loop;           /* to be settled, among the runs of its loops */
    tr_simulated_trace *traces;
    tr_waiting_line line;    /* for a place among all running nodes */
    tr_waiting_line planned; /* events that are to be asked about, all at the present time */
    tr_waiting_trace *first_waiting_trace;
    tr_waiting_trace *last_waiting_trace;
    tr_question question;
    tr_pending pending;
    tr_simulated_trace *asked_trace;
    uint32_t asked_step;
    uint64_t answer;
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

/* ---- rules.c ---- */

/* What a number is drawn for; the questions follow, by their kinds. */
typedef enum tr_purpose {
    TR_PURPOSE_FAIL = 1,
    TR_PURPOSE_DRAW,
    TR_PURPOSE_INTERVAL,
    TR_PURPOSE_ID,
    TR_PURPOSE_QUESTION
} tr_purpose;

/* A number that depends on the seed and what is given: the same for the same decision, whatever else happens. */
uint64_t tr_simulation_chance(const tr_simulation *simulation, uint64_t series, uint64_t purpose, uint64_t detail);
/* The same for an attempt of what happens to a node for the `occurrence`-th time in its trace. */
uint64_t tr_simulation_node_chance(const tr_simulation *simulation, uint64_t series, uint64_t purpose, uint32_t node_id,
                                   uint32_t occurrence, uint32_t attempt);
uint64_t tr_simulation_add_ns(uint64_t time_ns, uint64_t span_ns); /* saturates */
uint64_t tr_simulation_scale(uint64_t span_ns, double factor);
const tr_node_rule *tr_simulation_node_rule(const tr_simulation *simulation, uint32_t node_id);
const tr_time_rule *tr_simulation_suspension_rule(const tr_simulation *simulation, uint32_t node_id);
/* The time from what a step waited for to the step. */
uint64_t tr_simulation_lag(const tr_simulation *simulation, const tr_simulated_trace *trace, const tr_step *step);
/* Writes a step's record at the present time. */
tr_status tr_simulation_write(tr_simulation *simulation, tr_simulated_trace *trace, const tr_step *step,
                              tr_error *error);
/* Writes a node_error in place of the node_done of that step. */
tr_status tr_simulation_write_error(tr_simulation *simulation, tr_simulated_trace *trace, const tr_step *step,
                                    tr_text message, tr_error *error);
void tr_simulation_describe_trace(tr_simulation *simulation, const tr_simulated_trace *trace);
/* Writes the record of TR_RECOVERY_STEP or TR_COMPLETION_STEP. */
tr_status tr_simulation_write_made(tr_simulation *simulation, const tr_simulated_trace *trace, uint32_t step,
                                   tr_error *error);
/* The type of a step's record, which it must have. */
tr_record_type tr_simulation_type_of(const tr_simulation *simulation, const tr_step *step);
void tr_simulation_ask(tr_simulation *simulation, tr_question_kind kind, tr_simulated_trace *trace, uint32_t step);

/* ---- steps.c ---- */

/* In place of a step, for records that were not recorded: the engine recovers the trace after a crash; and it finds
 * nothing more to do in a trace whose branch was lost. */
#define TR_RECOVERY_STEP (UINT32_MAX - 1)
#define TR_COMPLETION_STEP (UINT32_MAX - 2)

static inline bool tr_is_made_step(uint32_t step) {
    return step == TR_RECOVERY_STEP || step == TR_COMPLETION_STEP;
}

tr_status tr_simulation_push(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                             tr_error *error);
tr_status tr_simulation_stand_in_line(tr_waiting_line *line, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                                      tr_error *error);
/* Takes the first in line whose trace is not over; its reference to the trace goes to the caller. False: there is none.
 */
bool tr_simulation_next_in_line(tr_simulation *simulation, tr_waiting_line *line, tr_waiting *taken);
/* A step's time has come. */
tr_status tr_simulation_happen(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error);
/* The question that was asked of it is answered. */
tr_status tr_simulation_go_on(tr_simulation *simulation, tr_error *error);
/* Nothing more happens in the trace: what it held goes to others. The caller holds a reference. */
tr_status tr_simulation_end_trace(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* Gives the places of a run to others. */
tr_status tr_simulation_give_place_back(tr_simulation *simulation, tr_simulated_trace *trace, tr_run *run,
                                        tr_error *error);
/* Lets those in who have a place now, of a line from which some went away. */
tr_status tr_simulation_refill(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* Where all else in the trace has happened, its end comes. */
tr_status tr_simulation_end_where_done(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* Gives a reference back; a trace that is over is freed with the last one. */
void tr_simulation_let_go(tr_simulation *simulation, tr_simulated_trace *trace);
/* For the end: everything that a trace holds. */
void tr_simulation_free_trace(tr_simulation *simulation, tr_simulated_trace *trace);
void tr_simulation_clear_line(tr_waiting_line *line);

/* ---- events.c ---- */

/* Lets a step happen at that time, or at another one that the scenario's function of events answers with. */
tr_status tr_simulation_plan(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                             tr_error *error);
/* Lets a trace begin now. */
tr_status tr_simulation_begin(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* Asks about the first planned event, if there is one. */
void tr_simulation_ask_planned(tr_simulation *simulation);
/* The answer is there. */
tr_status tr_simulation_take_time(tr_simulation *simulation, tr_error *error);

static inline bool tr_simulation_is_watched(const tr_simulation *simulation, const tr_simulated_trace *trace) {
    return simulation->watched != NULL && trace->series + 1 == simulation->watched->watch.trace_number;
}

/* ---- faults.c ---- */

/* Finds the faults that the scenario has for a trace that arrives. */
void tr_simulation_find_faults(const tr_simulation *simulation, tr_simulated_trace *trace);
/* To be called when a step is about to write its record. True: it does not happen now, because it is put off, or the
 * engine crashed; it comes again by itself. Otherwise `trace->fault` is what hits the record, or NULL. */
bool tr_simulation_meet_fault(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                              tr_error *error);
/* The step's record was written or, `is_lost`, a fault has taken it: what the engine would know after a crash. */
void tr_simulation_note_in_log(const tr_simulation *simulation, tr_simulated_trace *trace, const tr_step *step,
                               bool is_lost);

/* ---- holds.c ---- */

/* To be called when a run is about to start, or a suspension to be written. True: not now, because the trace waits or
 * is about to; it comes again by itself. */
bool tr_simulation_is_held(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                           tr_error *error);
/* A resume was written: the node that waited is over where nothing more is known of it, and what was held goes on. */
tr_status tr_simulation_leave_wait(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                   tr_error *error);
/* Lets what was held come again now. */
tr_status tr_simulation_release(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);

/* ---- again.c ---- */

/* After a crash: finds what the engine, by its log, does again, and lets all wait for it that comes after it. The runs'
 * is_start_ahead and is_in_line are known. TR_ERROR_MEMORY: the trace can only be freed. */
tr_status tr_simulation_redo(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* Whether an error ended the trace, of which the engine deletes the arena then: it will not recover it. */
bool tr_simulation_has_failed(const tr_simulation *simulation, const tr_simulated_trace *trace);

/* ---- branches.c ---- */

/* What each node has come to: view.last_end is the end by which the engine takes it as done. */
bool tr_simulation_view_nodes(const tr_simulation *simulation, const tr_simulated_trace *trace);
/* Every node that is done counts as having answered on its port "out": what is not reached by it will never run. The
 * views are those of tr_simulation_view_nodes. */
tr_status tr_simulation_drop_branches(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);

/* ---- crash.c ---- */

/* The engine dies as the trace is about to do that step, and starts again `down_ns` later. */
tr_status tr_simulation_crash(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t down_ns,
                              tr_error *error);

/* ---- horizon.c ---- */

/* TR_ERROR_ARGUMENT: the event lies behind the last time that there is. */
tr_status tr_simulation_check_time(const tr_simulation *simulation, const tr_queued_event *event, tr_error *error);

/* ---- iterations.c ---- */

/* The trace that has just arrived. */
tr_status tr_simulation_find_loops(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* Asks what there is to be asked of it, one question at a time; then it begins. */
tr_status tr_simulation_go_on_arriving(tr_simulation *simulation, tr_error *error);
/* The answer is there. */
void tr_simulation_take_iterations(tr_simulation *simulation);

/* ---- simulation.c ---- */

/* A trace is over: another one may take its place. */
tr_status tr_simulation_admit(tr_simulation *simulation, tr_error *error);

#endif
