#include "simulation/event_queue.h"

#include <stdlib.h>

static inline bool is_before(const tr_queued_event *a, const tr_queued_event *b) {
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns;
    }
    if (a->number != b->number) {
        return a->number < b->number;
    }
    return a->series < b->series;
}

bool tr_event_queue_push(tr_event_queue *queue, const tr_queued_event *event) {
    if (queue->count == queue->capacity) {
        size_t capacity = queue->capacity == 0 ? 64 : queue->capacity * 2;
        tr_queued_event *items = realloc(queue->items, capacity * sizeof *items);
        if (items == NULL) {
            return false;
        }
        queue->items = items;
        queue->capacity = capacity;
    }
    size_t place = queue->count++;
    while (place > 0 && is_before(event, &queue->items[(place - 1) / 2])) {
        queue->items[place] = queue->items[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    queue->items[place] = *event;
    return true;
}

/* Fills the first place with the last event. The free place sinks to a leaf, and the event rises from there: it is one
 * of the latest, so that this takes about half the comparisons of sinking it, and it comes to the same place. */
static void fill_first(tr_event_queue *queue) {
    tr_queued_event *items = queue->items;
    const tr_queued_event last = items[queue->count];
    size_t place = 0;
    for (size_t child = 1; child < queue->count; child = place * 2 + 1) {
        child += child + 1 < queue->count && is_before(&items[child + 1], &items[child]);
        items[place] = items[child];
        place = child;
    }
    while (place > 0 && !is_before(&items[(place - 1) / 2], &last)) {
        items[place] = items[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    items[place] = last;
}

bool tr_event_queue_pop(tr_event_queue *queue, tr_queued_event *event) {
    if (queue->count == 0) {
        return false;
    }
    *event = queue->items[0];
    queue->count--;
    if (queue->count > 0) {
        fill_first(queue);
    }
    return true;
}

void tr_event_queue_free(tr_event_queue *queue) {
    free(queue->items);
    *queue = (tr_event_queue){0};
}
