/* The engine dies, starts again after a while, and recovers from its log. */
#ifndef TRACEREEL_SIMULATION_CRASH_H
#define TRACEREEL_SIMULATION_CRASH_H

#include "simulation/internal.h"

/* As tr_simulation_fire, and carries out the crash that the step meets: the engine dies as the trace is about to do
 * the step, and starts again when it has been down for as long as the fault says. */
tr_status tr_simulation_do_step(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error);

#endif
