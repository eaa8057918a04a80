/* Slots: what attempts need to run, where a scenario limits how many run at once. An attempt gets one of its trace
 * first, then one of its pool, then one of all; it keeps those that it has while it is in line for the next. */
#ifndef TRACEREEL_SIMULATION_SLOTS_H
#define TRACEREEL_SIMULATION_SLOTS_H

#include "simulation/internal.h"

/* Takes out of the times of a trace that was just made what passed while the pools were closed when it was recorded. */
void tr_simulation_count_work(const tr_simulation *simulation, tr_program *program);
/* Whether the attempt's pool asks for its priority, which is not known yet. `*status` says where memory ran out. */
bool tr_simulation_asks_priority(tr_simulation *simulation, tr_simulated_trace *trace, tr_node_attempt *attempt,
                                 tr_status *status, tr_error *error);
/* Takes what the attempt needs that begins with the step. Returns false if something is not free: the step is then in
 * line and comes again, or `*status` says why not. */
bool tr_simulation_take_slot(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                             tr_error *error);
/* Releases the slots of an attempt, and admits waiters. */
tr_status tr_simulation_give_slots_back(tr_simulation *simulation, tr_simulated_trace *trace, tr_node_attempt *attempt,
                                        tr_error *error);
/* Does the same while the attempt waits for a person or a timer, unless its pool holds its places. */
tr_status tr_simulation_rest(tr_simulation *simulation, tr_simulated_trace *trace, tr_node_attempt *attempt,
                             tr_error *error);
/* Schedules the step, with which an attempt goes on that may have rested: once it has its slots again. */
tr_status tr_simulation_go_on_with(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                   tr_error *error);
/* Admits waiters of the trace as long as there are slots. Call when waiters left the queue. */
tr_status tr_simulation_refill(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* The same for a station, or for all of them. */
tr_status tr_simulation_refill_station(tr_simulation *simulation, uint32_t station, tr_error *error);
tr_status tr_simulation_refill_stations(tr_simulation *simulation, tr_error *error);
/* The attempt that waits for slots with that step. */
uint32_t tr_simulation_waiting_attempt(const tr_simulated_trace *trace, uint32_t step);

#endif
