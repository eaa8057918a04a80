#include "import/draft.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "bytes/hash.h"
#include "import/draft_state.h"

static const char doing[] = "importing";

static const uint32_t max_traces = UINT32_MAX / 2;

tr_status tr_draft_open(uint64_t sorter_memory_bytes, tr_draft **draft, tr_error *error) {
    tr_draft *self = calloc(1, sizeof *self);
    *draft = NULL;
    if (self == NULL) {
        return tr_fail_memory(error, doing);
    }
    self->traces.file = -1;
    self->texts.file = -1;
    tr_status status = tr_event_sorter_open(sorter_memory_bytes, &self->sorter, error);
    if (status == TR_OK) {
        status = tr_spool_open(&self->traces, error);
    }
    if (status == TR_OK) {
        status = tr_spool_open(&self->texts, error);
    }
    if (status != TR_OK) {
        tr_draft_close(self);
        return status;
    }
    *draft = self;
    return TR_OK;
}

void tr_draft_close(tr_draft *draft) {
    if (draft != NULL) {
        tr_event_sorter_close(draft->sorter);
        tr_spool_close(&draft->traces);
        tr_spool_close(&draft->texts);
        tr_attempt_table_free(&draft->attempts);
        tr_attempt_table_free(&draft->lanes);
        tr_node_order_free(&draft->order);
        free(draft->slots);
        free(draft->instant);
        free(draft->joined);
        free(draft);
    }
}

void tr_draft_note(tr_draft *draft, tr_draft_bend bend, uint32_t trace, bool has_node, uint32_t node, uint64_t at_ns) {
    tr_draft_bend_count *one = &draft->bends[bend];
    if (one->count++ == 0) {
        memcpy(one->trace_id, tr_draft_trace_at_index(draft, trace)->id, sizeof one->trace_id);
        one->has_node = has_node;
        one->node = node;
        one->at_ns = at_ns;
    }
}

/* ---- traces ---- */

/* The slot of an id, or the free one where it belongs. */
static uint32_t *find_slot(const tr_draft *draft, const uint8_t *id) {
    uint64_t halves[2];
    memcpy(halves, id, sizeof halves);
    uint64_t hash = tr_hash_mix(halves[0] ^ tr_hash_mix(halves[1] ^ draft->seed));
    uint32_t at = (uint32_t)hash & (draft->slot_count - 1);
    while (draft->slots[at] != 0 &&
           memcmp(tr_draft_trace_at_index(draft, draft->slots[at] - 1)->id, id, TR_TRACE_ID_BYTES) != 0) {
        at = (at + 1) & (draft->slot_count - 1);
    }
    return &draft->slots[at];
}

static tr_status grow_slots(tr_draft *draft, tr_error *error) {
    uint32_t count = draft->slot_count == 0 ? 1024 : draft->slot_count * 2;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (slots == NULL) {
        return tr_fail_memory(error, doing);
    }
    free(draft->slots);
    draft->slots = slots;
    draft->slot_count = count;
    draft->seed = tr_hash_seed();
    for (uint32_t trace = 0; trace < draft->trace_count; trace++) {
        *find_slot(draft, tr_draft_trace_at_index(draft, trace)->id) = trace + 1;
    }
    return TR_OK;
}

bool tr_draft_find_trace(const tr_draft *draft, const uint8_t id[TR_TRACE_ID_BYTES], uint32_t *trace) {
    uint32_t found = draft->slot_count == 0 ? 0 : *find_slot(draft, id);
    *trace = found - 1;
    return found != 0;
}

static tr_status keep_texts(tr_draft *draft, tr_text first, tr_text second, uint64_t *offset, tr_error *error) {
    tr_status status =
        tr_spool_reserve(&draft->texts, (uint64_t)first.length_bytes + second.length_bytes, offset, error);
    if (status != TR_OK) {
        return status;
    }
    if (first.length_bytes > 0) {
        memcpy(draft->texts.bytes + *offset, first.bytes, first.length_bytes);
    }
    if (second.length_bytes > 0) {
        memcpy(draft->texts.bytes + *offset + first.length_bytes, second.bytes, second.length_bytes);
    }
    return TR_OK;
}

