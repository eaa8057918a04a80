#include "trace_store.h"

#include <stdlib.h>
#include <string.h>

/* Nodes and attempts are most of an open trace's memory, and a million traces may be open: so they grow by half. */
static uint32_t next_capacity(uint32_t capacity) {
    return capacity < 4 ? 4 : capacity + capacity / 2;
}

static bool make_room(void **items, uint32_t count, uint32_t *capacity, size_t item_bytes) {
    if (count < *capacity) {
        return true;
    }
    uint32_t larger = next_capacity(*capacity);
    void *grown = realloc(*items, larger * item_bytes);
    if (grown == NULL) {
        return false;
    }
    *items = grown;
    *capacity = larger;
    return true;
}

/* For the short lists, which store no capacity: it is the power of two at or above the count. */
static bool make_room_for_short(void **items, uint32_t count, size_t item_bytes) {
    if ((count & (count - 1)) != 0) {
        return true;
    }
    void *grown = realloc(*items, (count == 0 ? 1 : (size_t)count * 2) * item_bytes);
    if (grown == NULL) {
        return false;
    }
    *items = grown;
    return true;
}

/* Up to this many nodes a walk over them is as fast as an index, and costs no memory. */
enum { NODES_WITHOUT_INDEX = 24, FIRST_INDEX = 128 };

/* Where a node id stands in the index (open addressing), or the empty place where it would. */
static uint32_t *index_place(const tr_trace *trace, uint32_t node_id) {
    uint32_t mask = trace->node_index_capacity - 1;
    uint32_t at = (node_id * 0x9e3779b1u >> 7) & mask;
    while (trace->node_index[at] != TR_NONE && trace->nodes[trace->node_index[at]].node_id != node_id) {
        at = (at + 1) & mask;
    }
    return &trace->node_index[at];
}

tr_node *tr_trace_node_by_index(tr_trace *trace, uint32_t node_id) {
    uint32_t found = *index_place(trace, node_id);
    return found == TR_NONE ? NULL : &trace->nodes[found];
}

/* Makes the index at least twice as large as the nodes that it is going to hold. */
static bool make_room_in_index(tr_trace *trace) {
    if (trace->node_count < NODES_WITHOUT_INDEX || trace->node_count + 1 <= trace->node_index_capacity / 2) {
        return true;
    }
    uint32_t capacity = trace->node_index_capacity == 0 ? FIRST_INDEX : trace->node_index_capacity * 2;
    uint32_t *index = malloc(capacity * sizeof *index);
    if (index == NULL) {
        return false;
    }
    memset(index, 0xff, capacity * sizeof *index); /* every place TR_NONE */
    free(trace->node_index);
    trace->node_index = index;
    trace->node_index_capacity = capacity;
    for (uint32_t i = 0; i < trace->node_count; i++) {
        *index_place(trace, trace->nodes[i].node_id) = i;
    }
    return true;
}

tr_node *tr_trace_add_node(tr_trace *trace, uint32_t node_id) {
    void *items = trace->nodes;
    if (!make_room_in_index(trace) ||
        !make_room(&items, trace->node_count, &trace->node_capacity, sizeof *trace->nodes)) {
        return NULL;
    }
    trace->nodes = items;
    if (trace->node_index != NULL) {
        *index_place(trace, node_id) = trace->node_count;
    }
    tr_node *node = &trace->nodes[trace->node_count++];
    *node = (tr_node){.node_id = node_id, .first_attempt = TR_NONE, .last_attempt = TR_NONE, .status = TR_NODE_IDLE};
    return node;
}

