/* Events in virtual time, earliest first. */
#ifndef TRACEREEL_EVENT_QUEUE_H
#define TRACEREEL_EVENT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Events at the same time are ordered by number, then by series. */
typedef struct tr_queued_event {
    uint64_t time_ns;
    uint64_t number; /* number in the recorded log of the event's record */
    uint64_t series; /* of the trace, in the order of arrival */
    void *owner;     /* not used by the queue */
    uint32_t step;
} tr_queued_event;

/* All zero is an empty queue. */
typedef struct tr_event_queue {
    tr_queued_event *items; /* a heap */
    size_t count;
    size_t capacity;
} tr_event_queue;

/* Returns false on allocation failure; the queue is then unchanged. */
bool tr_event_queue_push(tr_event_queue *queue, const tr_queued_event *event);
/* Returns false if the queue is empty. */
bool tr_event_queue_pop(tr_event_queue *queue, tr_queued_event *event);
void tr_event_queue_free(tr_event_queue *queue);

#endif
