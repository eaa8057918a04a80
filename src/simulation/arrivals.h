/* When traces arrive, and how they begin. */
#ifndef TRACEREEL_SIMULATION_ARRIVALS_H
#define TRACEREEL_SIMULATION_ARRIVALS_H

#include "simulation/internal.h"

/* Finds the next chain and when it comes, or asks for the time. */
tr_status tr_arrivals_schedule(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error);
/* Its time is known: puts it into the queue. */
tr_status tr_arrivals_expect(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error);
/* Its time has come: it begins, or waits until fewer traces are open. */
tr_status tr_arrivals_arrive(tr_simulation *simulation, tr_arrivals *arrivals, tr_error *error);
/* The first trace that waits to be open begins. */
tr_status tr_arrivals_open_waiting(tr_simulation *simulation, tr_error *error);
/* For simulation->arriving: asks what there is to be asked of its loops, one question at a time; then it begins. */
tr_status tr_arrivals_go_on(tr_simulation *simulation, tr_error *error);
/* The answer is there. */
void tr_arrivals_take_iterations(tr_simulation *simulation);

#endif
