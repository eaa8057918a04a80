#include "simulation/recording.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "record/record_view.h"
#include "timing/measured.h"
#include "tracereel/replay.h"

enum { NODE_SEEN = 1, NODE_IS_LOOP = 2 };

/* The present end of the chain of an open trace. */
typedef struct tail {
    uint64_t chain; /* index */
    uint64_t last;  /* offset in the spool */
    const tr_trace *trace;
} tail;

struct tr_recording {
    tr_log *log;
    tr_replay *replay; /* NULL once everything was read */
    tr_spool records;
    tr_spool traces; /* tr_chain, back to back */
    tr_spool orphans;
    tail *tails; /* by the log_slot of open traces */
    size_t tail_capacity;
    uint64_t *segment_bytes;
    uint32_t segment_count;
    uint32_t *node_ids; /* open addressing: node id + 1 would not fit, so `node_used` says which are taken */
    uint8_t *node_used; /* NODE_SEEN, and NODE_IS_LOOP */
    size_t node_capacity;
    size_t node_count;
    tr_timing *timing; /* of the traces in the log, or NULL */
    tr_recording_stats stats;
};

void tr_recording_close(tr_recording *recording) {
    if (recording == NULL) {
        return;
    }
    tr_replay_close(recording->replay);
    tr_spool_close(&recording->records);
    tr_spool_close(&recording->traces);
    tr_spool_close(&recording->orphans);
    free(recording->tails);
    free(recording->segment_bytes);
    free(recording->node_ids);
    free(recording->node_used);
    free(recording);
}

tr_status tr_recording_open(tr_log *log, tr_recording **recording, tr_error *error) {
    *recording = NULL;
    tr_recording *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return tr_fail_memory(error, "recording a log");
    }
    made->records.file = made->traces.file = made->orphans.file = -1;
    made->log = log;
    made->segment_count = tr_log_segment_count(log);
    made->segment_bytes = calloc(made->segment_count + 1, sizeof *made->segment_bytes);
    tr_status status = made->segment_bytes == NULL ? tr_fail_memory(error, "recording a log") : TR_OK;
    tr_segment_info info;
    made->stats.first_sequence = tr_log_segment(log, 0, &info) ? info.sequence : 0;
    status = status == TR_OK ? tr_spool_open(&made->records, error) : status;
    status = status == TR_OK ? tr_spool_open(&made->traces, error) : status;
    status = status == TR_OK ? tr_spool_open(&made->orphans, error) : status;
    uint64_t unused = 0; /* so that no record is at offset 0 */
    status = status == TR_OK ? tr_spool_reserve(&made->records, 8, &unused, error) : status;
    if (status == TR_OK && tr_replay_open(log, &made->replay) != TR_OK) {
        status = tr_fail_memory(error, "recording a log");
    }
    if (status != TR_OK) {
        tr_recording_close(made);
        return status;
    }
    tr_replay_measure(made->replay);
    *recording = made;
    return TR_OK;
}

void tr_recording_measure(tr_recording *recording, tr_timing *timing) {
    recording->timing = timing;
}

static size_t node_place(const tr_recording *recording, uint32_t node_id) {
    size_t place = (size_t)(node_id * UINT32_C(2654435769)) & (recording->node_capacity - 1);
    while (recording->node_used[place] && recording->node_ids[place] != node_id) {
        place = (place + 1) & (recording->node_capacity - 1);
    }
    return place;
}

bool tr_recording_has_node(const tr_recording *recording, uint32_t node_id) {
    return recording->node_capacity > 0 && recording->node_used[node_place(recording, node_id)] != 0;
}

size_t tr_recording_node_count(const tr_recording *recording) {
    return recording->node_count;
}

