/* After how long a suspension ends by itself. */
#ifndef TRACEREEL_TIMEOUT_H
#define TRACEREEL_TIMEOUT_H

#include "simulation/recording.h"

/* `timeout_secs` of a trace_suspended's metadata; UINT64_MAX where it has none. */
uint64_t tr_timeout_of(const tr_recorded *suspended);

#endif