tr_attempt *tr_trace_add_attempt(tr_trace *trace, tr_node *node, uint64_t start_ns, bool estimated) {
    void *items = trace->attempts;
    if (!make_room(&items, trace->attempt_count, &trace->attempt_capacity, sizeof *trace->attempts)) {
        return NULL;
    }
    trace->attempts = items;
    uint32_t index = trace->attempt_count++;
    if (node->last_attempt == TR_NONE) {
        node->first_attempt = index;
    } else {
        trace->attempts[node->last_attempt].next = index;
    }
    node->last_attempt = index;
    node->attempt_count++;
    trace->attempts[index] =
        (tr_attempt){.start_ns = start_ns, .next = TR_NONE, .outcome = TR_OUTCOME_OPEN, .estimated = estimated};
    return &trace->attempts[index];
}

tr_suspension *tr_trace_add_suspension(tr_trace *trace, uint32_t node_id, uint64_t start_ns) {
    void *items = trace->suspensions;
    if (!make_room_for_short(&items, trace->suspension_count, sizeof *trace->suspensions)) {
        return NULL;
    }
    trace->suspensions = items;
    tr_suspension *suspension = &trace->suspensions[trace->suspension_count++];
    *suspension = (tr_suspension){.start_ns = start_ns, .node_id = node_id};
    return suspension;
}

tr_loop_event *tr_trace_add_loop_event(tr_trace *trace, uint32_t node_id, uint64_t timestamp_ns, bool is_exit) {
    void *items = trace->loop_events;
    if (!make_room_for_short(&items, trace->loop_event_count, sizeof *trace->loop_events)) {
        return NULL;
    }
    trace->loop_events = items;
    tr_loop_event *event = &trace->loop_events[trace->loop_event_count++];
    *event = (tr_loop_event){timestamp_ns, node_id, is_exit};
    return event;
}

/* A copy of a text; "no memory" and "no text" are told apart by the return value. */
static bool copy_text(tr_text text, char **copy) {
    *copy = NULL;
    if (text.length_bytes == 0) {
        return true;
    }
    *copy = malloc(text.length_bytes);
    if (*copy == NULL) {
        return false;
    }
    memcpy(*copy, text.bytes, text.length_bytes);
    return true;
}

tr_trace_error *tr_trace_add_error(tr_trace *trace, tr_text message) {
    void *items = trace->errors;
    char *copy;
    if (!make_room_for_short(&items, trace->error_list_count, sizeof *trace->errors)) {
        return NULL;
    }
    trace->errors = items;
    if (!copy_text(message, &copy)) {
        return NULL;
    }
    tr_trace_error *error = &trace->errors[trace->error_list_count++];
    *error = (tr_trace_error){.message = copy, .message_bytes = message.length_bytes};
    return error;
}

bool tr_trace_add_started(tr_trace *trace, uint32_t node_id) {
    void *items = trace->started_nodes;
    if (!make_room(&items, trace->started_count, &trace->started_capacity, sizeof *trace->started_nodes)) {
        return false;
    }
    trace->started_nodes = items;
    trace->started_nodes[trace->started_count++] = node_id;
    return true;
}

void tr_trace_remove_started(tr_trace *trace, uint32_t node_id) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < trace->started_count; i++) {
        if (trace->started_nodes[i] != node_id) {
            trace->started_nodes[kept++] = trace->started_nodes[i];
        }
    }
    trace->started_count = kept;
}

bool tr_trace_set_metadata(tr_trace *trace, tr_text metadata) {
    char *copy;
    if (!copy_text(metadata, &copy)) {
        return false;
    }
    free(trace->metadata);
    trace->metadata = copy;
    trace->metadata_bytes = metadata.length_bytes;
    return true;
}

bool tr_trace_set_suspension_metadata(tr_trace *trace, tr_text metadata) {
    char *copy;
    if (!copy_text(metadata, &copy)) {
        return false;
    }
    free(trace->suspension_metadata);
    trace->suspension_metadata = copy;
    trace->suspension_metadata_bytes = metadata.length_bytes;
    return true;
}

