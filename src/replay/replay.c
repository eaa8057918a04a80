#include "tracereel/replay.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "log/internal.h"
#include "record/record_view.h"
#include "trace/id_hash.h"

struct tr_replay {
    tr_log *log;
    tr_traces *traces;
    uint32_t planned_segment; /* tr_replay_planned_segment */
    uint64_t now_ns;
    uint64_t first_ns; /* the earliest timestamp; above now_ns before the first record */
    uint64_t violation_counts[TR_VIOLATION_COUNT];
    bool out_of_memory; /* a record, or the traces of a snapshot, could not be kept */
    bool is_measured;
    bool has_detour; /* has_peeked or has_shard: one test for records that need neither */
    bool has_peeked; /* `peeked` and `peeked_record` are the log's next result */
    bool has_shard;
    uint32_t shard_index;
    uint32_t shard_count;
    tr_status peeked;
    tr_record peeked_record;
    tr_error error;
};

static bool has_node(const tr_filter *filter, uint32_t node_id) {
    for (size_t i = 0; i < filter->node_count; i++) {
        if (filter->nodes[i] == node_id) {
            return true;
        }
    }
    return false;
}

static int compare_ids(const void *left, const void *right) {
    return memcmp(left, right, TR_TRACE_ID_BYTES);
}

