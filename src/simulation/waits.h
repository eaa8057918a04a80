/* A node that waits, and what may not begin beside it. */
#ifndef TRACEREEL_SIMULATION_WAITS_H
#define TRACEREEL_SIMULATION_WAITS_H

#include "simulation/internal.h"

/* Call when an attempt is about to start, or a suspension to be written. True: not now, because the trace waits or
 * is about to; it comes again by itself. */
bool tr_simulation_is_held(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                           tr_error *error);
/* A resume was written: the node that waited is over where nothing more is known of it, and what was held goes on. */
tr_status tr_simulation_leave_wait(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                   tr_error *error);
/* Lets what was held come again now. */
tr_status tr_simulation_requeue_held(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);

#endif
