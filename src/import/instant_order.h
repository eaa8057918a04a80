/* The order of the events of one trace at one instant: a start stands before its own end, an end before what it made
 * ready, the trace's end last. */
#ifndef TRACEREEL_INSTANT_ORDER_H
#define TRACEREEL_INSTANT_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import/attempt_table.h"
#include "import/event_sorter.h"
#include "import/node_order.h"

/* One of the events, and what decides its place. */
typedef struct tr_instant_event {
    const tr_import_event *event;
    uint32_t call;     /* its place among the events as they were added */
    bool is_last;      /* the trace's end */
    bool is_late;      /* it is of an attempt or a wait that begins at this instant */
    uint32_t level;    /* of the node, where it is late */
    uint32_t unit;     /* the first call of its node and instance */
    uint32_t position; /* among those of its node and instance */
} tr_instant_event;

/* Orders `count` events of one trace and one instant, in the order of the calls before. `attempts` says what ran before
 * this instant, and is not changed; `first_attempt` is the trace's list in it. The levels of the nodes are found. */
void tr_instant_order(tr_instant_event *events, size_t count, const tr_attempt_table *attempts, uint32_t first_attempt,
                      const tr_node_order *order);

#endif
