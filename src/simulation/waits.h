/* Nodes that wait, and what may not begin while they do. */
#ifndef TRACEREEL_SIMULATION_WAITS_H
#define TRACEREEL_SIMULATION_WAITS_H

#include "simulation/internal.h"

/* Call when an attempt is about to start, or a suspension to be written. Returns true if the step may not go ahead,
 * because the trace waits or is about to; the step comes again by itself. */
bool tr_simulation_is_held(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step, tr_status *status,
                           tr_error *error);
/* Call after a resume was written: the node that waited is over if the log has no more records of it, and what was held
 * continues. */
tr_status tr_simulation_leave_wait(tr_simulation *simulation, tr_simulated_trace *trace, uint32_t step,
                                   tr_error *error);
/* Queues everything that was held, for the present time. */
tr_status tr_simulation_requeue_held(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);

#endif
