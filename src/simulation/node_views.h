/* What is known of each node while a trace is gone through: a hash table that is emptied at no cost. */
#ifndef TRACEREEL_NODE_VIEWS_H
#define TRACEREEL_NODE_VIEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Steps and attempts are those of a program; TR_NO_STEP where there is none. */
typedef struct tr_node_view {
    uint64_t generation; /* of the table: others are free slots */
    uint32_t node_id;
    uint32_t open_attempt;
    uint32_t last_piece; /* step of the open run */
    uint32_t last_end;   /* step at which it ended or, a loop, went on */
    uint32_t last_pass;  /* step at which it, a loop, went on */
    uint32_t run_count;
    uint32_t suspension_count;
    uint32_t pass_count; /* of a loop */
} tr_node_view;

/* All zero is an empty table. */
typedef struct tr_node_views {
    tr_node_view *items; /* open addressing by node id */
    size_t capacity;
    size_t count;
    uint64_t generation;
} tr_node_views;

void tr_node_views_clear(tr_node_views *views);
/* Both are good until the next call of the first. NULL: there is no memory. */
tr_node_view *tr_node_views_get(tr_node_views *views, uint32_t node_id);
/* NULL: the node is not in it. */
const tr_node_view *tr_node_views_find(const tr_node_views *views, uint32_t node_id);
void tr_node_views_free(tr_node_views *views);

#endif
