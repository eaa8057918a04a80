/* Crashes of XERV (the engine): it dies, starts again after a while, and recovers from its log. */
#ifndef TRACEREEL_SIMULATION_CRASH_H
#define TRACEREEL_SIMULATION_CRASH_H

#include "simulation/internal.h"

/* Like tr_simulation_fire, but also carries out a crash that the step meets: the engine dies before the trace does the
 * step, and starts again after the fault's down time. */
tr_status tr_simulation_do_step(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_error *error);

#endif
