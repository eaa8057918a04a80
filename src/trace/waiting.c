#include "trace/waiting.h"

#include "record/record_view.h"
#include "trace/attempts.h"
#include "trace/internal.h"
#include "trace/own_waits.h"
#include "trace/trace_store.h"

/* The measured suspension; NULL if known only from a snapshot. What a plan wrote meanwhile, to hold or to release the
 * trace, is only in the engine's view. */
static const tr_suspension *last_suspension(const tr_trace *trace) {
    return tr_own_waits_plain(trace);
}

static uint32_t node_that_waited(const tr_trace *trace) {
    const tr_suspension *last = last_suspension(trace);
    return last != NULL ? last->node_id : trace->suspended_at;
}

/* Whether nothing has happened at the node since it began to wait. */
static bool still_waits(tr_trace *trace, const tr_suspension *suspension, const tr_node *node) {
    const tr_attempt *attempt = tr_trace_attempt_of(trace, node);
    return node->status == TR_NODE_SUSPENDED ||
           (attempt != NULL && attempt->outcome == TR_OUTCOME_OPEN && attempt->start_ns <= suspension->start_ns);
}

void tr_wait_note_resume(tr_trace *trace) {
    const tr_suspension *last = last_suspension(trace);
    const tr_node *node = tr_trace_node(trace, node_that_waited(trace));
    if (last == NULL && tr_own_waits_any(trace)) {
        tr_own(trace)->is_just_resumed = false;
    } else if (last == NULL) {
        tr_own(trace)->is_just_resumed = trace->is_suspended && node != NULL && node->status == TR_NODE_SUSPENDED;
    } else {
        tr_own(trace)->is_just_resumed =
            last->outcome == TR_OUTCOME_OPEN && node != NULL && still_waits(trace, last, node);
    }
}

/* The attempt that waited. If only a snapshot says that the node waited it has none yet, and its start is unknown. */
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

static bool is_end_of(const tr_record *record, bool is_of_instance, uint32_t node_id) {
    unsigned type = tr_view_type(record);
    return !is_of_instance && (type == TR_TYPE_NODE_DONE || type == TR_TYPE_NODE_ERROR) &&
           tr_view_node_id(record) == node_id;
}

bool tr_wait_end(tr_trace *trace, const tr_record *record, bool is_of_instance) {
    tr_own(trace)->is_just_resumed = false;
    tr_node *node = tr_trace_node(trace, node_that_waited(trace));
    if (node == NULL || is_end_of(record, is_of_instance, node->node_id)) {
        return true;
    }
    uint64_t resumed_ns = tr_own(trace)->ready_ns; /* no event has come since */
    tr_attempt *attempt = attempt_that_waited(trace, node, resumed_ns);
    if (attempt == NULL) {
        return false;
    }
    node->status = TR_NODE_DONE;
    tr_attempts_end(trace, attempt, TR_OUTCOME_DONE, resumed_ns);
    attempt->by_resume = true;
    return true;
}

void tr_wait_reopen(tr_trace *trace, tr_node *node, tr_attempt *attempt) {
    attempt->by_resume = false;
    attempt->outcome = TR_OUTCOME_OPEN;
    attempt->end_ns = 0;
    if (tr_own(trace)->imported != NULL) {
        tr_own(trace)->imported->open_attempt_count++;
    }
    if (node->status == TR_NODE_DONE) {
        node->status = TR_NODE_RUNNING;
    }
}

static bool has_running_instances(const tr_trace *trace) {
    const tr_imported *imported = tr_own(trace)->imported;
    for (uint32_t i = 0; imported != NULL && imported->instance_count > 0 && i < trace->node_count; i++) {
        const tr_attempt *last = tr_trace_last_attempt(trace, &trace->nodes[i]);
        if (last != NULL && last->outcome == TR_OUTCOME_OPEN &&
            tr_trace_instance(trace, &trace->nodes[i]).length_bytes > 0) {
            return true;
        }
    }
    return false;
}

bool tr_wait_has_running_nodes(tr_trace *trace) {
    for (uint32_t i = tr_trace_next_started(trace, 0); i != TR_NONE; i = tr_trace_next_started(trace, i + 1)) {
        const tr_node *node = tr_trace_node(trace, trace->started_nodes[i]);
        const tr_attempt *last = node == NULL ? NULL : tr_trace_attempt_of(trace, node);
        bool is_known_by_instances = node != NULL && last == NULL && tr_trace_instance_count(trace, node) > 0;
        if (!is_known_by_instances && (last == NULL || !last->by_resume)) {
            return true;
        }
    }
    return has_running_instances(trace);
}
