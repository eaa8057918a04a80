#include "trace/shape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "bytes/hash.h"

enum {
    MAX_ORDERED = 64,
    MAX_ATTEMPTS_BACK = 64,
    MAX_ORDERED_NODES = 1024,
    MAX_ORDERED_STARTED = 256,
    MAX_STARTS = 1024
};
/* A trace with fewer nodes is looked at whole. */
enum { MIN_FOLLOWED_NODES = 65 };

typedef struct completion {
    uint64_t end_ns;
    uint32_t node_id;
} completion;

static uint64_t add(uint64_t hash, uint64_t value) {
    return tr_hash_mix(hash * 31 + value + 1);
}

static bool is_word_byte(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte == '-' || byte == '_';
}

/* Every word of the text that has a digit counts as "0": numbers and ids differ from trace to trace. */
static uint64_t add_text(uint64_t hash, const char *text, uint32_t length) {
    for (uint32_t at = 0; at < length;) {
        uint64_t word = 0;
        bool has_digit = false;
        uint32_t from = at;
        while (at < length && is_word_byte(text[at])) {
            has_digit |= text[at] >= '0' && text[at] <= '9';
            word = word * 131 + (unsigned char)text[at++];
        }
        if (at == from) {
            word = (unsigned char)text[at++];
        }
        hash = add(hash, has_digit ? 0 : word);
    }
    return hash;
}

/* When the node was last done; 0 if that was before a snapshot, or many attempts ago. */
static uint64_t done_ns(const tr_trace *trace, const tr_node *node) {
    if (node->last_attempt == TR_NODE_NONE) {
        return 0;
    }
    uint32_t index = trace->attempts[node->last_attempt].node_index, at = node->last_attempt;
    for (unsigned looked_at = 0; looked_at < MAX_ATTEMPTS_BACK; looked_at++, at--) {
        const tr_attempt *attempt = &trace->attempts[at];
        if (attempt->node_index == index && attempt->outcome == TR_OUTCOME_DONE) {
            return attempt->end_ns;
        }
        if (at == 0) {
            break;
        }
    }
    return 0;
}

/* Insertion sort: the items are few, and mostly in order already. */
static void insert(completion *order, size_t count, completion added) {
    size_t at = count;
    while (at > 0 && (order[at - 1].end_ns > added.end_ns ||
                      (order[at - 1].end_ns == added.end_ns && order[at - 1].node_id > added.node_id))) {
        order[at] = order[at - 1];
        at--;
    }
    order[at] = added;
}

/* What counts of a node, as bits. */
enum { HAS_RUN = 1, COMPLETED = 2, STARTED = 4, NODE_BITS = 3 };

static uint8_t bits_of(const tr_node *node) {
    return (uint8_t)((node->last_attempt != TR_NODE_NONE ? HAS_RUN : 0) | (node->is_completed ? COMPLETED : 0) |
                     (node->is_started ? STARTED : 0));
}

/* All nodes in numbers that a change of one of them changes by what it counted and counts. */
typedef struct node_sums {
    uint64_t all; /* a sum, because the order in which nodes were first seen does not count */
    uint32_t completed_count;
    uint32_t started_count;
} node_sums;

static uint64_t part_of(uint32_t node_id, uint8_t bits) {
    return tr_hash_mix(((uint64_t)node_id << NODE_BITS | bits) + 1);
}

static void add_part(node_sums *sums, uint32_t node_id, uint8_t bits) {
    sums->all += part_of(node_id, bits);
    sums->completed_count += (bits & COMPLETED) != 0;
    sums->started_count += (bits & STARTED) != 0;
}

static void take_part(node_sums *sums, uint32_t node_id, uint8_t bits) {
    sums->all -= part_of(node_id, bits);
    sums->completed_count -= (bits & COMPLETED) != 0;
    sums->started_count -= (bits & STARTED) != 0;
}

static uint64_t add_completion_order(uint64_t hash, const tr_trace *trace) {
    completion order[MAX_ORDERED];
    size_t count = 0;
    for (uint32_t i = 0; i < trace->node_count; i++) {
        const tr_node *node = &trace->nodes[i];
        if (node->is_completed) {
            insert(order, count++, (completion){done_ns(trace, node), node->node_id});
        }
    }
    for (size_t i = 0; i < count; i++) {
        hash = add(hash, order[i].node_id);
    }
    return hash;
}

static uint64_t add_starts(uint64_t hash, const tr_trace *trace, uint32_t started_count) {
    if (started_count > MAX_ORDERED_STARTED) {
        return add(hash, started_count);
    } else if (trace->started_count > MAX_STARTS) {
        return add(hash, trace->started_count);
    }
    uint32_t count = 0;
    for (uint32_t i = tr_trace_next_started(trace, 0); i != TR_NONE; i = tr_trace_next_started(trace, i + 1)) {
        hash = add(hash, trace->started_nodes[i]);
        count++;
    }
    return add(hash, count);
}

