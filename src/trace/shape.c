#include "trace/shape.h"

#include <stdbool.h>
#include <stddef.h>

#include "bytes/hash.h"

enum { MAX_ORDERED = 64, MAX_ATTEMPTS_BACK = 64 };

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

static uint64_t add_nodes(uint64_t hash, const tr_trace *trace) {
    completion order[MAX_ORDERED];
    size_t count = 0;
    uint64_t all = 0; /* a sum, because the order in which nodes were first seen does not count */
    for (uint32_t i = 0; i < trace->node_count; i++) {
        const tr_node *node = &trace->nodes[i];
        bool has_run = node->last_attempt != TR_NODE_NONE;
        all += tr_hash_mix(((uint64_t)node->node_id << 2 | (uint64_t)node->is_completed << 1 | (uint64_t)has_run) + 1);
        if (node->is_completed) {
            if (count < MAX_ORDERED) {
                insert(order, count, (completion){done_ns(trace, node), node->node_id});
            }
            count++;
        }
    }
    hash = add(hash, all);
    for (size_t i = 0; count <= MAX_ORDERED && i < count; i++) {
        hash = add(hash, order[i].node_id);
    }
    return hash;
}

uint64_t tr_trace_shape(const tr_trace *trace) {
    uint64_t hash = (uint64_t)trace->status << 4 | (uint64_t)tr_trace_is_tainted(trace) << 3 |
                    (uint64_t)trace->from_snapshot << 2 | (uint64_t)trace->has_last_completed_node << 1 |
                    (uint64_t)trace->is_suspended;
    hash = add(hash, trace->has_last_completed_node ? trace->last_completed_node : 0);
    hash = add(hash, trace->metadata_bytes == 0 ? 0 : (unsigned char)trace->metadata[0]);
    if (trace->is_suspended) {
        hash = add(hash, trace->suspended_at);
        hash = add_text(hash, trace->suspension_metadata, trace->suspension_metadata_bytes);
    }
    uint32_t started = 0;
    for (uint32_t i = tr_trace_next_started(trace, 0); i != TR_NONE; i = tr_trace_next_started(trace, i + 1)) {
        hash = add(hash, trace->started_nodes[i]);
        started++;
    }
    return add_nodes(add(hash, started), trace);
}
