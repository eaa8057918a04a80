#include "import/node_order.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/hash.h"

static uint32_t slot_of(const tr_node_order *order, tr_node_edge edge) {
    return (uint32_t)tr_hash_mix(((uint64_t)edge.node << 32 | edge.before) ^ order->seed) & (order->slot_count - 1);
}

/* The slot of an edge, or the free one where it belongs. */
static uint32_t *find_slot(const tr_node_order *order, tr_node_edge edge) {
    uint32_t at = slot_of(order, edge);
    while (order->slots[at] != 0) {
        tr_node_edge other = order->edges[order->slots[at] - 1];
        if (other.node == edge.node && other.before == edge.before) {
            break;
        }
        at = (at + 1) & (order->slot_count - 1);
    }
    return &order->slots[at];
}

static bool grow(tr_node_order *order) {
    uint32_t capacity = order->edge_capacity == 0 ? 64 : order->edge_capacity * 2;
    uint32_t *slots = calloc((size_t)capacity * 2, sizeof *slots);
    tr_node_edge *edges = slots == NULL ? NULL : realloc(order->edges, capacity * sizeof *edges);
    if (edges == NULL) {
        free(slots);
        return false;
    }
    free(order->slots);
    order->edges = edges;
    order->edge_capacity = capacity;
    order->slots = slots;
    order->slot_count = capacity * 2;
    order->seed = tr_hash_seed();
    for (uint32_t i = 0; i < order->edge_count; i++) {
        *find_slot(order, edges[i]) = i + 1;
    }
    return true;
}

bool tr_node_order_add(tr_node_order *order, uint32_t node, uint32_t before) {
    tr_node_edge edge = {node, before};
    if (order->edge_count == order->edge_capacity && !grow(order)) {
        return false;
    }
    uint32_t *slot = find_slot(order, edge);
    if (*slot == 0) {
        order->edges[order->edge_count++] = edge;
        *slot = order->edge_count;
    }
    return true;
}

/* Room while levels are looked for, in one block. */
typedef struct level_room {
    uint32_t *waits_for; /* by node: how many of those before it have no level yet */
    uint32_t *first;     /* by node: where those that come after it begin in `followers`; one more than nodes */
    uint32_t *followers;
    uint32_t *queue;
} level_room;

static void list_followers(const tr_node_order *order, uint32_t node_count, level_room *room) {
    for (uint32_t i = 0; i < order->edge_count; i++) {
        room->waits_for[order->edges[i].node]++;
        room->first[order->edges[i].before]++;
    }
    uint32_t end = 0;
    for (uint32_t node = 0; node <= node_count; node++) {
        end += node < node_count ? room->first[node] : 0;
        room->first[node] = end;
    }
    for (uint32_t i = order->edge_count; i-- > 0;) {
        room->followers[--room->first[order->edges[i].before]] = order->edges[i].node;
    }
}

/* Returns how many nodes got a level. */
static uint32_t peel(uint32_t *levels, uint32_t node_count, level_room *room) {
    uint32_t count = 0;
    for (uint32_t node = 0; node < node_count; node++) {
        if (room->waits_for[node] == 0) {
            levels[node] = 0;
            room->queue[count++] = node;
        }
    }
    for (uint32_t done = 0; done < count; done++) {
        uint32_t node = room->queue[done];
        for (uint32_t i = room->first[node]; i < room->first[node + 1]; i++) {
            uint32_t follower = room->followers[i];
            if (levels[follower] == UINT32_MAX || levels[follower] <= levels[node]) {
                levels[follower] = levels[node] + 1;
            }
            if (--room->waits_for[follower] == 0) {
                room->queue[count++] = follower;
            }
        }
    }
    return count;
}

bool tr_node_order_find_levels(tr_node_order *order, uint32_t node_count) {
    size_t room_count = 3 * (size_t)node_count + 1 + order->edge_count;
    uint32_t *block = calloc(room_count, sizeof *block);
    uint32_t *levels = malloc(((size_t)node_count + 1) * sizeof *levels);
    if (block == NULL || levels == NULL) {
        free(block);
        free(levels);
        return false;
    }
    level_room room = {block, block + node_count, block + 2 * (size_t)node_count + 1, NULL};
    room.queue = room.followers + order->edge_count;
    memset(levels, 0xff, ((size_t)node_count + 1) * sizeof *levels);
    list_followers(order, node_count, &room);
    (void)peel(levels, node_count, &room);
    for (uint32_t node = 0; node < node_count; node++) {
        if (room.waits_for[node] > 0) {
            levels[node] = UINT32_MAX;
        }
    }
    free(block);
    order->levels = levels;
    order->node_count = node_count;
    return true;
}

void tr_node_order_free(tr_node_order *order) {
    free(order->edges);
    free(order->slots);
    free(order->levels);
    memset(order, 0, sizeof *order);
}