static bool has_trace(const tr_filter *filter, const uint8_t *id) {
    if (filter->traces_are_sorted) {
        return bsearch(id, filter->traces, filter->trace_count, TR_TRACE_ID_BYTES, compare_ids) != NULL;
    }
    for (size_t i = 0; i < filter->trace_count; i++) {
        if (memcmp(filter->traces[i], id, TR_TRACE_ID_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

bool tr_filter_passes(const tr_filter *filter, const tr_record *record) {
    unsigned type = tr_view_type(record);
    if (filter->types != 0 && (filter->types >> type & 1) == 0) {
        return false;
    }
    if (filter->node_count > 0 && tr_view_type_has(type, TR_HAS_NODE) && !has_node(filter, tr_view_node_id(record))) {
        return false;
    }
    if (filter->trace_count > 0 && !has_trace(filter, tr_view_trace_id(record))) {
        return false;
    }
    uint64_t timestamp_ns = tr_view_timestamp_ns(record);
    return timestamp_ns >= filter->since_ns && (filter->until_ns == 0 || timestamp_ns < filter->until_ns);
}

tr_status tr_replay_open(tr_log *log, tr_replay **out) {
    *out = NULL;
    tr_replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL) {
        return TR_ERROR_MEMORY;
    }
    replay->log = log;
    replay->first_ns = UINT64_MAX;
    replay->planned_segment = TR_NONE;
    replay->traces = tr_traces_new();
    const tr_snapshot *snapshot = tr_log_snapshot(log);
    if (replay->traces == NULL || (snapshot != NULL && tr_traces_seed(replay->traces, snapshot) != TR_OK)) {
        tr_replay_close(replay);
        return TR_ERROR_MEMORY;
    }
    *out = replay;
    return TR_OK;
}

static void count_violations(tr_replay *replay, uint32_t violations) {
    for (unsigned bit = 0; bit < TR_VIOLATION_COUNT; bit++) {
        replay->violation_counts[bit] += violations >> bit & 1;
    }
}

static tr_status fail_memory(tr_replay *replay) {
    replay->out_of_memory = true;
    return tr_fail_memory(&replay->error, "keeping the state of the open traces");
}

static void set_peeked(tr_replay *replay, bool has_peeked) {
    replay->has_peeked = has_peeked;
    replay->has_detour = has_peeked || replay->has_shard;
}

tr_status tr_replay_peek(tr_replay *replay, uint64_t *timestamp_ns) {
    if (!replay->has_peeked) {
        replay->peeked = tr_log_next(replay->log, &replay->peeked_record);
        set_peeked(replay, replay->peeked == TR_OK || replay->peeked == TR_GAP);
    }
    if (replay->peeked == TR_OK) {
        *timestamp_ns = tr_view_timestamp_ns(&replay->peeked_record);
    }
    return replay->peeked;
}

static tr_status take_peeked(tr_replay *replay, tr_record *record) {
    set_peeked(replay, false);
    *record = replay->peeked_record;
    return replay->peeked;
}

void tr_replay_measure(tr_replay *replay) {
    replay->is_measured = true;
    tr_traces_measure(replay->traces);
}

static inline void note_time(tr_replay *replay, const tr_record *record) {
    uint64_t timestamp_ns = tr_view_timestamp_ns(record);
    replay->now_ns = timestamp_ns > replay->now_ns ? timestamp_ns : replay->now_ns;
    replay->first_ns = timestamp_ns < replay->first_ns ? timestamp_ns : replay->first_ns;
}

/* Keeps only those traces of the snapshot. Returns false on allocation failure: all are kept then. */
static bool keep_shard(tr_replay *replay, const tr_snapshot *snapshot, uint32_t index, uint32_t count) {
    tr_traces *kept = tr_traces_new();
    if (kept == NULL || tr_traces_seed_shard(kept, snapshot, index, count) != TR_OK) {
        tr_traces_free(kept);
        return false;
    }
    if (replay->is_measured) {
        tr_traces_measure(kept);
    }
    tr_traces_free(replay->traces);
    replay->traces = kept;
    return true;
}

tr_status tr_replay_set_shard(tr_replay *replay, uint32_t index, uint32_t count) {
    if (count > TR_SHARD_MAX_COUNT || index >= count) {
        return tr_fail(&replay->error, TR_ERROR_ARGUMENT, "a shard from 0 to the count less 1 expected, got %u of %u",
                       (unsigned)index, (unsigned)count);
    }
    const tr_snapshot *snapshot = tr_log_snapshot(replay->log);
    if (snapshot != NULL && !keep_shard(replay, snapshot, index, count)) {
        return fail_memory(replay);
    }
    replay->shard_index = index;
    replay->shard_count = count;
    replay->has_shard = count > 1;
    set_peeked(replay, replay->has_peeked);
    return TR_OK;
}

static inline bool is_foreign(const tr_replay *replay, const tr_record *record) {
    return tr_id_shard(tr_view_trace_id(record), replay->shard_count) != replay->shard_index;
}

bool tr_replay_pass_over(tr_replay *replay) {
    bool passes = replay->has_shard && replay->has_peeked && replay->peeked == TR_OK &&
                  is_foreign(replay, &replay->peeked_record);
    if (passes) {
        set_peeked(replay, false);
        if (!replay->is_measured) {
            note_time(replay, &replay->peeked_record);
        }
    }
    return passes;
}

/* Takes the log's next result that is not a record of another shard. */
static tr_status read_shard(tr_replay *replay, tr_record *record) {
    enum { RECORDS_BETWEEN_STOPS = 1 << 16 };
    for (unsigned looks = 1;; looks++) {
        tr_status status = tr_log_next(replay->log, record);
        if (status != TR_OK || !is_foreign(replay, record)) {
            return status;
        }
        if (!replay->is_measured) {
            note_time(replay, record);
        }
        if (looks % RECORDS_BETWEEN_STOPS == 0 && tr_log_is_stopped(replay->log)) {
            return TR_ERROR_INTERRUPTED;
        }
    }
}

/* The log's next result, where there is more to it than to ask for it. */
__attribute__((noinline)) static tr_status read_by_detour(tr_replay *replay, tr_record *record) {
    (void)tr_replay_pass_over(replay);
    return replay->has_peeked ? take_peeked(replay, record) : read_shard(replay, record);
}

static void note_passed_over(tr_replay *replay) {
    if (replay->planned_segment == TR_NONE) {
        replay->planned_segment = tr_log_place(replay->log)->segment_index;
    }
}

uint32_t tr_replay_planned_segment(const tr_replay *replay) {
    return replay->planned_segment;
}

/* Takes the log's next result; applies it if it is a record. */
static tr_status apply_next(tr_replay *replay, tr_event *event) {
    tr_status status =
        replay->has_detour ? read_by_detour(replay, &event->record) : tr_log_next(replay->log, &event->record);
    if (status != TR_OK) {
        return status;
    }
    bool is_suspect = tr_log_place(replay->log)->suspect;
    status = tr_traces_apply(replay->traces, &event->record, is_suspect, &event->trace, &event->violations);
    return status == TR_OK ? TR_OK : fail_memory(replay);
}

tr_status tr_replay_next(tr_replay *replay, tr_event *event) {
    if (replay->out_of_memory) {
        return TR_ERROR_MEMORY;
    }
    tr_status status = apply_next(replay, event);
    while (status == TR_OK && tr_traces_left_out(replay->traces)) {
        note_passed_over(replay);
        status = apply_next(replay, event);
    }
    if (status == TR_OK) {
        replay->planned_segment = TR_NONE;
        note_time(replay, &event->record);
        if (event->violations != 0) {
            count_violations(replay, event->violations);
        }
    } else if (status == TR_GAP) {
        if (tr_gap_class_is_damage(tr_log_gap(replay->log)->gap_class)) {
            tr_traces_note_damage(replay->traces);
        }
    } else if (status != TR_END && !replay->out_of_memory) {
        replay->error = *tr_log_error(replay->log);
    }
    return status;
}

uint64_t tr_replay_now_ns(const tr_replay *replay) {
    return replay->now_ns;
}

uint64_t tr_replay_first_ns(const tr_replay *replay) {
    return replay->first_ns < replay->now_ns ? replay->first_ns : replay->now_ns;
}

tr_traces *tr_replay_traces(tr_replay *replay) {
    return replay->traces;
}

const tr_error *tr_replay_error(const tr_replay *replay) {
    return &replay->error;
}

const uint64_t *tr_replay_violation_counts(const tr_replay *replay) {
    return replay->violation_counts;
}

void tr_replay_close(tr_replay *replay) {
    if (replay != NULL) {
        tr_traces_free(replay->traces);
        free(replay);
    }
}
