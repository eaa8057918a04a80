#include "trace/trace_store.h"

#include <string.h>

#include "bytes/hash.h"
#include "trace/imported.h"
#include "trace/internal.h"
#include "trace/own_waits.h"
#include "trace/started_nodes.h"

/* ---- lists ---- */

/* The capacity of a list whose first block is for `first` items, which is one of tr_capacity_for. */
static inline size_t capacity_of(size_t count, size_t first) {
    size_t capacity = tr_capacity_for(count);
    return count > 0 && capacity < first ? first : capacity;
}

/* Makes room for one more item in a list that is full. */
static __attribute__((noinline)) bool grow(const tr_trace *trace, void **items, size_t count, size_t first,
                                           size_t item_bytes) {
    void *grown = tr_pool_reallocate(&tr_own(trace)->home->pool, *items, count * item_bytes,
                                     capacity_of(count + 1, first) * item_bytes);
    if (grown == NULL) {
        return false;
    }
    *items = grown;
    return true;
}

/* Makes room for one more item. */
static inline bool make_room(const tr_trace *trace, void **items, size_t count, size_t first, size_t item_bytes) {
    return count < capacity_of(count, first) || grow(trace, items, count, first, item_bytes);
}

static void free_list(const tr_trace *trace, void *items, size_t count, size_t first, size_t item_bytes) {
    tr_pool_free(&tr_own(trace)->home->pool, items, capacity_of(count, first) * item_bytes);
}

/* One step towards the count, so that it comes to the median of them. */
static uint8_t step_to(uint8_t usual, size_t count) {
    return (uint8_t)(usual + (count > usual && usual < TR_USUAL_MAX) - (count < usual));
}

void tr_trace_note_usual(const tr_trace *trace) {
    struct tr_trace_home *home = tr_own(trace)->home;
    home->usual_nodes = step_to(home->usual_nodes, trace->node_count);
    home->usual_attempts = step_to(home->usual_attempts, trace->attempt_count);
}

/* ---- nodes ---- */

/* Up to this many nodes a linear search is as fast as an index, and costs no memory. */
enum { NODES_WITHOUT_INDEX = 24, FIRST_INDEX = 128 };

/* The entry of a node id in the index (open addressing), or the empty entry where it belongs. */
static uint32_t *index_place(const tr_trace *trace, uint32_t node_id) {
    tr_node_index *index = tr_own(trace)->node_index;
    uint32_t mask = index->capacity - 1;
    uint32_t at = (uint32_t)tr_hash_mix(node_id ^ tr_hash_seed()) & mask;
    while (index->places[at] != TR_NONE && trace->nodes[index->places[at]].node_id != node_id) {
        at = (at + 1) & mask;
    }
    return &index->places[at];
}

tr_node *tr_trace_node_by_index(tr_trace *trace, uint32_t node_id) {
    uint32_t found = *index_place(trace, node_id);
    return found == TR_NONE ? NULL : &trace->nodes[found];
}

/* Makes the index at least twice as large as the number of nodes that it is going to hold. */
static __attribute__((noinline)) bool grow_index(tr_trace *trace) {
    tr_node_index *old = tr_own(trace)->node_index;
    if (old != NULL && trace->node_count + 1 <= old->capacity / 2) {
        return true;
    }
    uint32_t capacity = old == NULL ? FIRST_INDEX : old->capacity * 2;
    while (capacity / 2 < trace->node_count + 1) {
        capacity *= 2;
    }
    tr_pool *pool = &tr_own(trace)->home->pool;
    tr_node_index *index = tr_pool_allocate(pool, tr_node_index_bytes(capacity));
    if (index == NULL) {
        return false;
    }
    index->capacity = capacity;
    memset(index->places, 0xff, capacity * sizeof *index->places); /* every entry TR_NONE */
    tr_pool_free(pool, old, old == NULL ? 0 : tr_node_index_bytes(old->capacity));
    tr_own(trace)->node_index = index;
    for (uint32_t i = 0; i < trace->node_count; i++) {
        if (tr_trace_instance(trace, &trace->nodes[i]).length_bytes == 0) {
            *index_place(trace, trace->nodes[i].node_id) = i;
        }
    }
    return true;
}

static inline bool make_room_in_index(tr_trace *trace) {
    return trace->node_count < NODES_WITHOUT_INDEX || grow_index(trace);
}

