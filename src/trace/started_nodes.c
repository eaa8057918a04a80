#include "trace/started_nodes.h"

#include <string.h>

#include "trace/internal.h"
#include "trace/trace_store.h"

/* Up to this many entries, a walk over all of them is as fast as anything else. */
enum { SHORT_COUNT = 64, FIRST_NODE_CAPACITY = 128 };

/* Which entries of a long list still count. Entries have serial numbers; `first_serial` is that of index 0. Entries of
 * node i with a serial below first_counted[i] were added before it was last done. */
struct tr_started_index {
    uint32_t first_serial;
    uint32_t removal_count;   /* since the last compact() */
    uint32_t node_capacity;   /* of first_counted; nodes beyond it have not been done since the index was created */
    uint32_t first_counted[]; /* by the node's index in the trace's `nodes` */
};

static size_t index_bytes(uint32_t node_capacity) {
    return sizeof(struct tr_started_index) + node_capacity * sizeof(uint32_t);
}

static bool counts(const tr_trace *trace, uint32_t place) {
    const struct tr_started_index *index = tr_own(trace)->started_index;
    const tr_node *node = tr_trace_find_node(trace, trace->started_nodes[place]);
    size_t node_place = (size_t)(node - trace->nodes);
    return node->is_started && (index == NULL || node_place >= index->node_capacity ||
                                index->first_serial + place >= index->first_counted[node_place]);
}

uint32_t tr_trace_next_started(const tr_trace *trace, uint32_t from) {
    uint32_t place = from;
    while (tr_own(trace)->started_index != NULL && place < trace->started_count && !counts(trace, place)) {
        place++;
    }
    return place < trace->started_count ? place : TR_NONE;
}

static void free_index(tr_trace *trace) {
    if (tr_own(trace)->started_index != NULL) {
        tr_pool_free(&tr_own(trace)->home->pool, tr_own(trace)->started_index,
                     index_bytes(tr_own(trace)->started_index->node_capacity));
        tr_own(trace)->started_index = NULL;
    }
}

/* Keeps only the entries that count. */
static void compact(tr_trace *trace) {
    struct tr_started_index *index = tr_own(trace)->started_index;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < trace->started_count; i++) {
        if (counts(trace, i)) {
            trace->started_nodes[kept++] = trace->started_nodes[i];
        }
    }
    if (index != NULL) {
        /* Higher than every serial so far, so that first_counted needs no change. */
        index->first_serial += trace->started_count;
        index->removal_count = 0;
        if (index->first_serial > UINT32_MAX / 2) {
            free_index(trace);
        }
    }
    trace->started_count = kept;
}

/* The index, with room for that node. Returns NULL on allocation failure; nothing is changed then. */
static struct tr_started_index *need_index(tr_trace *trace, uint32_t node_place) {
    struct tr_started_index *index = tr_own(trace)->started_index;
    uint32_t known = index == NULL ? 0 : index->node_capacity;
    if (node_place < known) {
        return index;
    }
    uint32_t capacity = known == 0 ? FIRST_NODE_CAPACITY : known;
    while (capacity <= node_place) {
        capacity *= 2;
    }
    struct tr_started_index *grown = tr_pool_reallocate(&tr_own(trace)->home->pool, tr_own(trace)->started_index,
                                                        index == NULL ? 0 : index_bytes(known), index_bytes(capacity));
    if (grown == NULL) {
        return NULL;
    }
    if (known == 0) {
        *grown = (struct tr_started_index){0};
    }
    memset(grown->first_counted + known, 0, (capacity - known) * sizeof(uint32_t));
    grown->node_capacity = capacity;
    tr_own(trace)->started_index = grown;
    return grown;
}

static void remove_at_once(tr_trace *trace, uint32_t node_id) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < trace->started_count; i++) {
        if (trace->started_nodes[i] != node_id) {
            trace->started_nodes[kept++] = trace->started_nodes[i];
        }
    }
    trace->started_count = kept;
}

void tr_started_remove(tr_trace *trace, tr_node *node) {
    if (!node->is_started) {
        return;
    }
    node->is_started = false;
    if (tr_own(trace)->started_index == NULL && trace->started_count <= SHORT_COUNT) {
        remove_at_once(trace, node->node_id);
        return;
    }
    uint32_t node_place = (uint32_t)(node - trace->nodes);
    struct tr_started_index *index = need_index(trace, node_place);
    if (index == NULL) {
        compact(trace);
        return;
    }
    index->first_counted[node_place] = index->first_serial + trace->started_count;
    index->removal_count++;
    if (index->removal_count >= trace->started_count / 2) {
        compact(trace);
    }
}

static bool make_room(tr_trace *trace) {
    if (trace->started_count < tr_own(trace)->started_capacity) {
        return true;
    }
    if (tr_own(trace)->started_index != NULL) {
        compact(trace);
        /* Require a quarter to be free: otherwise the list would be walked again and again for a few entries. */
        if (trace->started_count <= tr_own(trace)->started_capacity - tr_own(trace)->started_capacity / 4) {
            return true;
        }
    }
    size_t capacity = tr_capacity_for((size_t)tr_own(trace)->started_capacity + 1);
    void *grown = tr_pool_reallocate(&tr_own(trace)->home->pool, trace->started_nodes,
                                     tr_own(trace)->started_capacity * sizeof *trace->started_nodes,
                                     capacity * sizeof *trace->started_nodes);
    if (grown == NULL) {
        return false;
    }
    trace->started_nodes = grown;
    tr_own(trace)->started_capacity = (uint32_t)capacity;
    return true;
}

bool tr_started_add(tr_trace *trace, tr_node *node) {
    if (!make_room(trace)) {
        return false;
    }
    trace->started_nodes[trace->started_count++] = node->node_id;
    node->is_started = true;
    return true;
}

bool tr_started_copy(tr_trace *trace, const tr_trace *from) {
    for (uint32_t i = tr_trace_next_started(from, 0); i != TR_NONE; i = tr_trace_next_started(from, i + 1)) {
        if (!tr_started_add(trace, tr_trace_node(trace, from->started_nodes[i]))) {
            return false;
        }
    }
    return true;
}

void tr_started_free(tr_trace *trace) {
    free_index(trace);
    tr_pool_free(&tr_own(trace)->home->pool, trace->started_nodes,
                 tr_own(trace)->started_capacity * sizeof *trace->started_nodes);
    trace->started_nodes = NULL;
    trace->started_count = tr_own(trace)->started_capacity = 0;
}
