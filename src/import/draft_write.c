/* The second half of a draft: its traces get their first and last record, and everything is written in its order. */
#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "import/draft_state.h"

static const char doing[] = "importing";

/* Depths begin at 1 meanwhile. */
#define DEPTH_UNKNOWN 0u
#define DEPTH_LOOKED_FOR UINT32_MAX

/* ---- depths ---- */

static bool parent_of(const tr_draft *draft, uint32_t trace, uint32_t *parent) {
    const tr_draft_trace *self = tr_draft_trace_at_index(draft, trace);
    return self->has_parent && tr_draft_find_trace(draft, self->parent, parent) && *parent != trace;
}

/* Goes up to a trace whose depth is known, and down again. A circle ends where it was entered. */
static void find_depth(const tr_draft *draft, uint32_t trace, uint32_t *way) {
    uint32_t length = 0;
    uint32_t depth = 0;
    uint32_t at = trace;
    for (;;) {
        tr_draft_trace *self = tr_draft_trace_at_index(draft, at);
        if (self->depth == DEPTH_LOOKED_FOR) {
            break;
        } else if (self->depth != DEPTH_UNKNOWN) {
            depth = self->depth;
            break;
        }
        self->depth = DEPTH_LOOKED_FOR;
        way[length++] = at;
        if (!parent_of(draft, at, &at)) {
            break;
        }
    }
    while (length > 0) {
        tr_draft_trace_at_index(draft, way[--length])->depth = ++depth;
    }
}

/* `sorted` becomes the traces, those without parents first, then their children, and so on. */
static void sort_by_depth(const tr_draft *draft, uint32_t *sorted, uint32_t *starts) {
    uint32_t count = draft->trace_count;
    for (uint32_t trace = 0; trace < count; trace++) {
        find_depth(draft, trace, sorted);
    }
    for (uint32_t trace = 0; trace < count; trace++) {
        starts[tr_draft_trace_at_index(draft, trace)->depth]++;
    }
    for (uint32_t depth = 1; depth <= count; depth++) {
        starts[depth] += starts[depth - 1];
    }
    for (uint32_t trace = count; trace-- > 0;) {
        sorted[--starts[tr_draft_trace_at_index(draft, trace)->depth]] = trace;
    }
}

/* ---- first and last records ---- */

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b; /* TR_TIME_UNKNOWN is the largest */
}

/* When the trace begins; TR_TIME_UNKNOWN where nothing happens in it. */
static uint64_t beginning_of(tr_draft *draft, uint32_t number) {
    tr_draft_trace *trace = tr_draft_trace_at_index(draft, number);
    uint64_t first_ns = trace->first_ns;
    if (trace->end_type != TR_RECORD_TYPE_COUNT) {
        first_ns = smaller(first_ns, trace->end_ns);
    }
    if (trace->at_ns != TR_TIME_UNKNOWN && first_ns < trace->at_ns) {
        tr_draft_note(draft, TR_BEND_TRACE_START_AFTER_EVENT, number, false, 0, trace->at_ns);
    }
    return smaller(first_ns, trace->at_ns);
}

static tr_status add_end(tr_draft *draft, uint32_t number, uint64_t begin_ns, tr_error *error) {
    tr_draft_trace *trace = tr_draft_trace_at_index(draft, number);
    uint64_t last_ns = trace->last_ns > begin_ns ? trace->last_ns : begin_ns;
    if (trace->end_ns < last_ns) {
        tr_draft_note(draft, TR_BEND_TRACE_END_BEFORE_EVENT, number, false, 0, trace->end_ns);
        trace->end_ns = last_ns;
    } else if (trace->end_ns == TR_TIME_UNKNOWN) {
        trace->end_ns = last_ns;
    }
    trace->last_ns = trace->end_ns;
    tr_import_event event = {
        .at_ns = trace->end_ns, .order_key = number + 1, .trace = number, .type = (tr_record_type)trace->end_type};
    return tr_event_sorter_add(
        draft->sorter, &event, tr_draft_text_at(draft, trace->end_texts, trace->end_message_bytes),
        tr_draft_text_at(draft, trace->end_texts + trace->end_message_bytes, trace->end_metadata_bytes), error);
}

