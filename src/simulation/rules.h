/* What the scenario says about times. */
#ifndef TRACEREEL_SIMULATION_RULES_H
#define TRACEREEL_SIMULATION_RULES_H

#include "simulation/internal.h"

uint64_t tr_simulation_add_ns(uint64_t time_ns, uint64_t span_ns); /* saturates */
uint64_t tr_simulation_scale(uint64_t span_ns, double factor);
const tr_node_rule *tr_simulation_node_rule(const tr_simulation *simulation, uint32_t node_id);
const tr_time_rule *tr_simulation_suspension_rule(const tr_simulation *simulation, uint32_t node_id);
/* The simulated time from what a step waited for to the step. */
uint64_t tr_simulation_lag(const tr_simulation *simulation, const tr_simulated_trace *trace, const tr_step *step);

/* When the attempt has worked so long from now on: it pauses while its pool is closed. */
uint64_t tr_simulation_after(const tr_simulation *simulation, const tr_node_attempt *attempt, uint64_t work_ns);

#endif
