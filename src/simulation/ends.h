/* Ends of traces. */
#ifndef TRACEREEL_SIMULATION_ENDS_H
#define TRACEREEL_SIMULATION_ENDS_H

#include "simulation/internal.h"

/* Ends the trace and passes what it held to others. The caller holds a reference. */
tr_status tr_simulation_end_trace(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);
/* If everything else in the trace has fired, schedules its end. */
tr_status tr_simulation_end_where_done(tr_simulation *simulation, tr_simulated_trace *trace, tr_error *error);

#endif
