/* The end of time: timestamps end in the year 2554. */
#ifndef TRACEREEL_SIMULATION_HORIZON_H
#define TRACEREEL_SIMULATION_HORIZON_H

#include "simulation/internal.h"

/* Returns TR_OK, or TR_ERROR_ARGUMENT if the event is after the last possible time. */
tr_status tr_simulation_check_time(const tr_simulation *simulation, const tr_queued_event *event, tr_error *error);

#endif
