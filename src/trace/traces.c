/* The table of open traces, found by id, each in a slot. A trace that tracereel closed stays in the table,
 * so that its measured view is still there when an undo opens it again. */
#include <stdlib.h>
#include <string.h>

#include "record/record_view.h"
#include "trace/id_hash.h"
#include "trace/id_table.h"
#include "trace/internal.h"
#include "trace/lives.h"
#include "trace/plans.h"
#include "trace/seed.h"
#include "trace/trace_store.h"
#include "trace/transition.h"
#include "tracereel/trace.h"

enum { FIRST_CAPACITY = 64 };

struct tr_traces {
    tr_id_table ids;
    size_t open_count;
    size_t kept_count; /* closed by tracereel */
    tr_trace **slots;  /* by log_slot; NULL where free */
    uint32_t *free_slots;
    uint32_t free_slot_count;
    uint32_t slot_limit;
    uint32_t slot_capacity; /* of `slots` and `free_slots` */
    struct tr_trace_home home;
    tr_trace *closed; /* closed by the latest record, to be freed by the next call */
    bool left_out;    /* the latest record */
};

static bool grow_slots(tr_traces *traces) {
    uint32_t capacity = traces->slot_capacity == 0 ? FIRST_CAPACITY : traces->slot_capacity * 2;
    tr_trace **slots = realloc(traces->slots, capacity * sizeof(tr_trace *));
    if (slots == NULL) {
        return false;
    }
    traces->slots = slots;
    uint32_t *free_slots = realloc(traces->free_slots, capacity * sizeof *free_slots);
    if (free_slots == NULL) {
        return false;
    }
    traces->free_slots = free_slots;
    traces->slot_capacity = capacity;
    return true;
}

/* Releases the slot and the memory of the trace that the previous record closed. */
static void forget_closed(tr_traces *traces) {
    tr_trace *trace = traces->closed;
    traces->closed = NULL;
    traces->slots[trace->log_slot] = NULL;
    traces->free_slots[traces->free_slot_count++] = trace->log_slot;
    tr_trace_free(trace);
    if (traces->open_count + traces->kept_count == 0) {
        tr_pool_release(&traces->home.pool); /* it is empty: the memory of a burst of traces is given back */
    }
}

static tr_trace *new_trace(tr_traces *traces) {
    if (traces->free_slot_count == 0 && traces->slot_limit == traces->slot_capacity && !grow_slots(traces)) {
        return NULL;
    }
    tr_trace *trace = tr_trace_new(&traces->home);
    if (trace == NULL) {
        return NULL;
    }
    trace->log_slot =
        traces->free_slot_count > 0 ? traces->free_slots[--traces->free_slot_count] : traces->slot_limit++;
    tr_own(trace)->damage_at_start = traces->home.damage_count;
    traces->slots[trace->log_slot] = trace;
    return trace;
}

/* Opens a trace whose id is not in the table; `at` is what tr_id_find returned for it. */
static tr_trace *open_trace(tr_traces *traces, const uint8_t *id, uint32_t hash, size_t at) {
    if ((traces->open_count + traces->kept_count + 1) * 2 > traces->ids.capacity) {
        if (!tr_id_grow(&traces->ids)) {
            return NULL;
        }
        at = tr_id_find(&traces->ids, traces->slots, id, hash);
    }
    tr_trace *trace = new_trace(traces);
    if (trace != NULL) {
        memcpy(trace->id, id, TR_TRACE_ID_BYTES);
        traces->ids.entries[at] = (tr_id_entry){hash, trace->log_slot};
        traces->open_count++;
    }
    return trace;
}

static bool is_closed(const tr_trace *trace) {
    return trace->status == TR_TRACE_COMPLETE || trace->status == TR_TRACE_FAILED;
}

tr_traces *tr_traces_new(void) {
    tr_traces *traces = calloc(1, sizeof *traces);
    if (traces == NULL) {
        return NULL;
    }
    tr_id_seed(&traces->ids);
    if (!tr_id_grow(&traces->ids)) {
        tr_traces_free(traces);
        return NULL;
    }
    return traces;
}

void tr_traces_free(tr_traces *traces) {
    if (traces == NULL) {
        return;
    }
    for (uint32_t i = 0; i < traces->slot_limit; i++) {
        tr_trace_free(traces->slots[i]);
    }
    tr_pool_release(&traces->home.pool);
    free(traces->home.scratch);
    free(traces->slots);
    free(traces->free_slots);
    free(traces->ids.entries);
    free(traces);
}

/* Removes a trace that its last record closed, unless it can be opened again. */
static void close_trace(tr_traces *traces, tr_trace *trace, size_t at) {
    traces->open_count--;
    if (trace->closed_by_tracereel) {
        traces->kept_count++;
    } else {
        tr_id_remove(&traces->ids, at);
        traces->closed = trace;
        tr_trace_note_usual(trace);
    }
}

