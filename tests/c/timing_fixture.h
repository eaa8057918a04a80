/* For the tests of timing. */
#ifndef TRACEREEL_TIMING_FIXTURE_H
#define TRACEREEL_TIMING_FIXTURE_H

#include "trace_fixture.h"
#include "tracereel/timing.h"

/* The node's timing, or NULL. */
static inline const tr_node_timing *find_node(const tr_timing *timing, uint32_t node_id) {
    for (size_t i = 0; i < tr_timing_node_count(timing); i++) {
        if (tr_timing_node(timing, i)->node_id == node_id) {
            return tr_timing_node(timing, i);
        }
    }
    return NULL;
}

#endif
