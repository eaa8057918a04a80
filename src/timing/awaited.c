#include "timing/awaited.h"

#include <stdint.h>
#include <stdlib.h>

#include "trace/imported.h"

/* Up to this many spans, a walk over all of them is as fast as anything else. */
enum { SHORT_COUNT = 64 };

/* ---- short traces ---- */

static bool comes_after(const tr_flow_node *node, uint32_t node_id) {
    for (uint32_t i = 0; i < node->after_count; i++) {
        if (node->after[i] == node_id) {
            return true;
        }
    }
    return false;
}

/* The instance of a node that an instance of another one waits for; NULL: all of them. */
static const tr_node *same_instance(const tr_trace *trace, uint32_t node_id, const tr_span *span) {
    tr_text instance = tr_trace_instance(trace, &trace->nodes[span->node_index]);
    return instance.length_bytes == 0 ? NULL : tr_trace_find_instance(trace, node_id, instance);
}

static bool waits_for(const tr_trace *trace, const tr_flow_node *node, const tr_span *span, const tr_span *before) {
    const tr_node *entry = &trace->nodes[before->node_index];
    if (!comes_after(node, entry->node_id)) {
        return false;
    }
    const tr_node *same = same_instance(trace, entry->node_id, span);
    return same == NULL || same == entry;
}

static size_t last_by_walk(const tr_spans *spans, const tr_trace *trace, const tr_flow_node *node, size_t self,
                           size_t bound, bool must_be_done) {
    for (size_t at = bound; at-- > 0;) {
        const tr_span *span = &spans->items[at];
        bool is_own = span->node_index == spans->items[self].node_index && at < self;
        bool is_over = at != self && (!must_be_done || span->outcome == TR_OUTCOME_DONE);
        if (is_own || (is_over && waits_for(trace, node, &spans->items[self], span))) {
            return at;
        }
    }
    return TR_NO_SPAN;
}

/* ---- long traces ---- */

static int compare_keys(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* A number (of a node, or of an entry) and an index among the spans, in this order. */
static uint64_t key_of(uint32_t number, size_t index) {
    return (uint64_t)number << 32 | (uint32_t)index;
}

bool tr_awaited_prepare(tr_spans *spans, const tr_trace *trace) {
    if (spans->count <= SHORT_COUNT) {
        return true;
    }
    if (spans->count > spans->key_capacity) {
        uint64_t *keys = realloc(spans->keys, spans->count * 4 * sizeof *keys);
        if (keys == NULL) {
            return false;
        }
        spans->keys = keys;
        spans->key_capacity = spans->count * 2;
    }
    uint64_t *by_node = spans->keys, *by_entry = spans->keys + spans->count;
    for (size_t i = 0; i < spans->count; i++) {
        by_node[i] = key_of(trace->nodes[spans->items[i].node_index].node_id, i);
        by_entry[i] = key_of(spans->items[i].node_index, i);
    }
    qsort(by_node, spans->count, sizeof *by_node, compare_keys);
    qsort(by_entry, spans->count, sizeof *by_entry, compare_keys);
    return true;
}

/* The last of the first `bound` spans with that number, without `self`. */
static size_t last_with(const tr_spans *spans, const uint64_t *keys, uint32_t number, size_t self, size_t bound,
                        bool must_be_done) {
    size_t low = 0, high = spans->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (keys[middle] < key_of(number, bound)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low > 0 && keys[low - 1] >> 32 == number; low--) {
        size_t at = (uint32_t)keys[low - 1];
        if (at != self && (!must_be_done || spans->items[at].outcome == TR_OUTCOME_DONE)) {
            return at;
        }
    }
    return TR_NO_SPAN;
}

static size_t later_of(size_t a, size_t b) {
    return a == TR_NO_SPAN || (b != TR_NO_SPAN && b > a) ? b : a;
}

static size_t last_by_keys(const tr_spans *spans, const tr_trace *trace, const tr_flow_node *node, size_t self,
                           size_t bound, bool must_be_done) {
    const uint64_t *by_node = spans->keys, *by_entry = spans->keys + spans->count;
    const tr_span *span = &spans->items[self];
    size_t found = last_with(spans, by_entry, span->node_index, self, bound < self ? bound : self, false);
    for (uint32_t i = 0; i < node->after_count; i++) {
        const tr_node *same = same_instance(trace, node->after[i], span);
        size_t last = same != NULL
                          ? last_with(spans, by_entry, (uint32_t)(same - trace->nodes), self, bound, must_be_done)
                          : last_with(spans, by_node, node->after[i], self, bound, must_be_done);
        found = later_of(found, last);
    }
    return found;
}

size_t tr_awaited_last(const tr_spans *spans, const tr_trace *trace, const tr_flow_node *node, size_t self,
                       size_t bound, bool must_be_done) {
    return spans->count <= SHORT_COUNT ? last_by_walk(spans, trace, node, self, bound, must_be_done)
                                       : last_by_keys(spans, trace, node, self, bound, must_be_done);
}
