#include "import/waiting_spans.h"

#include <stdlib.h>
#include <string.h>

bool tr_waiting_spans_find(const tr_waiting_spans *spans, const uint8_t id[TR_TRACE_ID_BYTES], uint32_t *index) {
    return tr_name_table_find(&spans->index_by_id, (tr_text){(const char *)id, TR_TRACE_ID_BYTES}, index);
}

bool tr_waiting_spans_trace(tr_waiting_spans *spans, const uint8_t id[TR_TRACE_ID_BYTES], uint32_t *index) {
    if (tr_waiting_spans_find(spans, id, index)) {
        return true;
    }
    if (spans->trace_count == spans->trace_capacity) {
        uint32_t capacity = spans->trace_capacity == 0 ? 64 : spans->trace_capacity * 2;
        tr_span_trace *traces = capacity == 0 ? NULL : realloc(spans->traces, capacity * sizeof *traces);
        if (traces == NULL) {
            return false;
        }
        spans->traces = traces;
        spans->trace_capacity = capacity;
    }
    if (!tr_name_table_add(&spans->index_by_id, (tr_text){(const char *)id, TR_TRACE_ID_BYTES}, spans->trace_count)) {
        return false;
    }
    *index = spans->trace_count++;
    tr_span_trace *added = &spans->traces[*index];
    memset(added, 0, sizeof *added);
    memcpy(added->id, id, sizeof added->id);
    return true;
}

bool tr_waiting_spans_add(tr_waiting_spans *spans, uint32_t index, const char *place, tr_text text, tr_text resource,
                          uint64_t number) {
    tr_span_trace *trace = &spans->traces[index];
    size_t bytes = sizeof(tr_waiting_span) + (size_t)text.length_bytes + resource.length_bytes;
    tr_waiting_span *added = malloc(bytes);
    char *kept_place = added == NULL || trace->place != NULL ? NULL : strdup(place);
    if (added == NULL || (trace->place == NULL && kept_place == NULL)) {
        free(added);
        return false;
    }
    *added =
        (tr_waiting_span){.number = number, .text_bytes = text.length_bytes, .resource_bytes = resource.length_bytes};
    if (text.length_bytes > 0) {
        memcpy(added->texts, text.bytes, text.length_bytes);
    }
    if (resource.length_bytes > 0) {
        memcpy(added->texts + text.length_bytes, resource.bytes, resource.length_bytes);
    }
    if (trace->first == NULL) {
        trace->first = added;
    } else {
        trace->last->next = added;
    }
    trace->last = added;
    trace->place = kept_place == NULL ? trace->place : kept_place;
    spans->text_bytes += bytes;
    return true;
}

bool tr_waiting_spans_set_name(tr_waiting_spans *spans, uint32_t index, tr_text name) {
    tr_span_trace *trace = &spans->traces[index];
    char *kept = trace->name == NULL ? malloc((size_t)name.length_bytes + 1) : NULL;
    if (kept != NULL) {
        memcpy(kept, name.bytes, name.length_bytes);
        trace->name = kept;
        trace->name_bytes = name.length_bytes;
    }
    return trace->name != NULL;
}

static void forget_texts(tr_span_trace *trace) {
    free(trace->name);
    free(trace->place);
    trace->name = NULL;
    trace->place = NULL;
}

void tr_waiting_spans_begin(tr_waiting_spans *spans, uint32_t index, uint32_t number) {
    tr_span_trace *trace = &spans->traces[index];
    trace->has_root = true;
    trace->number = number;
    forget_texts(trace);
}

tr_waiting_span *tr_waiting_spans_take(tr_waiting_spans *spans, uint32_t index) {
    tr_span_trace *trace = &spans->traces[index];
    tr_waiting_span *taken = trace->first;
    if (taken != NULL) {
        trace->first = taken->next;
        spans->text_bytes -= sizeof *taken + (size_t)taken->text_bytes + taken->resource_bytes;
    }
    return taken;
}

size_t tr_waiting_spans_bytes(const tr_waiting_spans *spans) {
    return spans->text_bytes + spans->trace_capacity * sizeof *spans->traces + spans->index_by_id.text_capacity_bytes +
           spans->index_by_id.slot_count * (sizeof(tr_known_name) / 2 + sizeof(uint32_t));
}

void tr_waiting_spans_free(tr_waiting_spans *spans) {
    for (uint32_t index = 0; index < spans->trace_count; index++) {
        tr_waiting_span *waiting;
        while ((waiting = tr_waiting_spans_take(spans, index)) != NULL) {
            free(waiting);
        }
        forget_texts(&spans->traces[index]);
    }
    free(spans->traces);
    tr_name_table_free(&spans->index_by_id);
    memset(spans, 0, sizeof *spans);
}