static inline tr_status apply_to(tr_traces *traces, tr_trace *trace, size_t at, const tr_record *record,
                                 bool is_suspect, bool by_tracereel, uint32_t *violations) {
    bool applied = tr_transition_apply(trace, record, by_tracereel, violations);
    if (is_suspect) {
        tr_own(trace)->was_tainted = true;
    }
    trace->violations_seen |= *violations;
    if (is_closed(trace)) {
        close_trace(traces, trace, at);
    }
    return applied ? TR_OK : TR_ERROR_MEMORY;
}

/* Prepares a known trace for a record. Returns false if the record belongs to no open trace. */
static bool prepare(tr_traces *traces, tr_trace *trace, const tr_record *record, bool by_tracereel,
                    uint32_t *violations) {
    bool starts = tr_view_type(record) == TR_TYPE_TRACE_START;
    if (trace->closed_by_tracereel && !starts) {
        return false;
    }
    if (by_tracereel) {
        tr_lives_note(trace, record);
    } else {
        tr_lives_restart(trace);
    }
    if (starts && is_closed(trace)) {
        traces->kept_count--;
        traces->open_count++;
        tr_lives_begin(trace, by_tracereel);
    } else if (starts) {
        *violations |= TR_VIOLATION_TRACE_RESTARTED;
        tr_lives_begin(trace, by_tracereel);
    }
    return true;
}

/* When only what ran counts, a record that tracereel wrote changes nothing of that, except whether the trace is held.
 */
static bool leave_out(tr_trace *trace, const tr_record *record) {
    bool suspends = tr_view_type(record) == TR_TYPE_TRACE_SUSPENDED;
    if (suspends && !tr_trace_set_suspension_metadata(trace, tr_view_metadata(record))) {
        return false;
    }
    tr_own(trace)->is_held_apart = suspends;
    tr_lives_note(trace, record);
    return true;
}

/* Whoever wrote the trace_start, nothing else is known about the trace. */
static tr_status begin_trace(tr_traces *traces, const tr_record *record, uint32_t hash, size_t at, tr_trace **trace) {
    *trace = open_trace(traces, tr_view_trace_id(record), hash, at);
    if (*trace == NULL) {
        return TR_ERROR_MEMORY;
    }
    bool by_tracereel = record->metadata_length_bytes > 0 && tr_plans_is_by_tracereel(NULL, record);
    return !by_tracereel || tr_plans_note(*trace, record, true) ? TR_OK : TR_ERROR_MEMORY;
}

/* Finds the trace that the record applies to; NULL with TR_OK: none. For the few records that tracereel wrote or that
 * follow one, that start a known trace, or that belong to no open one. */
static __attribute__((noinline)) tr_status find_rare(tr_traces *traces, tr_trace *known, const tr_record *record,
                                                     bool *by_tracereel, tr_trace **trace, uint32_t *violations) {
    *trace = NULL;
    *by_tracereel = tr_plans_is_by_tracereel(known, record);
    if (known != NULL && !tr_plans_note(known, record, *by_tracereel)) {
        return TR_ERROR_MEMORY;
    }
    if (*by_tracereel && traces->home.is_measured) {
        traces->left_out = true;
        return known == NULL || leave_out(known, record) ? TR_OK : TR_ERROR_MEMORY;
    }
    if (known != NULL) {
        tr_own(known)->is_held_apart = false;
    }
    if (known == NULL || !prepare(traces, known, record, *by_tracereel, violations)) {
        *violations |= TR_VIOLATION_TRACE_NOT_OPEN;
        return TR_OK;
    }
    *trace = known;
    return TR_OK;
}

tr_status tr_traces_apply(tr_traces *traces, const tr_record *record, bool is_suspect, tr_trace **trace_out,
                          uint32_t *violations) {
    *trace_out = NULL;
    *violations = is_suspect ? TR_VIOLATION_SUSPECT_RECORD : 0;
    traces->left_out = false;
    if (traces->closed != NULL) {
        forget_closed(traces);
    }
    unsigned type = tr_view_type(record);
    if (!tr_view_type_has(type, TR_HAS_TRACE)) {
        return TR_OK;
    }
    const uint8_t *id = tr_view_trace_id(record);
    uint32_t hash = tr_id_hash(&traces->ids, id);
    size_t at = tr_id_find(&traces->ids, traces->slots, id, hash);
    uint32_t slot = traces->ids.entries[at].slot;
    tr_trace *trace = slot == TR_NONE ? NULL : traces->slots[slot];
    bool by_tracereel = false;
    tr_status status = TR_OK;
    if (trace == NULL && type == TR_TYPE_TRACE_START) {
        status = begin_trace(traces, record, hash, at, &trace);
    } else if (trace == NULL || tr_own(trace)->has_planned || record->metadata_length_bytes > 0 ||
               type == TR_TYPE_TRACE_START) {
        status = find_rare(traces, trace, record, &by_tracereel, &trace, violations);
    }
    *trace_out = trace;
    if (status != TR_OK || trace == NULL) {
        *trace_out = NULL;
        return status;
    }
    return apply_to(traces, trace, at, record, is_suspect, by_tracereel, violations);
}

