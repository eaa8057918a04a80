/* Runs a trace, step by step. */
#ifndef TRACEREEL_SIMULATION_STEPS_H
#define TRACEREEL_SIMULATION_STEPS_H

#include "simulation/internal.h"

/* Fires a step whose time has come. If it meets a fault that crashes the engine, simulation->due_crash says so. */
tr_status tr_simulation_fire(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error);
/* Continues with a step after the answer to its question. */
tr_status tr_simulation_go_on(tr_simulation *simulation, tr_error *error);

#endif
