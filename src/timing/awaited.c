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

/* Keys in their order and, for each, the place + 1 of the latest one up to it that has its number and a span that is
 * done; 0: there is none. */
typedef struct key_list {
    uint64_t *keys;
    uint32_t *done;
} key_list;

static key_list by_node(const tr_spans *spans) {
    return (key_list){spans->keys, (uint32_t *)(spans->keys + 2 * spans->count)};
}

static key_list by_entry(const tr_spans *spans) {
    return (key_list){spans->keys + spans->count, (uint32_t *)(spans->keys + 2 * spans->count) + spans->count};
}

static void sort_keys(const tr_spans *spans, key_list list) {
    qsort(list.keys, spans->count, sizeof *list.keys, compare_keys);
    for (size_t i = 0; i < spans->count; i++) {
        bool has_before = i > 0 && list.keys[i - 1] >> 32 == list.keys[i] >> 32;
        bool is_done = spans->items[(uint32_t)list.keys[i]].outcome == TR_OUTCOME_DONE;
        list.done[i] = is_done ? (uint32_t)i + 1 : has_before ? list.done[i - 1] : 0;
    }
}

bool tr_awaited_prepare(tr_spans *spans, const tr_trace *trace) {
    if (spans->count <= SHORT_COUNT) {
        return true;
    }
    if (spans->count > spans->key_capacity) {
        uint64_t *keys = realloc(spans->keys, spans->count * 6 * sizeof *keys);
        if (keys == NULL) {
            return false;
        }
        spans->keys = keys;
        spans->key_capacity = spans->count * 2;
    }
    key_list nodes = by_node(spans), entries = by_entry(spans);
    for (size_t i = 0; i < spans->count; i++) {
        nodes.keys[i] = key_of(trace->nodes[spans->items[i].node_index].node_id, i);
        entries.keys[i] = key_of(spans->items[i].node_index, i);
    }
    sort_keys(spans, nodes);
    sort_keys(spans, entries);
    return true;
}

/* The last of the first `bound` spans with that number, without `self`. */
static size_t last_with(const tr_spans *spans, key_list list, uint32_t number, size_t self, size_t bound,
                        bool must_be_done) {
    size_t low = 0, high = spans->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list.keys[middle] < key_of(number, bound)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low > 0 && list.keys[low - 1] >> 32 == number) {
        low = must_be_done ? list.done[low - 1] : low;
        size_t at = low == 0 ? TR_NO_SPAN : (uint32_t)list.keys[low - 1];
        if (at != self) {
            return at;
        }
        low--;
    }
    return TR_NO_SPAN;
}

static size_t later_of(size_t a, size_t b) {
    return a == TR_NO_SPAN || (b != TR_NO_SPAN && b > a) ? b : a;
}

static size_t last_by_keys(const tr_spans *spans, const tr_trace *trace, const tr_flow_node *node, size_t self,
                           size_t bound, bool must_be_done) {
    key_list nodes = by_node(spans), entries = by_entry(spans);
    const tr_span *span = &spans->items[self];
    size_t found = last_with(spans, entries, span->node_index, self, bound < self ? bound : self, false);
    for (uint32_t i = 0; i < node->after_count; i++) {
        const tr_node *same = same_instance(trace, node->after[i], span);
        size_t last = same != NULL
                          ? last_with(spans, entries, (uint32_t)(same - trace->nodes), self, bound, must_be_done)
                          : last_with(spans, nodes, node->after[i], self, bound, must_be_done);
        found = later_of(found, last);
    }
    return found;
}

size_t tr_awaited_last(const tr_spans *spans, const tr_trace *trace, const tr_flow_node *node, size_t self,
                       size_t bound, bool must_be_done) {
    return spans->count <= SHORT_COUNT ? last_by_walk(spans, trace, node, self, bound, must_be_done)
                                       : last_by_keys(spans, trace, node, self, bound, must_be_done);
}