static void free_texts_and_short_lists(tr_trace *trace) {
    for (uint32_t i = 0; i < trace->error_list_count; i++) {
        free(trace->errors[i].message);
    }
    free(trace->errors);
    free(trace->suspensions);
    free(trace->loop_events);
    free(trace->node_index);
    free(trace->suspension_metadata);
    free(trace->metadata);
}

void tr_trace_reset(tr_trace *trace) {
    tr_trace empty = {.nodes = trace->nodes,
                      .attempts = trace->attempts,
                      .started_nodes = trace->started_nodes,
                      .node_capacity = trace->node_capacity,
                      .attempt_capacity = trace->attempt_capacity,
                      .started_capacity = trace->started_capacity,
                      .log_slot = trace->log_slot,
                      .damage_count = trace->damage_count};
    memcpy(empty.id, trace->id, sizeof empty.id);
    free_texts_and_short_lists(trace);
    *trace = empty;
}

/* A copy of the items; NULL where there are none, and where there is no memory, which `*failed` then says. The short
 * lists get room for a power of two. */
static void *copy_items(const void *items, uint32_t count, size_t item_bytes, bool is_short, bool *failed) {
    if (count == 0) {
        return NULL;
    }
    size_t room = is_short ? 1 : count;
    while (room < count) {
        room *= 2;
    }
    void *copy = malloc(room * item_bytes);
    if (copy == NULL) {
        *failed = true;
        return NULL;
    }
    memcpy(copy, items, count * item_bytes);
    return copy;
}

static bool copy_errors(tr_trace *trace, const tr_trace *from) {
    for (uint32_t i = 0; i < from->error_list_count; i++) {
        const tr_trace_error *error = &from->errors[i];
        tr_trace_error *added = tr_trace_add_error(trace, (tr_text){error->message, error->message_bytes});
        if (added == NULL) {
            return false;
        }
        added->timestamp_ns = error->timestamp_ns;
        added->node_id = error->node_id;
        added->is_trace_failure = error->is_trace_failure;
    }
    return true;
}

static bool copy_texts(tr_trace *trace, const tr_trace *from) {
    tr_text metadata = {from->metadata, from->metadata_bytes};
    tr_text suspension_metadata = {from->suspension_metadata, from->suspension_metadata_bytes};
    return copy_errors(trace, from) && tr_trace_set_metadata(trace, metadata) &&
           tr_trace_set_suspension_metadata(trace, suspension_metadata);
}

bool tr_trace_assign(tr_trace *trace, const tr_trace *from) {
    bool failed = false;
    tr_trace made = *from;
    made.nodes = copy_items(from->nodes, from->node_count, sizeof *from->nodes, false, &failed);
    made.attempts = copy_items(from->attempts, from->attempt_count, sizeof *from->attempts, false, &failed);
    made.started_nodes =
        copy_items(from->started_nodes, from->started_count, sizeof *from->started_nodes, false, &failed);
    made.suspensions = copy_items(from->suspensions, from->suspension_count, sizeof *from->suspensions, true, &failed);
    made.loop_events = copy_items(from->loop_events, from->loop_event_count, sizeof *from->loop_events, true, &failed);
    made.node_capacity = made.nodes == NULL ? 0 : from->node_count;
    made.attempt_capacity = made.attempts == NULL ? 0 : from->attempt_count;
    made.started_capacity = made.started_nodes == NULL ? 0 : from->started_count;
    made.node_index = NULL; /* made again when a node is added */
    made.node_index_capacity = 0;
    made.errors = NULL;
    made.error_list_count = 0;
    made.metadata = NULL;
    made.suspension_metadata = NULL;
    made.log_slot = trace->log_slot;
    made.damage_count = trace->damage_count;
    tr_trace_release(trace);
    *trace = made;
    if (failed || !copy_texts(trace, from)) {
        tr_trace_reset(trace);
        return false;
    }
    return true;
}

void tr_trace_release(tr_trace *trace) {
    free_texts_and_short_lists(trace);
    free(trace->nodes);
    free(trace->attempts);
    free(trace->started_nodes);
}
