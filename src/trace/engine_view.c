#include "trace/engine_view.h"

#include "record/record_view.h"
#include "trace/started_nodes.h"
#include "trace/trace_store.h"

void tr_engine_view_reset(tr_trace *trace) {
    for (uint32_t i = 0; i < trace->node_count; i++) {
        tr_node *node = &trace->nodes[i];
        node->output_offset = 0;
        node->output_size = 0;
        node->schema_hash = 0;
        node->status = TR_NODE_IDLE;
        node->is_completed = false;
        node->is_started = false;
        node->from_snapshot = false;
    }
    tr_started_free(trace);
    tr_trace_forget_suspension_metadata(trace);
    trace->status = TR_TRACE_RUNNING;
    trace->outcome = TR_TRACE_OUTCOME_OPEN;
    trace->has_last_completed_node = false;
    trace->last_completed_node = 0;
    trace->is_suspended = false;
    trace->suspended_at = 0;
    trace->suspended_since_ns = 0;
}

void tr_engine_view_finish(tr_trace *trace, tr_node *node, const tr_record *record) {
    node->output_offset = tr_view_output_offset(record);
    node->output_size = tr_view_output_size(record);
    node->schema_hash = tr_view_schema_hash(record);
    node->is_completed = true;
    trace->has_last_completed_node = true;
    trace->last_completed_node = node->node_id;
    tr_started_remove(trace, node);
}

bool tr_engine_view_suspend(tr_trace *trace, const tr_record *record) {
    trace->is_suspended = true;
    trace->suspended_at = tr_view_node_id(record);
    trace->suspended_since_ns = tr_view_timestamp_ns(record);
    return tr_trace_set_suspension_metadata(trace, tr_view_metadata(record));
}
