#include "trace/seed.h"

#include "trace/started_nodes.h"
#include "trace/trace_store.h"

static bool seed_node(tr_trace *trace, uint32_t node_id, tr_node_status status, tr_node **node) {
    *node = tr_trace_node(trace, node_id);
    if (*node == NULL) {
        *node = tr_trace_add_node(trace, node_id);
    }
    if (*node == NULL) {
        return false;
    }
    (*node)->status = (unsigned)status & 7u;
    (*node)->from_snapshot = status != TR_NODE_DONE;
    return true;
}

bool tr_trace_seed(tr_trace *trace, const tr_snapshot_trace *from) {
    tr_node *node;
    trace->from_snapshot = true;
    for (uint32_t i = 0; i < from->completed_count; i++) {
        const tr_snapshot_node *completed = &from->completed_nodes[i];
        if (!seed_node(trace, completed->node_id, TR_NODE_DONE, &node)) {
            return false;
        }
        node->output_offset = completed->output_offset;
        node->output_size = completed->output_size;
        node->schema_hash = completed->schema_hash;
        node->is_completed = true;
    }
    for (uint32_t i = 0; i < from->started_count; i++) {
        if (!seed_node(trace, from->started_nodes[i], TR_NODE_RUNNING, &node) || !tr_started_add(trace, node)) {
            return false;
        }
    }
    if (from->is_suspended) {
        if (!seed_node(trace, from->suspended_at, TR_NODE_SUSPENDED, &node)) {
            return false;
        }
        trace->status = TR_TRACE_SUSPENDED;
    }
    trace->is_suspended = from->is_suspended;
    trace->suspended_at = from->suspended_at;
    trace->has_last_completed_node = from->has_last_completed_node;
    trace->last_completed_node = from->last_completed_node;
    return tr_trace_set_suspension_metadata(trace, from->suspension_metadata);
}
