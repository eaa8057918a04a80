/* Which nodes come after which. */
#ifndef TRACEREEL_FLOW_H
#define TRACEREEL_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/timing.h"

/* Puts the nodes into the order that tr_flow_find needs. */
void tr_flow_sort(tr_flow_node *nodes, size_t node_count);
/* For tr_flow_find, where the node's place does not follow from its id. */
const tr_flow_node *tr_flow_search(const tr_flow *flow, uint32_t node_id);

/* The node in the flow, or NULL if it has none (or `flow` is NULL). Most flows number their nodes from 0 on, without a
 * hole: then a node is where its id says, and one with a larger id is not there. */
static inline const tr_flow_node *tr_flow_find(const tr_flow *flow, uint32_t node_id) {
    if (flow == NULL || flow->node_count == 0 || flow->nodes[flow->node_count - 1].node_id < node_id) {
        return NULL;
    }
    bool is_in_place = node_id < flow->node_count && flow->nodes[node_id].node_id == node_id;
    return is_in_place ? &flow->nodes[node_id] : tr_flow_search(flow, node_id);
}

#endif
