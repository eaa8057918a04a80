#include "import/instant_order.h"

#include <stdlib.h>
#include <string.h>

/* What an event does to its node. */
typedef enum event_role { ROLE_START, ROLE_END, ROLE_WAIT, ROLE_RESUME, ROLE_MARK, ROLE_COUNT } event_role;

/* The events of one node and instance, in the order of the calls, and those of each role that are still to come. */
typedef struct unit_queue {
    tr_instant_event *events;
    size_t count;
    size_t next[ROLE_COUNT]; /* the first of the role that is still to come; `count`: none */
    bool is_running;
    bool is_waiting;
} unit_queue;

static event_role role_of(const tr_instant_event *one) {
    switch (one->event->type) {
    case TR_TYPE_NODE_START:
        return ROLE_START;
    case TR_TYPE_NODE_DONE:
    case TR_TYPE_NODE_ERROR:
        return ROLE_END;
    case TR_TYPE_TRACE_SUSPENDED:
        return ROLE_WAIT;
    case TR_TYPE_TRACE_RESUMED:
        return ROLE_RESUME;
    default:
        return ROLE_MARK;
    }
}

static bool is_left(const unit_queue *unit, event_role role) {
    return unit->next[role] < unit->count;
}

/* Is what must come before it there, or does it never come? */
static bool may_come(const unit_queue *unit, event_role role) {
    switch (role) {
    case ROLE_START:
        return !unit->is_running || !is_left(unit, ROLE_END);
    case ROLE_END:
        if (is_left(unit, ROLE_RESUME) &&
            (unit->is_waiting || (is_left(unit, ROLE_WAIT) && !is_left(unit, ROLE_START)))) {
            return false;
        }
        return unit->is_running || !is_left(unit, ROLE_START);
    case ROLE_WAIT:
        return unit->is_running || !is_left(unit, ROLE_START);
    case ROLE_RESUME:
        return unit->is_waiting || !is_left(unit, ROLE_WAIT);
    default:
        return true;
    }
}

static void step(unit_queue *unit, event_role role) {
    size_t next = unit->next[role] + 1;
    while (next < unit->count && role_of(&unit->events[next]) != role) {
        next++;
    }
    unit->next[role] = next;
    unit->is_running = role == ROLE_START || (unit->is_running && role != ROLE_END);
    unit->is_waiting = role == ROLE_WAIT || (unit->is_waiting && role != ROLE_RESUME);
}

/* The role whose next event comes now: of those that may, the one that was called first. */
static event_role choose(const unit_queue *unit) {
    event_role chosen = ROLE_COUNT;
    for (event_role role = ROLE_START; role < ROLE_COUNT; role++) {
        if (is_left(unit, role) && may_come(unit, role) &&
            (chosen == ROLE_COUNT || unit->next[role] < unit->next[chosen])) {
            chosen = role;
        }
    }
    for (event_role role = ROLE_START; chosen == ROLE_COUNT; role++) {
        chosen = is_left(unit, role) ? role : chosen;
    }
    return chosen;
}

/* Gives each event its position, and says which belong to what began before this instant. */
static void arrange_unit(tr_instant_event *events, size_t count, const tr_attempt_state *before) {
    unit_queue unit = {.events = events, .count = count};
    unit.is_running = before != NULL && before->is_running;
    unit.is_waiting = before != NULL && before->is_waiting;
    bool is_early = unit.is_running || unit.is_waiting;
    size_t early_count = 0;
    for (int role = 0; role < ROLE_COUNT; role++) {
        size_t next = 0;
        while (next < count && role_of(&events[next]) != (event_role)role) {
            next++;
        }
        unit.next[role] = next;
    }
    for (size_t position = 0; position < count; position++) {
        event_role role = choose(&unit);
        events[unit.next[role]].position = (uint32_t)position;
        step(&unit, role);
        is_early = is_early && role != ROLE_START;
        if (is_early && (role == ROLE_END || role == ROLE_RESUME)) {
            early_count = position + 1;
        }
    }
    for (size_t i = 0; i < count; i++) {
        events[i].is_late = events[i].position >= early_count;
        events[i].unit = events[0].call;
    }
}

static int compare_calls(const tr_instant_event *a, const tr_instant_event *b) {
    return a->call < b->call ? -1 : a->call > b->call;
}

static int compare_units(const void *left, const void *right) {
    const tr_instant_event *a = left;
    const tr_instant_event *b = right;
    if (a->event->node != b->event->node) {
        return a->event->node < b->event->node ? -1 : 1;
    } else if (a->event->instance != b->event->instance) {
        return a->event->instance < b->event->instance ? -1 : 1;
    }
    return compare_calls(a, b);
}

static int compare_places(const void *left, const void *right) {
    const tr_instant_event *a = left;
    const tr_instant_event *b = right;
    if (a->is_last != b->is_last) {
        return a->is_last ? 1 : -1;
    } else if (a->is_late != b->is_late) {
        return a->is_late ? 1 : -1;
    } else if (a->level != b->level) {
        return a->level < b->level ? -1 : 1;
    } else if (a->unit != b->unit) {
        return a->unit < b->unit ? -1 : 1;
    }
    return a->position < b->position ? -1 : a->position > b->position;
}

static bool is_trace_end(const tr_import_event *event) {
    return event->type == TR_TYPE_TRACE_COMPLETE || event->type == TR_TYPE_TRACE_FAILED;
}

void tr_instant_order(tr_instant_event *events, size_t count, const tr_attempt_table *attempts, uint32_t first_attempt,
                      const tr_node_order *order) {
    for (size_t i = 0; i < count; i++) {
        events[i].is_last = is_trace_end(events[i].event);
    }
    qsort(events, count, sizeof *events, compare_units);
    for (size_t i = 0; i < count;) {
        const tr_import_event *first = events[i].event;
        size_t end = i + 1;
        while (end < count && events[end].event->node == first->node &&
               events[end].event->instance == first->instance) {
            end++;
        }
        tr_attempt_key key = {first->trace, first->node, first->instance};
        arrange_unit(events + i, end - i, tr_attempt_table_find(attempts, key, first_attempt));
        for (; i < end; i++) {
            events[i].level = events[i].is_late ? order->levels[first->node] : 0;
        }
    }
    qsort(events, count, sizeof *events, compare_places);
}
