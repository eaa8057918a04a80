/* What of a start's waiting, from when it was ready, was for want of a place. */
#ifndef TRACEREEL_SIMULATION_CONTENTION_H
#define TRACEREEL_SIMULATION_CONTENTION_H

#include "tracereel/contention.h"

typedef struct tr_wait_part {
    uint64_t contention_ns;
    uint64_t dispatch_ns; /* the last part: to begin in the place that it had then */
} tr_wait_part;

/* Of the start whose step has that number. `contention` may be NULL: none. */
tr_wait_part tr_contention_of(const tr_contention *contention, uint64_t number);

#endif
