/* What is to come: events in the order of their times, queues for a slot among the running nodes, and what the
 * scenario's functions are asked first. */
#ifndef TRACEREEL_SIMULATION_SCHEDULE_H
#define TRACEREEL_SIMULATION_SCHEDULE_H

#include "simulation/internal.h"

tr_status tr_simulation_push(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                             tr_error *error);
tr_status tr_simulation_stand_in_line(tr_waiting_line *line, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                                      tr_error *error);
/* Takes the first in line whose trace is not over; its reference to the trace goes to the caller. False: there is none.
 */
bool tr_simulation_next_in_line(tr_simulation *simulation, tr_waiting_line *line, tr_waiting *taken);
/* Gives the places of a run to others. */
tr_status tr_simulation_give_place_back(tr_simulation *simulation, tr_simulated_trace *trace, tr_run *run,
                                        tr_error *error);
/* Lets those in who have a place now, of a line from which some went away. */
tr_status tr_simulation_refill(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* Whether the attempt that begins with the step has a slot, which it takes where there is one. False: it stands in a
 * queue, or `*status` says why not. */
bool tr_simulation_take_place(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                              tr_error *error);
/* Gives a reference back; a trace that is over is freed with the last one. */
void tr_simulation_let_go(tr_simulation *simulation, tr_simulated_trace *trace);
/* For the end: everything that a trace holds. */
void tr_simulation_free_trace(tr_simulation *simulation, tr_simulated_trace *trace);
void tr_simulation_clear_line(tr_waiting_line *line);
/* Lets a step happen at that time, or at another one that the scenario's function of events answers with. */
tr_status tr_simulation_plan(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, uint64_t time_ns,
                             tr_error *error);
/* A trace is over, or there is room for another reason: lets one that waits be opened, by an event. */
tr_status tr_simulation_admit(tr_simulation *simulation, tr_error *error);
/* Nothing more happens in the trace: what it held goes to others. The caller holds a reference. */
tr_status tr_simulation_end_trace(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* The schedule of a step whose waits are over: after its lag, or at once to be asked about. */
tr_status tr_simulation_schedule(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error);
/* Where all else in the trace has happened, its end comes. */
tr_status tr_simulation_end_where_done(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);

/* ---- questions ---- */

void tr_simulation_ask(tr_simulation *simulation, tr_question_kind kind, tr_simulated_trace *trace, uint32_t step);
/* Asks about the first planned event, if there is one. */
void tr_simulation_ask_planned(tr_simulation *simulation);

#endif