static tr_status add_frame(tr_draft *draft, uint32_t number, tr_error *error) {
    tr_draft_trace *trace = tr_draft_trace_at_index(draft, number);
    if (trace->end_type == TR_RECORD_TYPE_COUNT && trace->open_count == 0) {
        trace->end_type = trace->outcome_type;
        trace->end_ns = TR_TIME_UNKNOWN;
    }
    uint64_t begin_ns = beginning_of(draft, number);
    if (begin_ns == TR_TIME_UNKNOWN) {
        tr_draft_note(draft, TR_BEND_EMPTY_TRACE, number, false, 0, TR_TIME_UNKNOWN);
        return TR_OK;
    }
    draft->stats.traces++;
    tr_import_event event = {.at_ns = begin_ns, .order_key = 0, .trace = number, .type = TR_TYPE_TRACE_START};
    tr_status status =
        tr_event_sorter_add(draft->sorter, &event, (tr_text){NULL, 0},
                            tr_draft_text_at(draft, trace->start_texts, trace->start_metadata_bytes), error);
    if (status == TR_OK && trace->end_type != TR_RECORD_TYPE_COUNT) {
        status = add_end(draft, number, begin_ns, error);
    }
    return status;
}

static tr_status add_frames(tr_draft *draft, tr_error *error) {
    uint32_t *sorted = calloc(2 * (size_t)draft->trace_count + 2, sizeof *sorted);
    if (sorted == NULL) {
        return tr_fail_memory(error, doing);
    }
    sort_by_depth(draft, sorted, sorted + draft->trace_count);
    tr_status status = TR_OK;
    for (uint32_t i = 0; i < draft->trace_count && status == TR_OK; i++) {
        status = add_frame(draft, sorted[i], error);
    }
    free(sorted);
    return status;
}

tr_status tr_draft_finish(tr_draft *draft, uint32_t node_count, tr_error *error) {
    tr_attempt_table_free(&draft->attempts);
    tr_attempt_table_free(&draft->lanes);
    for (uint32_t trace = 0; trace < draft->trace_count; trace++) {
        tr_draft_trace_at_index(draft, trace)->first_attempt = 0;
        tr_draft_trace_at_index(draft, trace)->first_lane = 0;
    }
    if (!tr_node_order_find_levels(&draft->order, node_count)) {
        return tr_fail_memory(error, doing);
    }
    tr_status status = add_frames(draft, error);
    if (status == TR_OK) {
        status = tr_event_sorter_finish(draft->sorter, error);
    }
    draft->next = status == TR_OK ? tr_event_sorter_next(draft->sorter) : NULL;
    return status;
}

/* ---- writing ---- */

static bool has_node(const tr_import_event *event) {
    return event->type != TR_TYPE_TRACE_START && event->type != TR_TYPE_TRACE_COMPLETE &&
           event->type != TR_TYPE_TRACE_FAILED;
}

/* What the event does to its attempt, and whether it fits. */
static void apply(tr_draft *draft, const tr_import_event *event, tr_attempt_state *state) {
    switch (event->type) {
    case TR_TYPE_NODE_START:
        if (state->is_running) {
            tr_draft_note(draft, TR_BEND_START_WHILE_RUNNING, event->trace, true, event->node, event->at_ns);
        }
        state->is_running = true;
        state->has_waited = false;
        break;
    case TR_TYPE_NODE_DONE:
    case TR_TYPE_NODE_ERROR:
        if (!state->is_running && !state->is_waiting && !state->has_waited) {
            tr_draft_note(draft, TR_BEND_END_WITHOUT_START, event->trace, true, event->node, event->at_ns);
        }
        state->is_running = false;
        state->has_waited = false;
        break;
    case TR_TYPE_TRACE_SUSPENDED:
        state->is_waiting = true;
        state->has_waited = true;
        state->wait_kind = event->wait_kind;
        break;
    case TR_TYPE_TRACE_RESUMED:
        if (!state->is_waiting) {
            tr_draft_note(draft, TR_BEND_RESUME_WITHOUT_WAIT, event->trace, true, event->node, event->at_ns);
        }
        state->is_waiting = false;
        break;
    default:
        break;
    }
}

/* Two JSON objects as one. */
static tr_status join(tr_draft *draft, tr_text first, tr_text second, tr_text *joined, tr_error *error) {
    size_t length = (size_t)first.length_bytes + second.length_bytes - 1;
    if (length > draft->joined_capacity) {
        char *grown = realloc(draft->joined, 2 * length);
        if (grown == NULL) {
            return tr_fail_memory(error, doing);
        }
        draft->joined = grown;
        draft->joined_capacity = 2 * length;
    }
    memcpy(draft->joined, first.bytes, first.length_bytes);
    draft->joined[first.length_bytes - 1] = ',';
    memcpy(draft->joined + first.length_bytes, second.bytes + 1, second.length_bytes - 1);
    *joined = (tr_text){draft->joined, (uint32_t)length};
    return TR_OK;
}