static uint64_t shape_of(const tr_trace *trace, const node_sums *sums) {
    uint64_t hash = (uint64_t)trace->status << 4 | (uint64_t)tr_trace_is_tainted(trace) << 3 |
                    (uint64_t)trace->from_snapshot << 2 | (uint64_t)trace->has_last_completed_node << 1 |
                    (uint64_t)trace->is_suspended;
    hash = add(hash, trace->has_last_completed_node ? trace->last_completed_node : 0);
    hash = add(hash, trace->metadata_bytes == 0 ? 0 : (unsigned char)trace->metadata[0]);
    if (trace->is_suspended) {
        hash = add(hash, trace->suspended_at);
        hash = add_text(hash, trace->suspension_metadata, trace->suspension_metadata_bytes);
    }
    hash = add(add_starts(hash, trace, sums->started_count), sums->all);
    bool is_ordered = sums->completed_count <= MAX_ORDERED && trace->node_count <= MAX_ORDERED_NODES;
    return is_ordered ? add_completion_order(hash, trace) : hash;
}

uint64_t tr_trace_shape(const tr_trace *trace) {
    node_sums sums = {0};
    for (uint32_t i = 0; i < trace->node_count; i++) {
        add_part(&sums, trace->nodes[i].node_id, bits_of(&trace->nodes[i]));
    }
    return shape_of(trace, &sums);
}

/* ---- record by record ---- */

/* What is known of a trace from its record before. */
typedef struct followed {
    node_sums sums;
    uint32_t first; /* as in tr_shape_step */
    uint32_t next;
    uint32_t restart_count;
    uint32_t attempt_count;
    uint32_t node_count; /* of `bits` that are known */
    uint32_t node_capacity;
    uint8_t *bits; /* by the node's place in the trace; NULL: nothing is known */
} followed;

struct tr_shapes {
    uint32_t slot_count;
    followed *slots; /* by log_slot */
};

tr_shapes *tr_shapes_new(void) {
    return calloc(1, sizeof(tr_shapes));
}

void tr_shapes_free(tr_shapes *shapes) {
    if (shapes != NULL) {
        for (uint32_t i = 0; i < shapes->slot_count; i++) {
            free(shapes->slots[i].bits);
        }
        free(shapes->slots);
        free(shapes);
    }
}

static followed *need_slot(tr_shapes *shapes, uint32_t slot) {
    if (slot >= shapes->slot_count) {
        uint32_t count = shapes->slot_count == 0 ? 64 : shapes->slot_count;
        while (count <= slot) {
            count *= 2;
        }
        followed *slots = realloc(shapes->slots, count * sizeof *slots);
        if (slots == NULL) {
            return NULL;
        }
        for (uint32_t i = shapes->slot_count; i < count; i++) {
            slots[i] = (followed){0};
        }
        shapes->slots = slots;
        shapes->slot_count = count;
    }
    return &shapes->slots[slot];
}

static bool reserve_bits(followed *known, uint32_t node_count) {
    if (node_count <= known->node_capacity) {
        return true;
    }
    uint32_t capacity = node_count < UINT32_MAX / 2 ? node_count * 2 : node_count;
    uint8_t *bits = realloc(known->bits, capacity);
    if (bits == NULL) {
        return false;
    }
    known->bits = bits;
    known->node_capacity = capacity;
    return true;
}

static void look_again(followed *known, const tr_trace *trace, const tr_node *node) {
    uint8_t *bits = &known->bits[node - trace->nodes];
    take_part(&known->sums, node->node_id, *bits);
    *bits = bits_of(node);
    add_part(&known->sums, node->node_id, *bits);
}

/* A record changes what counts of its node, and of the nodes whose attempts it adds. */
static void look_at_changed(followed *known, const tr_trace *trace, uint32_t node_id) {
    const tr_node *node = tr_trace_find_node(trace, node_id);
    if (node != NULL) {
        look_again(known, trace, node);
    }
    for (uint32_t i = known->attempt_count; i < trace->attempt_count; i++) {
        look_again(known, trace, &trace->nodes[trace->attempts[i].node_index]);
    }
}

static bool follows(const followed *known, const tr_trace *trace, tr_shape_step step) {
    return known->bits != NULL && known->first == step.first && known->next == step.number &&
           known->restart_count == trace->restart_count && known->node_count <= trace->node_count;
}

tr_status tr_shapes_of(tr_shapes *shapes, const tr_trace *trace, tr_shape_step step, uint64_t *shape) {
    if (trace->node_count < MIN_FOLLOWED_NODES) {
        *shape = tr_trace_shape(trace);
        return TR_OK;
    }
    followed *known = need_slot(shapes, trace->log_slot);
    if (known == NULL || !reserve_bits(known, trace->node_count)) {
        return TR_ERROR_MEMORY;
    }
    if (!follows(known, trace, step)) {
        known->sums = (node_sums){0};
        known->node_count = 0;
    }
    bool is_new = known->node_count == 0;
    for (; known->node_count < trace->node_count; known->node_count++) {
        const tr_node *node = &trace->nodes[known->node_count];
        known->bits[known->node_count] = bits_of(node);
        add_part(&known->sums, node->node_id, bits_of(node));
    }
    if (!is_new) {
        look_at_changed(known, trace, step.node_id);
    }
    known->first = step.first;
    known->next = step.next;
    known->restart_count = trace->restart_count;
    known->attempt_count = trace->attempt_count;
    *shape = shape_of(trace, &known->sums);
    return TR_OK;
}