static inline __attribute__((always_inline)) tr_node *add_node(tr_trace *trace, uint32_t node_id, bool is_instance) {
    void *items = trace->nodes;
    if (trace->node_count >= TR_NODE_NONE || !make_room_in_index(trace) ||
        !make_room(trace, &items, trace->node_count, tr_own(trace)->first_nodes, sizeof *trace->nodes)) {
        return NULL;
    }
    trace->nodes = items;
    if (tr_own(trace)->node_index != NULL && !is_instance) {
        *index_place(trace, node_id) = trace->node_count;
    }
    tr_node *node = &trace->nodes[trace->node_count++];
    *node = (tr_node){
        .node_id = node_id, .last_attempt = TR_NODE_NONE, .last_loop_event = TR_NODE_NONE, .status = TR_NODE_IDLE};
    return node;
}

tr_node *tr_trace_add_node(tr_trace *trace, uint32_t node_id) {
    return add_node(trace, node_id, false);
}

tr_node *tr_trace_add_instance_node(tr_trace *trace, uint32_t node_id) {
    return add_node(trace, node_id, true);
}

/* ---- what happened ---- */

tr_attempt *tr_trace_add_attempt(tr_trace *trace, tr_node *node, uint64_t start_ns, bool estimated) {
    void *items = trace->attempts;
    if (trace->attempt_count >= TR_NODE_NONE ||
        !make_room(trace, &items, trace->attempt_count, tr_own(trace)->first_attempts, sizeof *trace->attempts)) {
        return NULL;
    }
    trace->attempts = items;
    uint32_t before = node->last_attempt;
    node->last_attempt = trace->attempt_count++ & TR_NODE_NONE;
    tr_attempt *attempt = &trace->attempts[node->last_attempt];
    *attempt = (tr_attempt){.start_ns = start_ns,
                            .node_index = (uint32_t)(node - trace->nodes) & TR_NODE_NONE,
                            .outcome = TR_OUTCOME_OPEN,
                            .estimated = estimated,
                            .before = before & TR_NODE_NONE};
    if (tr_own(trace)->imported != NULL) {
        tr_own(trace)->imported->open_attempt_count++;
    }
    return attempt;
}

tr_suspension *tr_trace_add_suspension(tr_trace *trace, uint32_t node_id, uint64_t start_ns) {
    void *items = trace->suspensions;
    if (!make_room(trace, &items, trace->suspension_count, 0, sizeof *trace->suspensions)) {
        return NULL;
    }
    trace->suspensions = items;
    if (trace->suspension_count > 0 && !tr_own_waits_any(trace)) {
        const tr_suspension *before = &trace->suspensions[trace->suspension_count - 1];
        tr_own(trace)->has_unordered_suspensions |= before->end_ns < before->start_ns || start_ns < before->end_ns;
    }
    tr_suspension *suspension = &trace->suspensions[trace->suspension_count++];
    *suspension = (tr_suspension){.start_ns = start_ns, .node_id = node_id};
    return suspension;
}

tr_loop_event *tr_trace_add_loop_event(tr_trace *trace, tr_node *node, uint64_t timestamp_ns, uint32_t iteration,
                                       bool is_exit) {
    void *items = trace->loop_events;
    if (trace->loop_event_count >= TR_NODE_NONE ||
        !make_room(trace, &items, trace->loop_event_count, 0, sizeof *trace->loop_events)) {
        return NULL;
    }
    trace->loop_events = items;
    uint32_t seen_before = tr_trace_loop_iterations(trace, node);
    node->last_loop_event = trace->loop_event_count++ & TR_NODE_NONE;
    tr_loop_event *event = &trace->loop_events[node->last_loop_event];
    *event = (tr_loop_event){.timestamp_ns = timestamp_ns,
                             .iteration = iteration,
                             .seen_iterations = seen_before + !is_exit,
                             .node_index = (uint32_t)(node - trace->nodes) & TR_LOOP_NODE_MASK,
                             .is_exit = is_exit};
    return event;
}

/* ---- texts ---- */

/* Copies a text; `*copy` is NULL if there is none. Returns false on allocation failure. */
static bool copy_text(const tr_trace *trace, tr_text text, char **copy) {
    *copy = NULL;
    if (text.length_bytes == 0) {
        return true;
    }
    *copy = tr_pool_allocate(&tr_own(trace)->home->pool, text.length_bytes);
    if (*copy == NULL) {
        return false;
    }
    memcpy(*copy, text.bytes, text.length_bytes);
    return true;
}

