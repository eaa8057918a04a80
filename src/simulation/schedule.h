/* Schedules what is to come: events by time, queues, and questions to ask first. */
#ifndef TRACEREEL_SIMULATION_SCHEDULE_H
#define TRACEREEL_SIMULATION_SCHEDULE_H

#include "simulation/internal.h"

tr_status tr_simulation_push(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                             tr_error *error);
tr_status tr_simulation_enqueue(tr_wait_queue *queue, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                                tr_error *error);
/* Takes the first waiter whose trace is not over; its reference to the trace passes to the caller. Returns false if
 * there is none. */
bool tr_simulation_dequeue(tr_simulation *simulation, tr_wait_queue *queue, tr_waiting *taken);
/* Releases a reference. Frees the trace with the last one if it is over. */
void tr_simulation_release(tr_simulation *simulation, tr_simulated_trace *trace);
/* Frees everything that a trace holds. For the end of the simulation. */
void tr_simulation_free_trace(tr_simulation *simulation, tr_simulated_trace *trace);
void tr_simulation_clear_queue(tr_wait_queue *queue);
/* Plans a step to fire at that time, or at the one that the scenario's events function answers. */
tr_status tr_simulation_schedule_at(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                    uint64_t time_ns, tr_error *error);
/* Call when there may be room for another open trace: queues an event that admits the next waiting trace. */
tr_status tr_simulation_admit(tr_simulation *simulation, tr_error *error);
/* Schedules a step that waits for no other step any more: after its lag, or after a question asked at once. */
tr_status tr_simulation_schedule(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error);

/* ---- questions ---- */

void tr_simulation_ask(tr_simulation *simulation, tr_question_kind kind, tr_simulated_trace *trace, uint32_t step);
/* Asks about the first scheduled event, if any. */
void tr_simulation_ask_event(tr_simulation *simulation);

#endif
