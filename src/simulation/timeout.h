/* The time after which a suspension ends by itself. */
#ifndef TRACEREEL_TIMEOUT_H
#define TRACEREEL_TIMEOUT_H

#include "simulation/recording.h"

/* `timeout_secs` in a trace_suspended's metadata; UINT64_MAX if it has none. */
uint64_t tr_timeout_of(const tr_recorded *suspended);

#endif