tr_status tr_draft_add_trace(tr_draft *draft, const uint8_t id[TR_TRACE_ID_BYTES], const uint8_t *parent,
                             uint64_t at_ns, tr_text metadata, uint32_t *trace, tr_error *error) {
    uint64_t offset = 0;
    uint64_t start_texts = 0;
    tr_status status = draft->trace_count < draft->slot_count / 2 ? TR_OK : grow_slots(draft, error);
    if (status == TR_OK && draft->trace_count == max_traces) {
        status = tr_fail(error, TR_ERROR_INVALID, "more than %u traces", (unsigned)max_traces);
    }
    if (status == TR_OK) {
        status = keep_texts(draft, metadata, (tr_text){NULL, 0}, &start_texts, error);
    }
    if (status == TR_OK) {
        status = tr_spool_reserve(&draft->traces, sizeof(tr_draft_trace), &offset, error);
    }
    if (status != TR_OK) {
        return status;
    }
    *trace = draft->trace_count++;
    tr_draft_trace *made = tr_draft_trace_at_index(draft, *trace);
    memcpy(made->id, id, sizeof made->id);
    made->has_parent = parent != NULL;
    if (parent != NULL) {
        memcpy(made->parent, parent, sizeof made->parent);
    }
    made->at_ns = at_ns;
    made->first_ns = TR_TIME_UNKNOWN;
    made->start_texts = start_texts;
    made->start_metadata_bytes = metadata.length_bytes;
    made->end_type = TR_RECORD_TYPE_COUNT;
    made->outcome_type = TR_RECORD_TYPE_COUNT;
    *find_slot(draft, id) = *trace + 1;
    return TR_OK;
}

tr_status tr_draft_close_trace(tr_draft *draft, uint32_t trace, tr_record_type type, uint64_t at_ns, tr_text message,
                               tr_text metadata, tr_error *error) {
    tr_draft_trace *closed = tr_draft_trace_at_index(draft, trace);
    if (closed->end_type != TR_RECORD_TYPE_COUNT) {
        tr_draft_note(draft, TR_BEND_SECOND_TRACE_END, trace, false, 0, at_ns);
        return TR_OK;
    }
    tr_status status = keep_texts(draft, message, metadata, &closed->end_texts, error);
    closed->end_type = (uint8_t)type;
    closed->end_ns = at_ns;
    closed->end_message_bytes = message.length_bytes;
    closed->end_metadata_bytes = metadata.length_bytes;
    tr_attempt_table_forget(&draft->attempts, &closed->first_attempt);
    if (at_ns == TR_TIME_UNKNOWN) {
        tr_attempt_table_forget(&draft->lanes, &closed->first_lane);
    }
    return status;
}

tr_status tr_draft_set_outcome(tr_draft *draft, uint32_t trace, tr_record_type type, tr_text metadata,
                               tr_error *error) {
    tr_draft_trace *self = tr_draft_trace_at_index(draft, trace);
    self->outcome_type = (uint8_t)type;
    self->end_metadata_bytes = metadata.length_bytes;
    return keep_texts(draft, metadata, (tr_text){NULL, 0}, &self->end_texts, error);
}

/* ---- events ---- */

uint64_t tr_draft_instance(tr_text name) {
    return tr_hash_bytes(tr_hash_seed(), name.bytes, name.length_bytes) | 1;
}