/* Puts the kind of a wait in front of what the event says. */
static tr_status add_wait_kind(tr_draft *draft, uint8_t kind, tr_text *metadata, tr_error *error) {
    tr_draft_text known = draft->wait_kinds[kind];
    tr_text members = tr_draft_text_at(draft, known.offset, known.length_bytes);
    if (members.length_bytes == 0) {
        return TR_OK;
    } else if (metadata->length_bytes == 0) {
        *metadata = members;
        return TR_OK;
    }
    return join(draft, members, *metadata, metadata, error);
}

static tr_status write_event(tr_draft *draft, tr_writer *writer, const tr_import_event *event, tr_error *error) {
    tr_draft_trace *trace = tr_draft_trace_at_index(draft, event->trace);
    tr_text metadata = {tr_import_event_texts(event) + event->message_bytes, event->metadata_bytes};
    tr_status status = TR_OK;
    if (has_node(event)) {
        tr_attempt_key key = {event->trace, event->node, event->instance};
        tr_attempt_state *state = tr_attempt_table_get(&draft->attempts, key, &trace->first_attempt);
        if (state == NULL) {
            return tr_fail_memory(error, doing);
        }
        apply(draft, event, state);
        if (event->type == TR_TYPE_TRACE_SUSPENDED || event->type == TR_TYPE_TRACE_RESUMED) {
            status = add_wait_kind(draft, state->wait_kind, &metadata, error);
        }
    }
    if (status != TR_OK) {
        return status;
    }
    tr_record_fields fields = {
        .type = event->type, .timestamp_ns = event->at_ns, .node_id = event->node, .iteration = event->iteration};
    memcpy(fields.trace_id, trace->id, sizeof fields.trace_id);
    fields.error_message = (tr_text){tr_import_event_texts(event), event->message_bytes};
    fields.metadata = metadata;
    draft->stats.records++;
    return tr_writer_append(writer, &fields, NULL, error);
}

static tr_status keep_instant(tr_draft *draft, size_t count, tr_error *error) {
    if (count == draft->instant_capacity) {
        size_t capacity = count == 0 ? 64 : count * 2;
        tr_instant_event *instant = realloc(draft->instant, capacity * sizeof *instant);
        if (instant == NULL) {
            return tr_fail_memory(error, doing);
        }
        draft->instant = instant;
        draft->instant_capacity = capacity;
    }
    draft->instant[count] = (tr_instant_event){.event = draft->next, .call = (uint32_t)count};
    draft->next = tr_event_sorter_next(draft->sorter);
    return TR_OK;
}

/* Writes what happens at the next instant in one trace, or the start of one trace. */
static tr_status write_instant(tr_draft *draft, tr_writer *writer, tr_error *error) {
    const tr_import_event *first = draft->next;
    size_t count = 0;
    tr_status status = TR_OK;
    do {
        status = keep_instant(draft, count, error);
        count++;
    } while (status == TR_OK && first->order_key != 0 && draft->next != NULL && draft->next->at_ns == first->at_ns &&
             draft->next->order_key == first->order_key);
    if (status == TR_OK && count > 1) {
        tr_instant_order(draft->instant, count, &draft->attempts,
                         tr_draft_trace_at_index(draft, first->trace)->first_attempt, &draft->order);
    }
    for (size_t i = 0; i < count && status == TR_OK; i++) {
        status = write_event(draft, writer, draft->instant[i].event, error);
    }
    tr_draft_trace *trace = tr_draft_trace_at_index(draft, first->trace);
    if (first->order_key != 0 && first->at_ns == trace->last_ns) {
        tr_attempt_table_forget(&draft->attempts, &trace->first_attempt); /* nothing more comes */
    }
    return status;
}

tr_status tr_draft_write(tr_draft *draft, tr_writer *writer, uint64_t max_records, tr_error *error) {
    uint64_t last = draft->stats.records + max_records;
    tr_status status = TR_OK;
    while (status == TR_OK && draft->next != NULL && draft->stats.records < last) {
        status = write_instant(draft, writer, error);
    }
    return status == TR_OK && draft->next == NULL ? TR_END : status;
}
