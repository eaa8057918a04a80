#include "trace/waiting.h"

#include "record/record_view.h"
#include "trace/trace_store.h"

void tr_wait_note_resume(tr_trace *trace) {
    const tr_node *node = trace->is_suspended ? tr_trace_node(trace, trace->suspended_at) : NULL;
    trace->is_just_resumed = node != NULL && node->status == TR_NODE_SUSPENDED;
}

/* The attempt that waited. Where only a snapshot tells that the node waited, it has none yet, and since when is not
 * known. */
static tr_attempt *attempt_that_waited(tr_trace *trace, tr_node *node, uint64_t resumed_ns) {
    tr_attempt *attempt = tr_trace_attempt_of(trace, node);
    if (attempt != NULL && attempt->outcome == TR_OUTCOME_OPEN) {
        return attempt;
    }
    attempt = tr_trace_add_attempt(trace, node, resumed_ns, true);
    if (attempt != NULL) {
        attempt->cut = true;
        node->from_snapshot = false;
    }
    return attempt;
}

static bool is_end_of(const tr_record *record, uint32_t node_id) {
    unsigned type = tr_view_type(record);
    return (type == TR_TYPE_NODE_DONE || type == TR_TYPE_NODE_ERROR) && tr_view_node_id(record) == node_id;
}

bool tr_wait_end(tr_trace *trace, const tr_record *record) {
    trace->is_just_resumed = false;
    tr_node *node = tr_trace_node(trace, trace->suspended_at);
    if (node == NULL || is_end_of(record, node->node_id)) {
        return true;
    }
    uint64_t resumed_ns = trace->ready_ns; /* nothing has come since */
    tr_attempt *attempt = attempt_that_waited(trace, node, resumed_ns);
    if (attempt == NULL) {
        return false;
    }
    node->status = TR_NODE_DONE;
    attempt->end_ns = resumed_ns;
    attempt->outcome = TR_OUTCOME_DONE;
    attempt->by_resume = true;
    return true;
}

void tr_wait_take_back_end(tr_trace *trace, tr_node *node) {
    tr_attempt *attempt = tr_trace_attempt_of(trace, node);
    if (attempt == NULL || !attempt->by_resume) {
        return;
    }
    attempt->by_resume = false;
    attempt->outcome = TR_OUTCOME_OPEN;
    attempt->end_ns = 0;
    if (node->status == TR_NODE_DONE) {
        node->status = TR_NODE_RUNNING;
    }
}

bool tr_wait_has_running_nodes(tr_trace *trace) {
    for (uint32_t i = tr_trace_next_started(trace, 0); i != TR_NONE; i = tr_trace_next_started(trace, i + 1)) {
        const tr_node *node = tr_trace_node(trace, trace->started_nodes[i]);
        const tr_attempt *last = node == NULL ? NULL : tr_trace_attempt_of(trace, node);
        if (last == NULL || !last->by_resume) {
            return true;
        }
    }
    return false;
}