tr_status tr_draft_lane(tr_draft *draft, uint32_t trace, uint32_t node, uint64_t instance, uint64_t start_ns,
                        uint64_t end_ns, uint32_t *lane, tr_error *error) {
    for (*lane = 1;; ++*lane) {
        tr_attempt_key key = {trace, node, tr_hash_mix(instance) ^ *lane};
        tr_attempt_state *state =
            tr_attempt_table_get(&draft->lanes, key, &tr_draft_trace_at_index(draft, trace)->first_lane);
        if (state == NULL) {
            return tr_fail_memory(error, doing);
        }
        if (state->end_ns == TR_TIME_UNKNOWN) {
            state->start_ns = start_ns;
            state->end_ns = end_ns;
            return TR_OK;
        } else if (start_ns >= state->end_ns) {
            state->end_ns = end_ns;
            return TR_OK;
        } else if (end_ns <= state->start_ns) {
            state->start_ns = start_ns;
            return TR_OK;
        }
    }
}

static tr_attempt_state *attempt_of(tr_draft *draft, tr_attempt_key key, tr_error *error) {
    tr_attempt_state *state =
        tr_attempt_table_get(&draft->attempts, key, &tr_draft_trace_at_index(draft, key.trace)->first_attempt);
    if (state == NULL) {
        (void)tr_fail_memory(error, doing);
    }
    return state;
}

static void note_latest(tr_attempt_state *state, uint64_t at_ns) {
    if (state->end_ns == TR_TIME_UNKNOWN || state->end_ns < at_ns) {
        state->end_ns = at_ns;
    }
}

/* Sources list the start first, or the end. */
static void note_start(tr_draft_trace *trace, tr_attempt_state *state, uint64_t at_ns) {
    if (state->has_end_first && at_ns <= state->end_ns) {
        state->start_ns = TR_TIME_UNKNOWN;
    } else {
        state->start_ns = at_ns;
        trace->open_count++;
    }
    state->has_end_first = false;
}

static tr_status note_end(tr_draft *draft, tr_import_event *event, tr_attempt_state *state, tr_error *error) {
    bool has_start = state->start_ns != TR_TIME_UNKNOWN;
    if (has_start && event->at_ns < state->start_ns) {
        tr_draft_note(draft, TR_BEND_END_BEFORE_START, event->trace, true, event->node, event->at_ns);
        event->at_ns = state->start_ns;
    }
    tr_draft_trace_at_index(draft, event->trace)->open_count -= has_start;
    state->start_ns = TR_TIME_UNKNOWN;
    state->has_end_first = !has_start;
    note_latest(state, event->at_ns);
    if (event->instance == 0) {
        return TR_OK;
    }
    tr_attempt_state *whole = attempt_of(draft, (tr_attempt_key){event->trace, event->node, 0}, error);
    if (whole == NULL) {
        return TR_ERROR_MEMORY;
    }
    note_latest(whole, event->at_ns);
    return TR_OK;
}

static tr_status note_attempt(tr_draft *draft, tr_import_event *event, tr_error *error) {
    bool is_start = event->type == TR_TYPE_NODE_START;
    bool is_end = event->type == TR_TYPE_NODE_DONE || event->type == TR_TYPE_NODE_ERROR;
    bool is_resume = event->type == TR_TYPE_TRACE_RESUMED;
    tr_draft_trace *trace = tr_draft_trace_at_index(draft, event->trace);
    if ((!is_start && !is_end && !is_resume) || trace->end_type != TR_RECORD_TYPE_COUNT) {
        return TR_OK;
    }
    tr_attempt_state *state = attempt_of(draft, (tr_attempt_key){event->trace, event->node, event->instance}, error);
    if (state == NULL) {
        return TR_ERROR_MEMORY;
    } else if (is_start) {
        note_start(trace, state, event->at_ns);
    } else if (is_end) {
        return note_end(draft, event, state, error);
    } else {
        note_latest(state, event->at_ns);
    }
    return TR_OK;
}