static int ascending(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

void tr_recording_nodes(const tr_recording *recording, uint32_t *node_ids) {
    size_t count = 0;
    for (size_t place = 0; place < recording->node_capacity; place++) {
        if (recording->node_used[place]) {
            node_ids[count++] = recording->node_ids[place];
        }
    }
    if (count > 0) {
        qsort(node_ids, count, sizeof *node_ids, ascending);
    }
}

bool tr_recording_has_loop(const tr_recording *recording, uint32_t node_id) {
    return recording->node_capacity > 0 && (recording->node_used[node_place(recording, node_id)] & NODE_IS_LOOP) != 0;
}

static tr_status grow_nodes(tr_recording *recording, tr_error *error) {
    tr_recording larger = {.node_capacity = recording->node_capacity == 0 ? 64 : recording->node_capacity * 2};
    larger.node_ids = malloc(larger.node_capacity * sizeof *larger.node_ids);
    larger.node_used = calloc(larger.node_capacity, sizeof *larger.node_used);
    if (larger.node_ids == NULL || larger.node_used == NULL) {
        free(larger.node_ids);
        free(larger.node_used);
        return tr_fail_memory(error, "recording a log's nodes");
    }
    for (size_t i = 0; i < recording->node_capacity; i++) {
        if (recording->node_used[i]) {
            size_t place = node_place(&larger, recording->node_ids[i]);
            larger.node_ids[place] = recording->node_ids[i];
            larger.node_used[place] = recording->node_used[i];
        }
    }
    free(recording->node_ids);
    free(recording->node_used);
    recording->node_ids = larger.node_ids;
    recording->node_used = larger.node_used;
    recording->node_capacity = larger.node_capacity;
    return TR_OK;
}

static tr_status note_node(tr_recording *recording, const tr_record *record, tr_error *error) {
    unsigned type = tr_view_type(record);
    uint8_t is_loop = type == TR_TYPE_LOOP_ITERATION ? NODE_IS_LOOP : 0;
    if (!tr_view_type_has(type, TR_HAS_NODE)) {
        return TR_OK;
    }
    if (tr_recording_has_node(recording, tr_record_node_id(record))) {
        recording->node_used[node_place(recording, tr_record_node_id(record))] |= is_loop;
        return TR_OK;
    }
    if (recording->node_count * 2 >= recording->node_capacity) {
        tr_status status = grow_nodes(recording, error);
        if (status != TR_OK) {
            return status;
        }
    }
    size_t place = node_place(recording, tr_record_node_id(record));
    recording->node_ids[place] = tr_record_node_id(record);
    recording->node_used[place] = NODE_SEEN | is_loop;
    recording->node_count++;
    return TR_OK;
}

static tr_status keep_record(tr_recording *recording, const tr_record *record, uint64_t *offset, tr_error *error) {
    tr_status status = tr_spool_reserve(&recording->records, sizeof(tr_recorded) + record->length_bytes, offset, error);
    if (status != TR_OK) {
        return status;
    }
    uint64_t event_ns = tr_replay_now_ns(recording->replay);
    tr_recorded *kept = (tr_recorded *)(void *)(recording->records.bytes + *offset);
    *kept = (tr_recorded){.event_ns = event_ns,
                          .earlier_by_ns = event_ns - tr_record_timestamp_ns(record),
                          .number = recording->stats.records,
                          .length_bytes = record->length_bytes};
    memcpy(kept + 1, record->bytes, record->length_bytes);
    return TR_OK;
}

static tr_chain *chain_at(tr_spool *chains, uint64_t index) {
    return (tr_chain *)(void *)(chains->bytes + index * sizeof(tr_chain));
}

static tr_status new_chain(tr_recording *recording, tr_spool *chains, uint64_t first, tr_error *error) {
    uint64_t offset;
    tr_status status = tr_spool_reserve(chains, sizeof(tr_chain), &offset, error);
    if (status == TR_OK) {
        const tr_recorded *kept = tr_recording_at(recording, first);
        *chain_at(chains, offset / sizeof(tr_chain)) = (tr_chain){
            .first = first, .event_ns = kept->event_ns, .last_ns = kept->event_ns, .number = kept->number, .count = 1};
    }
    return status;
}

static tr_status make_tail(tr_recording *recording, uint32_t slot, tr_error *error) {
    if (slot < recording->tail_capacity) {
        return TR_OK;
    }
    size_t capacity = ((size_t)slot + 32) * 2;
    tail *tails = realloc(recording->tails, capacity * sizeof *tails);
    if (tails == NULL) {
        return tr_fail_memory(error, "recording a log's open traces");
    }
    memset(tails + recording->tail_capacity, 0, (capacity - recording->tail_capacity) * sizeof *tails);
    recording->tails = tails;
    recording->tail_capacity = capacity;
    return TR_OK;
}

static void end_chain(tr_recording *recording, const tr_trace *trace) {
    tail *at = &recording->tails[trace->log_slot];
    if (tr_trace_is_tainted(trace)) {
        chain_at(&recording->traces, at->chain)->is_left_out = 1;
        recording->stats.tainted_traces++;
    }
    at->trace = NULL;
}

static tr_status add_to_trace(tr_recording *recording, const tr_trace *trace, uint64_t offset, tr_error *error) {
    tr_status status = make_tail(recording, trace->log_slot, error);
    if (status != TR_OK) {
        return status;
    }
    tail *at = &recording->tails[trace->log_slot];
    if (at->trace == NULL) {
        status = new_chain(recording, &recording->traces, offset, error);
        at->chain = recording->stats.traces++;
    } else {
        ((tr_recorded *)(void *)(recording->records.bytes + at->last))->next = offset;
        tr_chain *chain = chain_at(&recording->traces, at->chain);
        chain->last_ns = tr_recording_at(recording, offset)->event_ns;
        chain->count++;
    }
    at->trace = trace;
    at->last = offset;
    if (status == TR_OK && (trace->status == TR_TRACE_COMPLETE || trace->status == TR_TRACE_FAILED)) {
        chain_at(&recording->traces, at->chain)->is_closed = 1;
        end_chain(recording, trace);
    }
    return status;
}

static tr_status add(tr_recording *recording, const tr_event *event, tr_error *error) {
    uint64_t offset;
    tr_status status = keep_record(recording, &event->record, &offset, error);
    if (status == TR_OK) {
        status = note_node(recording, &event->record, error);
    }
    if (status != TR_OK) {
        return status;
    }
    if (recording->stats.records == 0) {
        recording->stats.first_ns = tr_replay_now_ns(recording->replay);
    }
    recording->segment_bytes[tr_log_place(recording->log)->segment_index] += event->record.length_bytes;
    if (recording->timing != NULL && tr_timing_add_closed(recording->timing, event->trace) != TR_OK) {
        return tr_fail_memory(error, "measuring a log");
    }
    if (event->trace != NULL) {
        status = add_to_trace(recording, event->trace, offset, error);
    } else {
        status = new_chain(recording, &recording->orphans, offset, error);
        recording->stats.orphans++;
    }
    recording->stats.records++;
    return status;
}

static void leave_out_orphans(tr_recording *recording) {
    for (uint64_t i = 0; i < recording->stats.orphans; i++) {
        tr_chain *chain = chain_at(&recording->orphans, i);
        const tr_recorded *kept = tr_recording_at(recording, chain->first);
        tr_record record = tr_recorded_record(kept);
        if (tr_view_type_has(tr_view_type(&record), TR_HAS_TRACE)) {
            chain->is_left_out = 1;
            recording->stats.lost_orphans++;
        }
    }
}

static tr_status finish(tr_recording *recording, tr_error *error) {
    tr_traces *open = tr_replay_traces(recording->replay);
    if (recording->timing != NULL && tr_timing_add_open(recording->timing, open) != TR_OK) {
        return tr_fail_memory(error, "measuring a log");
    }
    for (size_t slot = 0; slot < recording->tail_capacity; slot++) {
        if (recording->tails[slot].trace != NULL) {
            end_chain(recording, recording->tails[slot].trace);
        }
    }
    recording->stats.last_ns = tr_replay_now_ns(recording->replay);
    uint32_t planned_segment = tr_replay_planned_segment(recording->replay);
    if (planned_segment < recording->segment_count) {
        bool holds_others = recording->segment_bytes[planned_segment] > 0;
        recording->segment_count = planned_segment + (holds_others ? 1 : 0);
    }
    recording->stats.is_damaged = tr_log_is_damaged(recording->log);
    if (recording->stats.is_damaged) {
        leave_out_orphans(recording);
    }
    tr_replay_close(recording->replay);
    recording->replay = NULL;
    return TR_END;
}

tr_status tr_recording_read(tr_recording *recording, uint64_t max_records, tr_error *error) {
    for (uint64_t i = 0; recording->replay != NULL && i < max_records; i++) {
        tr_event event;
        tr_status status = tr_replay_next(recording->replay, &event);
        if (status == TR_GAP || status == TR_ERROR_INTERRUPTED) {
            continue;
        } else if (status == TR_END) {
            status = finish(recording, error);
        } else if (status == TR_OK) {
            status = add(recording, &event, error);
        } else if (error != NULL) {
            *error = *tr_replay_error(recording->replay);
        }
        if (status != TR_OK && status != TR_END) {
            return status;
        }
    }
    return recording->replay == NULL ? TR_END : TR_OK;
}

const tr_recording_stats *tr_recording_get_stats(const tr_recording *recording) {
    return &recording->stats;
}

uint64_t tr_recording_trace_count(const tr_recording *recording) {
    return recording->stats.traces;
}

uint64_t tr_recording_orphan_count(const tr_recording *recording) {
    return recording->stats.orphans;
}

static const tr_chain *chain_of(const tr_spool *chains, uint64_t index) {
    return (const tr_chain *)(const void *)(chains->bytes + index * sizeof(tr_chain));
}

const tr_chain *tr_recording_trace(const tr_recording *recording, uint64_t index) {
    return chain_of(&recording->traces, index);
}

const tr_chain *tr_recording_orphan(const tr_recording *recording, uint64_t index) {
    return chain_of(&recording->orphans, index);
}

const tr_recorded *tr_recording_at(const tr_recording *recording, uint64_t offset) {
    return (const tr_recorded *)(const void *)(recording->records.bytes + offset);
}

tr_recorded_trace tr_recording_trace_at(const tr_recording *recording, uint64_t index) {
    const tr_chain *chain = tr_recording_trace(recording, index);
    const tr_recorded *first = tr_recording_at(recording, chain->first);
    tr_record record = tr_recorded_record(first);
    tr_recorded_trace trace = {.start_ns = chain->event_ns,
                               .last_ns = chain->last_ns,
                               .records = chain->count,
                               .is_closed = chain->is_closed != 0,
                               .is_left_out = chain->is_left_out != 0};
    memcpy(trace.id, tr_record_trace_id(&record), TR_TRACE_ID_BYTES);
    return trace;
}

const uint64_t *tr_recording_segments(const tr_recording *recording, size_t *count) {
    *count = recording->segment_count;
    return recording->segment_bytes;
}
