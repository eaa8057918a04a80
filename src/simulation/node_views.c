#include "simulation/node_views.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/hash.h"
#include "simulation/program.h"

void tr_node_views_free(tr_node_views *views) {
    free(views->items);
    *views = (tr_node_views){0};
}

void tr_node_views_clear(tr_node_views *views) {
    views->generation++;
    views->count = 0;
}

/* Nodes themselves and their instances each have their own copy of these: most logs have no instances. */
#define INLINED inline __attribute__((always_inline))

static INLINED bool is_of(const tr_node_view *view, uint32_t node_id, tr_text instance) {
    return view->node_id == node_id && view->instance.length_bytes == instance.length_bytes &&
           (instance.length_bytes == 0 || memcmp(view->instance.bytes, instance.bytes, instance.length_bytes) == 0);
}

static INLINED size_t place_of(const tr_node_views *views, uint32_t node_id, tr_text instance) {
    uint32_t hash = node_id * UINT32_C(2654435769);
    if (instance.length_bytes > 0) {
        hash ^= (uint32_t)tr_hash_bytes(tr_hash_seed(), instance.bytes, instance.length_bytes);
    }
    size_t place = (size_t)hash & (views->capacity - 1);
    while (views->items[place].generation == views->generation && !is_of(&views->items[place], node_id, instance)) {
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
            larger.items[place_of(&larger, views->items[i].node_id, views->items[i].instance)] = views->items[i];
        }
    }
    free(views->items);
    *views = larger;
    return true;
}

static const tr_text no_instance = {NULL, 0};

static INLINED const tr_node_view *find(const tr_node_views *views, uint32_t node_id, tr_text instance) {
    const tr_node_view *view = views->capacity == 0 ? NULL : &views->items[place_of(views, node_id, instance)];
    return view != NULL && view->generation == views->generation ? view : NULL;
}

const tr_node_view *tr_node_views_find(const tr_node_views *views, uint32_t node_id) {
    return find(views, node_id, no_instance);
}

const tr_node_view *tr_node_views_find_instance(const tr_node_views *views, uint32_t node_id, tr_text instance) {
    return instance.length_bytes == 0 ? find(views, node_id, no_instance) : find(views, node_id, instance);
}

static INLINED tr_node_view *get(tr_node_views *views, uint32_t node_id, tr_text instance) {
    if (views->count * 2 >= views->capacity && !grow(views)) {
        return NULL;
    }
    tr_node_view *view = &views->items[place_of(views, node_id, instance)];
    if (view->generation != views->generation) {
        *view = (tr_node_view){.generation = views->generation,
                               .instance = instance,
                               .node_id = node_id,
                               .open_attempt = TR_NO_STEP,
                               .last_piece = TR_NO_STEP,
                               .last_end = TR_NO_STEP,
                               .last_pass = TR_NO_STEP,
                               .own_wait = TR_NO_STEP,
                               .end_place = TR_NO_STEP,
                               .first_end = TR_NO_STEP};
        views->count++;
    }
    return view;
}

tr_node_view *tr_node_views_get(tr_node_views *views, uint32_t node_id) {
    return get(views, node_id, no_instance);
}

tr_node_view *tr_node_views_get_instance(tr_node_views *views, uint32_t node_id, tr_text instance) {
    return get(views, node_id, instance);
}
