#include "simulation/node_views.h"

#include <stdlib.h>

#include "simulation/program.h"

void tr_node_views_free(tr_node_views *views) {
    free(views->items);
    *views = (tr_node_views){0};
}

void tr_node_views_clear(tr_node_views *views) {
    views->generation++;
    views->count = 0;
}

static size_t place_of(const tr_node_views *views, uint32_t node_id) {
    size_t place = (size_t)(node_id * UINT32_C(2654435769)) & (views->capacity - 1);
    while (views->items[place].generation == views->generation && views->items[place].node_id != node_id) {
        place = (place + 1) & (views->capacity - 1);
    }
    return place;
}

static bool grow(tr_node_views *views) {
    tr_node_views larger = {.capacity = views->capacity == 0 ? 32 : views->capacity * 2,
                            .count = views->count,
                            .generation = views->generation};
    larger.items = calloc(larger.capacity, sizeof *larger.items);
    if (larger.items == NULL) {
        return false;
    }
    for (size_t i = 0; i < views->capacity; i++) {
        if (views->items[i].generation == views->generation) {
            larger.items[place_of(&larger, views->items[i].node_id)] = views->items[i];
        }
    }
    free(views->items);
    *views = larger;
    return true;
}

const tr_node_view *tr_node_views_find(const tr_node_views *views, uint32_t node_id) {
    const tr_node_view *view = views->capacity == 0 ? NULL : &views->items[place_of(views, node_id)];
    return view != NULL && view->generation == views->generation ? view : NULL;
}

tr_node_view *tr_node_views_get(tr_node_views *views, uint32_t node_id) {
    if (views->count * 2 >= views->capacity && !grow(views)) {
        return NULL;
    }
    tr_node_view *view = &views->items[place_of(views, node_id)];
    if (view->generation != views->generation) {
        *view = (tr_node_view){.generation = views->generation,
                               .node_id = node_id,
                               .open_attempt = TR_NO_STEP,
                               .last_piece = TR_NO_STEP,
                               .last_end = TR_NO_STEP,
                               .last_pass = TR_NO_STEP};
        views->count++;
    }
    return view;
}
