/* Arrivals of traces: when they come, and how traces begin. */
#ifndef TRACEREEL_SIMULATION_ARRIVALS_H
#define TRACEREEL_SIMULATION_ARRIVALS_H

#include "simulation/internal.h"

/* Finds the next chain and the time of its arrival, or asks for the time. */
tr_status tr_arrivals_schedule(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error);
/* Queues the arrival, whose time is known. */
tr_status tr_arrivals_expect(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error);
/* Carries out an arrival that is due: the trace begins, or waits until fewer traces are open. */
tr_status tr_arrivals_arrive(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error);
/* Begins the first trace that waits for its turn. */
tr_status tr_arrivals_open_waiting(tr_simulation *simulation, tr_error *error);
/* For simulation->arriving: asks about its loops, one question at a time; then begins it. */
tr_status tr_arrivals_go_on(tr_simulation *simulation, tr_error *error);
/* Takes the answer. */
void tr_arrivals_take_iterations(tr_simulation *simulation);

#endif
