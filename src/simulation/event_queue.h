/* Events in virtual time, earliest first. */
#ifndef TRACEREEL_EVENT_QUEUE_H
#define TRACEREEL_EVENT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Events at one time come in the order of their numbers, and those with one number in the order of their series. */
typedef struct tr_queued_event {
    uint64_t time_ns;
    uint64_t number; /* of the record that the event stands for, in the recorded log */
    uint64_t series; /* of the trace, in the order of arrival */
    void *owner;     /* the queue does not look at it */
    uint32_t step;
} tr_queued_event;

/* All zero is an empty queue. */
typedef struct tr_event_queue {
    tr_queued_event *items; /* a heap */
    size_t count;
    size_t capacity;
} tr_event_queue;

/* False when there is no memory; the queue is then as it was. */
bool tr_event_queue_push(tr_event_queue *queue, const tr_queued_event *event);
/* False when it is empty. */
bool tr_event_queue_pop(tr_event_queue *queue, tr_queued_event *event);
void tr_event_queue_free(tr_event_queue *queue);

#endif
