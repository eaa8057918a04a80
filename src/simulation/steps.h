/* What happens in a trace, step by step. */
#ifndef TRACEREEL_SIMULATION_STEPS_H
#define TRACEREEL_SIMULATION_STEPS_H

#include "simulation/internal.h"

/* A step's time has come. Where it meets a fault by which the engine crashes, simulation->due_crash says so. */
tr_status tr_simulation_fire(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error);
/* The question that was asked of a step is answered. */
tr_status tr_simulation_go_on(tr_simulation *simulation, tr_error *error);

#endif
