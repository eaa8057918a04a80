/* What is to come: events in the order of their times, queues for a slot among the running nodes, and what the
 * scenario's functions are asked first. */
#ifndef TRACEREEL_SIMULATION_SCHEDULE_H
#define TRACEREEL_SIMULATION_SCHEDULE_H

#include "simulation/internal.h"

tr_status tr_simulation_push(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                             tr_error *error);
tr_status tr_simulation_enqueue(tr_wait_queue *queue, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                                tr_error *error);
/* Takes the first in queue whose trace is not over; its reference to the trace goes to the caller. False: there is
 * none.
 */
bool tr_simulation_dequeue(tr_simulation *simulation, tr_wait_queue *queue, tr_waiting *taken);
/* Gives the slots of an attempt to others. */
tr_status tr_simulation_give_slots_back(tr_simulation *simulation, tr_simulated_trace *trace, tr_node_attempt *attempt,
                                        tr_error *error);
/* Admits waiters as long as there are slots: some went away from the queue. */
tr_status tr_simulation_refill(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* Whether the attempt that begins with the step has a slot, which it takes where there is one. False: it stands in a
 * queue, or `*status` says why not. */
bool tr_simulation_take_slot(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                             tr_error *error);
/* Releases a reference; a trace that is over is freed with the last one. */
void tr_simulation_release(tr_simulation *simulation, tr_simulated_trace *trace);
/* For the end of the simulation: frees everything that a trace holds. */
void tr_simulation_free_trace(tr_simulation *simulation, tr_simulated_trace *trace);
void tr_simulation_clear_queue(tr_wait_queue *queue);
/* Lets a step fire at that time, or at another one that the scenario's function of events answers with. */
tr_status tr_simulation_schedule_at(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                    uint64_t time_ns, tr_error *error);
/* A trace is over, or there is room for another reason: lets one that waits be opened, by an event. */
tr_status tr_simulation_admit(tr_simulation *simulation, tr_error *error);
/* Nothing more happens in the trace: what it held goes to others. The caller holds a reference. */
tr_status tr_simulation_end_trace(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* The schedule of a step whose waits are over: after its lag, or at once to be asked about. */
tr_status tr_simulation_schedule(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error);
/* Where all else in the trace has fired, its end comes. */
tr_status tr_simulation_end_where_done(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);

/* ---- questions ---- */

void tr_simulation_ask(tr_simulation *simulation, tr_question_kind kind, tr_simulated_trace *trace, uint32_t step);
/* Asks about the first scheduled event, if there is one. */
void tr_simulation_ask_event(tr_simulation *simulation);

#endif
