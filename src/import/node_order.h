/* Which node comes after which, as far as an import says, and how deep each is. */
#ifndef TRACEREEL_NODE_ORDER_H
#define TRACEREEL_NODE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tr_node_edge {
    uint32_t node;
    uint32_t before; /* is to be done before it */
} tr_node_edge;

/* All zero is an empty one. */
typedef struct tr_node_order {
    tr_node_edge *edges; /* each once, in the order in which they were added */
    uint32_t edge_count;
    uint32_t edge_capacity;
    uint32_t *slots; /* index + 1 of an edge, by its hash */
    uint32_t slot_count;
    uint64_t seed;
    uint32_t *levels; /* once tr_node_order_find_levels was called, by node */
    uint32_t node_count;
} tr_node_order;

/* Adds an edge, where it is not known. False: out of memory. */
bool tr_node_order_add(tr_node_order *order, uint32_t node, uint32_t before);

/* Finds the levels of the nodes: one more than the deepest of those before it; those in a circle, and those that come
 * after one, are all deepest. False: out of memory. */
bool tr_node_order_find_levels(tr_node_order *order, uint32_t node_count);

void tr_node_order_free(tr_node_order *order);

#endif
