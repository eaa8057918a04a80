/* What is known about each node, and each of its instances, while a trace is walked through: a hash table that is
 * cleared in constant time. */
#ifndef TRACEREEL_NODE_VIEWS_H
#define TRACEREEL_NODE_VIEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/record.h"

/* Steps and attempts are those of a program, or TR_NO_STEP. */
typedef struct tr_node_view {
    uint64_t generation; /* the table's; slots with another one are free */
    tr_text instance;    /* which of the node's parallel instances; length 0: the node itself. Not owned */
    uint32_t node_id;
    uint32_t open_attempt;
    uint32_t last_piece; /* latest step of the open attempt */
    uint32_t last_end;   /* step at which the node ended or, if a loop, continued */
    uint32_t last_pass;  /* of a loop: step at which it continued */
    uint32_t run_count;
    uint32_t suspension_count;
    uint32_t pass_count; /* of a loop */
    uint32_t own_wait;   /* step that began the wait of its own that lasts */
    uint32_t end_place;  /* of an instance: where its end is in the list of ends; TR_NO_STEP: not there */
    uint32_t first_end;  /* of the node itself: the first of its instances' ends in that list, or TR_NO_STEP */
    uint32_t open_count; /* of the node itself: its instances that run */
} tr_node_view;

/* All zero is an empty table. */
typedef struct tr_node_views {
    tr_node_view *items; /* open addressing by node id */
    size_t capacity;
    size_t count;
    uint64_t generation;
} tr_node_views;

void tr_node_views_clear(tr_node_views *views);
/* The node's view, created if there is none. Valid until the next call. Returns NULL on allocation failure. */
tr_node_view *tr_node_views_get(tr_node_views *views, uint32_t node_id);
/* The same of one of its instances, whose text must stay until the table is cleared; of the node itself where it is
 * empty. */
tr_node_view *tr_node_views_get_instance(tr_node_views *views, uint32_t node_id, tr_text instance);
/* The node's view, or NULL if it has none. Valid until the next tr_node_views_get. */
const tr_node_view *tr_node_views_find(const tr_node_views *views, uint32_t node_id);
const tr_node_view *tr_node_views_find_instance(const tr_node_views *views, uint32_t node_id, tr_text instance);
void tr_node_views_free(tr_node_views *views);

#endif