static bool set_text(const tr_trace *trace, tr_text text, char **held, uint32_t *held_bytes) {
    char *copy;
    if (!copy_text(trace, text, &copy)) {
        return false;
    }
    tr_pool_free(&tr_own(trace)->home->pool, *held, *held_bytes);
    *held = copy;
    *held_bytes = text.length_bytes;
    return true;
}

bool tr_trace_set_metadata(tr_trace *trace, tr_text metadata) {
    return set_text(trace, metadata, &trace->metadata, &trace->metadata_bytes);
}

bool tr_trace_set_suspension_metadata(tr_trace *trace, tr_text metadata) {
    return set_text(trace, metadata, &trace->suspension_metadata, &trace->suspension_metadata_bytes);
}

void tr_trace_forget_suspension_metadata(tr_trace *trace) {
    tr_pool_free(&tr_own(trace)->home->pool, trace->suspension_metadata, trace->suspension_metadata_bytes);
    trace->suspension_metadata = NULL;
    trace->suspension_metadata_bytes = 0;
}

bool tr_trace_add_plan(tr_trace *trace, tr_text value) {
    uint64_t bytes = (uint64_t)trace->plans_bytes + value.length_bytes + 1;
    char *plans = bytes > UINT32_MAX ? NULL
                                     : tr_pool_reallocate(&tr_own(trace)->home->pool, trace->plans,
                                                          tr_capacity_for(trace->plans_bytes), tr_capacity_for(bytes));
    if (plans == NULL) {
        return false;
    }
    memcpy(plans + trace->plans_bytes, value.bytes, value.length_bytes);
    plans[bytes - 1] = 0;
    trace->plans = plans;
    trace->plans_bytes = (uint32_t)bytes;
    return true;
}

tr_trace_error *tr_trace_add_error(tr_trace *trace, tr_text message) {
    void *items = trace->errors;
    char *copy;
    if (!copy_text(trace, message, &copy)) {
        return NULL;
    }
    /* Last, because the capacity of a list follows from its count, which changes right after. */
    if (!make_room(trace, &items, trace->error_list_count, 0, sizeof *trace->errors)) {
        tr_pool_free(&tr_own(trace)->home->pool, copy, message.length_bytes);
        return NULL;
    }
    trace->errors = items;
    tr_trace_error *error = &trace->errors[trace->error_list_count++];
    *error = (tr_trace_error){.message = copy, .message_bytes = message.length_bytes};
    return error;
}

/* ---- the trace as a whole ---- */

tr_trace *tr_trace_new(struct tr_trace_home *home) {
    tr_trace_state *state = tr_pool_allocate(&home->pool, sizeof *state);
    if (state == NULL) {
        return NULL;
    }
    *state = (tr_trace_state){.home = home,
                              .first_nodes = (uint8_t)tr_capacity_for(home->usual_nodes),
                              .first_attempts = (uint8_t)tr_capacity_for(home->usual_attempts)};
    return &state->trace;
}

static void free_contents(tr_trace *trace) {
    tr_pool *pool = &tr_own(trace)->home->pool;
    for (uint32_t i = 0; i < trace->error_list_count; i++) {
        tr_pool_free(pool, trace->errors[i].message, trace->errors[i].message_bytes);
    }
    free_list(trace, trace->errors, trace->error_list_count, 0, sizeof *trace->errors);
    free_list(trace, trace->suspensions, trace->suspension_count, 0, sizeof *trace->suspensions);
    free_list(trace, trace->loop_events, trace->loop_event_count, 0, sizeof *trace->loop_events);
    free_list(trace, trace->attempts, trace->attempt_count, tr_own(trace)->first_attempts, sizeof *trace->attempts);
    free_list(trace, trace->nodes, trace->node_count, tr_own(trace)->first_nodes, sizeof *trace->nodes);
    tr_started_free(trace);
    tr_pool_free(pool, trace->suspension_metadata, trace->suspension_metadata_bytes);
    tr_pool_free(pool, trace->metadata, trace->metadata_bytes);
    free_list(trace, trace->plans, trace->plans_bytes, 0, 1);
    tr_node_index *index = tr_own(trace)->node_index;
    tr_pool_free(pool, index, index == NULL ? 0 : tr_node_index_bytes(index->capacity));
    tr_imported_free(trace);
}

