#include "timing/flow.h"

#include <stdlib.h>

static int compare_nodes(const void *left, const void *right) {
    uint32_t a = ((const tr_flow_node *)left)->node_id;
    uint32_t b = ((const tr_flow_node *)right)->node_id;
    return (a > b) - (a < b);
}

void tr_flow_sort(tr_flow_node *nodes, size_t node_count) {
    if (node_count > 0) { /* `nodes` may be NULL otherwise */
        qsort(nodes, node_count, sizeof *nodes, compare_nodes);
    }
}

const tr_flow_node *tr_flow_search(const tr_flow *flow, uint32_t node_id) {
    tr_flow_node sought = {.node_id = node_id};
    return bsearch(&sought, flow->nodes, flow->node_count, sizeof sought, compare_nodes);
}
