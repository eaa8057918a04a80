#include <stdlib.h>
#include <string.h>

#include "tracereel/json.h"
#include "tracereel/trace.h"

static void put_text_or_null(tr_json *json, const char *bytes, uint32_t length) {
    if (length == 0) {
        tr_json_null(json);
    } else {
        tr_json_text(json, bytes, length);
    }
}

static void put_node_or_null(tr_json *json, bool present, uint32_t node_id) {
    if (present) {
        tr_json_unsigned(json, node_id);
    } else {
        tr_json_null(json);
    }
}

static void put_name(tr_json *json, const char *name) {
    tr_json_text(json, name, strlen(name));
}

static void put_completed_nodes(tr_json *json, const tr_trace *trace) {
    tr_json_begin_object(json);
    for (uint32_t i = 0; i < trace->node_count; i++) {
        const tr_node *node = &trace->nodes[i];
        if (!node->is_completed) {
            continue;
        }
        char key[11];
        size_t length = sizeof key;
        uint32_t rest = node->node_id;
        do {
            key[--length] = (char)('0' + rest % 10);
            rest /= 10;
        } while (rest > 0);
        tr_json_key_text(json, key + length, sizeof key - length);
        tr_json_begin_object(json);
        tr_json_key(json, "offset");
        tr_json_unsigned(json, node->output_offset);
        tr_json_key(json, "schema_hash");
        tr_json_unsigned(json, node->schema_hash);
        tr_json_key(json, "size");
        tr_json_unsigned(json, node->output_size);
        tr_json_end_object(json);
    }
    tr_json_end_object(json);
}

static void put_started_nodes(tr_json *json, const tr_trace *trace) {
    tr_json_begin_array(json);
    for (uint32_t i = tr_trace_next_started(trace, 0); i != TR_NONE; i = tr_trace_next_started(trace, i + 1)) {
        tr_json_unsigned(json, trace->started_nodes[i]);
    }
    tr_json_end_array(json);
}

static void put_recovery(tr_json *json, const tr_trace *trace) {
    tr_recovery recovery = tr_trace_recovery(trace);
    tr_json_begin_object(json);
    tr_json_key(json, "action");
    put_name(json, tr_recovery_action_name(recovery.action));
    if (recovery.action == TR_RECOVERY_RETRY_NODES) {
        tr_json_key(json, "nodes");
        put_started_nodes(json, trace);
    } else {
        tr_json_key(json, "node");
        tr_json_unsigned(json, recovery.node);
    }
    tr_json_end_object(json);
}

static void put_held(tr_json *json, const tr_trace *trace) {
    char *reason = malloc((size_t)trace->suspension_metadata_bytes + 1);
    uint32_t length = 0;
    if (reason == NULL) {
        json->out_of_memory = true;
    } else if (tr_trace_held(trace, reason, &length)) {
        tr_json_text(json, reason, length);
    } else {
        tr_json_null(json);
    }
    free(reason);
}

static void put_duration_or_null(tr_json *json, const tr_trace *trace) {
    bool is_start_known = !trace->from_snapshot || trace->start_ns != 0;
    if (!is_start_known) {
        tr_json_null(json);
    } else {
        tr_json_unsigned(json, trace->last_ns < trace->start_ns ? 0 : trace->last_ns - trace->start_ns);
    }
}

/* Of its present life. An error without a message has an empty one. */
static void put_last_error_or_null(tr_json *json, const tr_trace *trace) {
    if (trace->error_list_count == trace->first_error) {
        tr_json_null(json);
        return;
    }
    const tr_trace_error *last = &trace->errors[trace->error_list_count - 1];
    tr_json_text(json, last->message_bytes == 0 ? "" : last->message, last->message_bytes);
}

static void put_violations(tr_json *json, const tr_trace *trace) {
    tr_json_begin_array(json);
    for (unsigned bit = 0; bit < TR_VIOLATION_COUNT; bit++) {
        if ((trace->violations_seen >> bit & 1) != 0) {
            put_name(json, tr_violation_name(bit));
        }
    }
    tr_json_end_array(json);
}

void tr_json_trace(tr_json *json, const tr_trace *trace) {
    tr_json_begin_object(json);
    tr_json_key(json, "completed_nodes");
    put_completed_nodes(json, trace);
    tr_json_key(json, "duration_ns");
    put_duration_or_null(json, trace);
    tr_json_key(json, "error_count");
    tr_json_unsigned(json, trace->error_count);
    tr_json_key(json, "held");
    put_held(json, trace);
    tr_json_key(json, "last_completed_node");
    put_node_or_null(json, trace->has_last_completed_node, trace->last_completed_node);
    tr_json_key(json, "last_error");
    put_last_error_or_null(json, trace);
    tr_json_key(json, "last_ns");
    tr_json_unsigned(json, trace->last_ns);
    tr_json_key(json, "metadata");
    put_text_or_null(json, trace->metadata, trace->metadata_bytes);
    tr_json_key(json, "outcome");
    put_name(json, tr_trace_outcome_name(trace->outcome));
    tr_json_key(json, "record_count");
    tr_json_unsigned(json, trace->record_count);
    tr_json_key(json, "recovery");
    put_recovery(json, trace);
    tr_json_key(json, "start_ns");
    tr_json_unsigned(json, trace->start_ns);
    tr_json_key(json, "started_nodes");
    put_started_nodes(json, trace);
    tr_json_key(json, "status");
    put_name(json, tr_trace_status_name(trace->status));
    tr_json_key(json, "suspended_at");
    put_node_or_null(json, trace->is_suspended, trace->suspended_at);
    tr_json_key(json, "suspension_metadata");
    put_text_or_null(json, trace->suspension_metadata, trace->suspension_metadata_bytes);
    tr_json_key(json, "tainted");
    tr_json_bool(json, tr_trace_is_tainted(trace));
    tr_json_key(json, "trace_id");
    tr_json_trace_id(json, trace->id);
    tr_json_key(json, "violations");
    put_violations(json, trace);
    tr_json_end_object(json);
}
