/* The end of time: the year 2554, after which no timestamp can lie. */
#ifndef TRACEREEL_SIMULATION_HORIZON_H
#define TRACEREEL_SIMULATION_HORIZON_H

#include "simulation/internal.h"

/* TR_ERROR_ARGUMENT: the event lies after the last time that there is. */
tr_status tr_simulation_check_time(const tr_simulation *simulation, const tr_queued_event *event, tr_error *error);

#endif