tr_status tr_draft_add(tr_draft *draft, tr_import_event *event, tr_text message, tr_text metadata, tr_error *error) {
    tr_status status = note_attempt(draft, event, error);
    if (status != TR_OK) {
        return status;
    }
    tr_draft_trace *trace = tr_draft_trace_at_index(draft, event->trace);
    if (trace->first_ns == TR_TIME_UNKNOWN || event->at_ns < trace->first_ns) {
        trace->first_ns = event->at_ns;
    }
    if (event->at_ns > trace->last_ns) {
        trace->last_ns = event->at_ns;
    }
    event->order_key = event->trace + 1;
    draft->stats.events++;
    return tr_event_sorter_add(draft->sorter, event, message, metadata, error);
}

/* ---- what is asked of it ---- */

tr_status tr_draft_add_edge(tr_draft *draft, uint32_t node, uint32_t before, tr_error *error) {
    return tr_node_order_add(&draft->order, node, before) ? TR_OK : tr_fail_memory(error, doing);
}

uint32_t tr_draft_edge_count(const tr_draft *draft) {
    return draft->order.edge_count;
}

void tr_draft_edge(const tr_draft *draft, uint32_t index, uint32_t *node, uint32_t *before) {
    *node = draft->order.edges[index].node;
    *before = draft->order.edges[index].before;
}

uint64_t tr_draft_latest_end(const tr_draft *draft, uint32_t trace, uint32_t node) {
    const tr_attempt_state *state = tr_attempt_table_find(&draft->attempts, (tr_attempt_key){trace, node, 0},
                                                          tr_draft_trace_at_index(draft, trace)->first_attempt);
    return state == NULL ? TR_TIME_UNKNOWN : state->end_ns;
}

uint64_t tr_draft_trace_at(const tr_draft *draft, uint32_t trace) {
    return tr_draft_trace_at_index(draft, trace)->at_ns;
}

void tr_draft_trace_id(const tr_draft *draft, uint32_t trace, uint8_t id[TR_TRACE_ID_BYTES]) {
    memcpy(id, tr_draft_trace_at_index(draft, trace)->id, TR_TRACE_ID_BYTES);
}

tr_status tr_draft_number_wait_kind(tr_draft *draft, tr_text members, uint8_t *kind, tr_error *error) {
    unsigned number = 0;
    for (; number < draft->wait_kind_count; number++) {
        tr_draft_text known = draft->wait_kinds[number];
        if (known.length_bytes == members.length_bytes &&
            (members.length_bytes == 0 ||
             memcmp(draft->texts.bytes + known.offset, members.bytes, members.length_bytes) == 0)) {
            *kind = (uint8_t)number;
            return TR_OK;
        }
    }
    if (number == TR_MAX_WAIT_KINDS) {
        return tr_fail(error, TR_ERROR_INVALID, "wait: more than %d kinds of waits", (int)TR_MAX_WAIT_KINDS);
    }
    tr_draft_text *added = &draft->wait_kinds[number];
    tr_status status = keep_texts(draft, members, (tr_text){NULL, 0}, &added->offset, error);
    if (status == TR_OK) {
        added->length_bytes = members.length_bytes;
        draft->wait_kind_count++;
        *kind = (uint8_t)number;
    }
    return status;
}

tr_draft_stats tr_draft_stats_of(const tr_draft *draft) {
    return draft->stats;
}

const tr_draft_bend_count *tr_draft_bend_count_of(const tr_draft *draft, tr_draft_bend bend) {
    return &draft->bends[bend];
}

const char *tr_draft_bend_kind(tr_draft_bend bend) {
    static const char *const kinds[TR_BEND_COUNT] = {
#define BEND_KIND(name, is_dropped, kind) kind,
        TR_DRAFT_BENDS(BEND_KIND)
#undef BEND_KIND
    };
    return kinds[bend];
}

bool tr_draft_bend_is_dropped(tr_draft_bend bend) {
    static const bool dropped[TR_BEND_COUNT] = {
#define BEND_IS_DROPPED(name, is_dropped, kind) is_dropped,
        TR_DRAFT_BENDS(BEND_IS_DROPPED)
#undef BEND_IS_DROPPED
    };
    return dropped[bend];
}
