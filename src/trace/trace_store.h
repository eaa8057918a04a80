/* The memory of one trace: its lists and texts. Only this module changes the counts and pointers of tr_trace_state. */
#ifndef TRACEREEL_TRACE_STORE_H
#define TRACEREEL_TRACE_STORE_H

#include <stdbool.h>

#include "trace/internal.h"
#include "tracereel/trace.h"

/* The capacity of a list with `count` items. It is not stored anywhere: a million traces may be open, and each has five
 * lists. Small lists grow by two, larger ones by a quarter of a power of two; nodes and attempts begin at what is
 * usual.
 */
static inline size_t tr_capacity_for(size_t count) {
    if (count <= 16) {
        return (count + 1) & ~(size_t)1;
    }
    size_t step = 4;
    while (step * 8 < count) {
        step *= 2;
    }
    return (count + step - 1) / step * step;
}

/* Creates an empty trace. Returns NULL on allocation failure. */
tr_trace *tr_trace_new(struct tr_trace_home *home);
/* Notes how long the lists of a trace that has closed became, for those that are opened from now on. */
void tr_trace_note_usual(const tr_trace *trace);
/* NULL is allowed. */
void tr_trace_free(tr_trace *trace);
/* Empties the trace for reuse: its id, slot and home stay. */
void tr_trace_reset(tr_trace *trace);
/* Makes the trace a copy of another one with the same id, of this table or another; slot and home stay. Returns false
 * on allocation failure; the trace is then empty. */
bool tr_trace_assign(tr_trace *trace, const tr_trace *from);

/* Each returns the new item, or NULL on allocation failure: nothing changed then. Earlier items of the same list may
 * have moved. */
tr_node *tr_trace_add_node(tr_trace *trace, uint32_t node_id);
/* The same for the entry of an instance of a node, which is not found by its node_id. */
tr_node *tr_trace_add_instance_node(tr_trace *trace, uint32_t node_id);
tr_attempt *tr_trace_add_attempt(tr_trace *trace, tr_node *node, uint64_t start_ns, bool estimated);
tr_suspension *tr_trace_add_suspension(tr_trace *trace, uint32_t node_id, uint64_t start_ns);
tr_loop_event *tr_trace_add_loop_event(tr_trace *trace, tr_node *node, uint64_t timestamp_ns, uint32_t iteration,
                                       bool is_exit);
tr_trace_error *tr_trace_add_error(tr_trace *trace, tr_text message);

/* Return false on allocation failure; nothing is changed then. */
bool tr_trace_set_metadata(tr_trace *trace, tr_text metadata);
bool tr_trace_set_suspension_metadata(tr_trace *trace, tr_text metadata);
void tr_trace_forget_suspension_metadata(tr_trace *trace);
bool tr_trace_add_plan(tr_trace *trace, tr_text value);

/* The lookup for traces with many nodes; call tr_trace_node instead. */
tr_node *tr_trace_node_by_index(tr_trace *trace, uint32_t node_id);

/* The lookup for traces with few nodes, of which those of imported logs can have entries of instances: the node's own
 * entry is the first one with its id. Starts at the latest, which most records are of. */
static inline tr_node *tr_trace_node_by_walk(tr_trace *trace, uint32_t node_id) {
    tr_node *found = NULL;
    for (uint32_t i = trace->node_count; i > 0; i--) { /* by number: of no nodes there is no pointer to add to */
        tr_node *node = &trace->nodes[i - 1];
        if (node->node_id == node_id) {
            found = node;
            if (tr_own(trace)->imported == NULL) {
                break;
            }
        }
    }
    return found;
}

/* The node with that id, or NULL. */
static inline tr_node *tr_trace_node(tr_trace *trace, uint32_t node_id) {
    return tr_own(trace)->node_index != NULL ? tr_trace_node_by_index(trace, node_id)
                                             : tr_trace_node_by_walk(trace, node_id);
}

static inline tr_attempt *tr_trace_attempt_of(tr_trace *trace, const tr_node *node) {
    return node->last_attempt == TR_NODE_NONE ? NULL : &trace->attempts[node->last_attempt];
}

#endif
