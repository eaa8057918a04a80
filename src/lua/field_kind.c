#include "lua/field_kind.h"

#include <string.h>

#include "tracereel/record.h"
#include "tracereel/trace.h"

typedef struct named_kind {
    const char *name;
    tr_field_kind kind;
} named_kind;

/* Of a trace that has ended: an open one has none. */
static const char *outcome_name(unsigned number) {
    return tr_trace_outcome_name(number + 1);
}

/* What ends an attempt. */
static const char *end_name(unsigned number) {
    static const tr_record_type ends[] = {TR_TYPE_NODE_DONE, TR_TYPE_NODE_ERROR, TR_TYPE_TRACE_RESUMED};
    return tr_record_type_name(ends[number]);
}
enum { OUTCOME_NAME_COUNT = TR_TRACE_OUTCOME_COUNT - 1, END_NAME_COUNT = 3 };
_Static_assert(TR_TRACE_OUTCOME_OPEN == 0, "the first outcome is that of an open trace");

/* All others are integers. */
static const named_kind kinds[] = {
    {"type", {TR_SCALAR_NAME, tr_record_type_name, TR_RECORD_TYPE_COUNT}},
    {"trace_id", {.kind = TR_SCALAR_ID}},
    {"node_name", {.kind = TR_SCALAR_TEXT}},
    {"error_message", {.kind = TR_SCALAR_TEXT}},
    {"metadata", {.kind = TR_SCALAR_TEXT}},
    {"segment", {.kind = TR_SCALAR_TEXT}},
    {"suspect", {.kind = TR_SCALAR_BOOLEAN}},
    {"by_tracereel", {.kind = TR_SCALAR_BOOLEAN}},
    {"trace.id", {.kind = TR_SCALAR_ID}},
    {"trace.status", {TR_SCALAR_NAME, tr_trace_status_name, TR_TRACE_STATUS_COUNT}},
    {"trace.outcome", {TR_SCALAR_NAME, outcome_name, OUTCOME_NAME_COUNT}},
    {"trace.open", {.kind = TR_SCALAR_BOOLEAN}},
    {"trace.tainted", {.kind = TR_SCALAR_BOOLEAN}},
    {"trace.from_snapshot", {.kind = TR_SCALAR_BOOLEAN}},
    {"trace.closed_by_tracereel", {.kind = TR_SCALAR_BOOLEAN}},
    {"trace.metadata", {.kind = TR_SCALAR_TEXT}},
    {"trace.name", {.kind = TR_SCALAR_TEXT}},
    {"trace.text_id", {.kind = TR_SCALAR_TEXT}},
    {"trace.parent", {.kind = TR_SCALAR_TEXT}},
    {"trace.parent_instance", {.kind = TR_SCALAR_TEXT}},
    {"trace.suspension_metadata", {.kind = TR_SCALAR_TEXT}},
    {"trace.held", {.kind = TR_SCALAR_TEXT}},
    {"node.name", {.kind = TR_SCALAR_TEXT}},
    {"node.instance", {.kind = TR_SCALAR_TEXT}},
    {"node.status", {TR_SCALAR_NAME, tr_node_status_name, TR_NODE_STATUS_COUNT}},
    {"node.ended_by", {TR_SCALAR_NAME, end_name, END_NAME_COUNT}},
    {"node.estimated", {.kind = TR_SCALAR_BOOLEAN}},
    {"node.error", {.kind = TR_SCALAR_TEXT}},
    {"node.completed", {.kind = TR_SCALAR_BOOLEAN}},
    {"node.started", {.kind = TR_SCALAR_BOOLEAN}},
};

tr_field_kind tr_field_kind_of(const char *name) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return kinds[i].kind;
        }
    }
    return (tr_field_kind){.kind = TR_SCALAR_INTEGER};
}
