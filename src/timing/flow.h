/* Which nodes come after which. */
#ifndef TRACEREEL_FLOW_H
#define TRACEREEL_FLOW_H

#include "tracereel/timing.h"

/* Puts the nodes into the order that tr_flow_find needs. */
void tr_flow_sort(tr_flow_node *nodes, size_t node_count);
/* The node in the flow, or NULL if it has none (or `flow` is NULL). */
const tr_flow_node *tr_flow_find(const tr_flow *flow, uint32_t node_id);

#endif