void tr_traces_measure(tr_traces *traces) {
    traces->home.is_measured = true;
}

bool tr_traces_left_out(const tr_traces *traces) {
    return traces->left_out;
}

uint32_t tr_trace_shard(const uint8_t id[TR_TRACE_ID_BYTES], uint32_t count) {
    return tr_id_shard(id, count);
}

tr_status tr_traces_seed(tr_traces *traces, const tr_snapshot *snapshot) {
    return tr_traces_seed_shard(traces, snapshot, 0, 1);
}

tr_status tr_traces_seed_shard(tr_traces *traces, const tr_snapshot *snapshot, uint32_t index, uint32_t count) {
    for (size_t i = 0; i < snapshot->trace_count; i++) {
        const tr_snapshot_trace *from = &snapshot->traces[i];
        if (tr_id_shard(from->trace_id, count) != index) {
            continue;
        }
        uint32_t hash = tr_id_hash(&traces->ids, from->trace_id);
        size_t at = tr_id_find(&traces->ids, traces->slots, from->trace_id, hash);
        bool known = traces->ids.entries[at].slot != TR_NONE; /* twice in one snapshot: the later one counts */
        tr_trace *trace =
            known ? traces->slots[traces->ids.entries[at].slot] : open_trace(traces, from->trace_id, hash, at);
        if (trace == NULL) {
            return TR_ERROR_MEMORY;
        }
        if (known) {
            tr_trace_reset(trace);
        }
        if (!tr_trace_seed(trace, from)) {
            return TR_ERROR_MEMORY;
        }
    }
    return TR_OK;
}

static void forget_open(tr_traces *traces, tr_trace *trace, size_t at) {
    tr_id_remove(&traces->ids, at);
    traces->open_count--;
    traces->closed = trace;
    forget_closed(traces);
}

tr_status tr_traces_put(tr_traces *traces, const tr_trace *source, tr_trace **trace_out) {
    if (traces->closed != NULL) {
        forget_closed(traces);
    }
    uint32_t hash = tr_id_hash(&traces->ids, source->id);
    size_t at = tr_id_find(&traces->ids, traces->slots, source->id, hash);
    bool is_known = traces->ids.entries[at].slot != TR_NONE;
    tr_trace *trace = is_known ? traces->slots[traces->ids.entries[at].slot] : open_trace(traces, source->id, hash, at);
    *trace_out = trace;
    if (trace == NULL) {
        return TR_ERROR_MEMORY;
    }
    if (trace == source) {
        return TR_OK;
    }
    if (is_known && is_closed(trace)) {
        traces->kept_count--;
        traces->open_count++;
    }
    if (!tr_trace_assign(trace, source)) {
        forget_open(traces, trace, tr_id_find(&traces->ids, traces->slots, source->id, hash));
        *trace_out = NULL;
        return TR_ERROR_MEMORY;
    }
    tr_own(trace)->was_tainted = tr_trace_is_tainted(source);
    tr_own(trace)->damage_at_start = traces->home.damage_count;
    return TR_OK;
}

void tr_traces_note_damage(tr_traces *traces) {
    traces->home.damage_count++;
}

tr_trace *tr_traces_find(tr_traces *traces, const uint8_t id[TR_TRACE_ID_BYTES]) {
    uint32_t slot = traces->ids.entries[tr_id_find(&traces->ids, traces->slots, id, tr_id_hash(&traces->ids, id))].slot;
    return slot == TR_NONE || is_closed(traces->slots[slot]) ? NULL : traces->slots[slot];
}

size_t tr_traces_open_count(const tr_traces *traces) {
    return traces->open_count;
}

size_t tr_traces_memory_bytes(const tr_traces *traces) {
    return sizeof *traces + traces->ids.capacity * sizeof *traces->ids.entries +
           traces->slot_capacity * (sizeof(tr_trace *) + sizeof *traces->free_slots) + traces->home.pool.used_bytes +
           traces->home.scratch_bytes;
}

size_t tr_traces_slot_limit(const tr_traces *traces) {
    return traces->slot_limit;
}

static int compare_ids(const void *left, const void *right) {
    const tr_trace *a = *(tr_trace *const *)left;
    const tr_trace *b = *(tr_trace *const *)right;
    return memcmp(a->id, b->id, TR_TRACE_ID_BYTES);
}

tr_trace **tr_traces_sorted(tr_traces *traces) {
    tr_trace **sorted = traces->open_count > 0 ? malloc(traces->open_count * sizeof(tr_trace *)) : NULL;
    if (sorted == NULL) {
        return NULL;
    }
    size_t count = 0;
    for (uint32_t i = 0; i < traces->slot_limit; i++) {
        if (traces->slots[i] != NULL && !is_closed(traces->slots[i])) {
            sorted[count++] = traces->slots[i];
        }
    }
    qsort(sorted, count, sizeof(tr_trace *), compare_ids);
    return sorted;
}