void tr_trace_free(tr_trace *trace) {
    if (trace != NULL) {
        free_contents(trace);
        tr_pool_free(&tr_own(trace)->home->pool, trace, sizeof(tr_trace_state));
    }
}

void tr_trace_reset(tr_trace *trace) {
    tr_trace_state empty = {.trace.log_slot = trace->log_slot,
                            .home = tr_own(trace)->home,
                            .first_nodes = tr_own(trace)->first_nodes,
                            .first_attempts = tr_own(trace)->first_attempts};
    memcpy(empty.trace.id, trace->id, sizeof empty.trace.id);
    free_contents(trace);
    *tr_own(trace) = empty;
}

/* Copies a list. Returns NULL if it is empty, and on allocation failure, with `*failed` set. */
static void *copy_list(const tr_trace *trace, const void *from, size_t count, size_t item_bytes, bool *failed) {
    void *copy = count == 0 ? NULL : tr_pool_allocate(&tr_own(trace)->home->pool, tr_capacity_for(count) * item_bytes);
    if (copy != NULL) {
        memcpy(copy, from, count * item_bytes);
    }
    *failed = *failed || (copy == NULL && count > 0);
    return copy;
}

static bool copy_lists(tr_trace *trace, const tr_trace *from) {
    bool failed = false;
    trace->nodes = copy_list(trace, from->nodes, from->node_count, sizeof *from->nodes, &failed);
    trace->attempts = copy_list(trace, from->attempts, from->attempt_count, sizeof *from->attempts, &failed);
    trace->suspensions =
        copy_list(trace, from->suspensions, from->suspension_count, sizeof *from->suspensions, &failed);
    trace->loop_events =
        copy_list(trace, from->loop_events, from->loop_event_count, sizeof *from->loop_events, &failed);
    /* A list that was not copied is empty, so that what was copied can be freed. */
    trace->node_count = trace->nodes != NULL ? from->node_count : 0;
    trace->attempt_count = trace->attempts != NULL ? from->attempt_count : 0;
    trace->suspension_count = trace->suspensions != NULL ? from->suspension_count : 0;
    trace->loop_event_count = trace->loop_events != NULL ? from->loop_event_count : 0;
    trace->plans = copy_list(trace, from->plans, from->plans_bytes, 1, &failed);
    trace->plans_bytes = trace->plans != NULL ? from->plans_bytes : 0;
    return !failed;
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
        added->by_tracereel = error->by_tracereel;
        added->life = error->life;
    }
    return true;
}

static bool copy_contents(tr_trace *trace, const tr_trace *from) {
    return tr_imported_copy(trace, from) && copy_lists(trace, from) && make_room_in_index(trace) &&
           tr_started_copy(trace, from) && copy_errors(trace, from) &&
           tr_trace_set_metadata(trace, (tr_text){from->metadata, from->metadata_bytes}) &&
           tr_trace_set_suspension_metadata(trace,
                                            (tr_text){from->suspension_metadata, from->suspension_metadata_bytes});
}

bool tr_trace_assign(tr_trace *trace, const tr_trace *from) {
    tr_trace_reset(trace);
    tr_trace_state state = *tr_own(from);
    tr_trace *made = &state.trace;
    made->log_slot = trace->log_slot;
    state.home = tr_own(trace)->home;
    state.first_nodes = state.first_attempts = 0; /* the lists are copied as long as they are */
    /* Owned members start empty, and are copied one by one. */
    made->node_count = made->attempt_count = made->suspension_count = 0;
    made->loop_event_count = made->error_list_count = made->started_count = 0;
    made->metadata_bytes = made->suspension_metadata_bytes = made->plans_bytes = 0;
    made->nodes = NULL;
    made->attempts = NULL;
    made->suspensions = NULL;
    made->loop_events = NULL;
    made->errors = NULL;
    made->started_nodes = NULL;
    made->metadata = NULL;
    made->suspension_metadata = NULL;
    made->plans = NULL;
    state.started_capacity = 0;
    state.started_index = NULL;
    state.imported = NULL;
    state.node_index = NULL;
    *tr_own(trace) = state;
    if (!copy_contents(trace, from)) {
        tr_trace_reset(trace);
        return false;
    }
    return true;
}
