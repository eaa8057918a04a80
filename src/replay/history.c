#include "tracereel/history.h"

#include <stdlib.h>

#include "bytes/fail.h"
#include "files/spool.h"
#include "files/spool_windows.h"

struct tr_history {
    uint32_t count;
    tr_spool spool; /* the moments, back to back: 24 bytes a record are too many for memory */
    tr_spool_windows *windows;
    size_t slot_count;
    uint32_t *last_of_slot; /* number of the latest record of the open trace with that log_slot, or TR_NONE */
};

void tr_history_close(tr_history *history) {
    if (history != NULL) {
        tr_spool_close(&history->spool);
        free(history->windows);
        free(history->last_of_slot);
        free(history);
    }
}

tr_status tr_history_open(tr_history **history, tr_error *error) {
    *history = NULL;
    tr_history *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return tr_fail_memory(error, "keeping a log's history");
    }
    made->spool.file = -1;
    made->windows = calloc(1, sizeof *made->windows);
    tr_status status =
        made->windows == NULL ? tr_fail_memory(error, "keeping a log's history") : tr_spool_open(&made->spool, error);
    if (status != TR_OK) {
        tr_history_close(made);
        return status;
    }
    *history = made;
    return TR_OK;
}

static tr_moment *moment_at(const tr_history *history, uint32_t number) {
    uint64_t offset = (uint64_t)number * sizeof(tr_moment);
    tr_spool_look(history->windows, &history->spool, offset);
    return (tr_moment *)(void *)(history->spool.bytes + offset);
}

static bool reserve_slot(tr_history *history, size_t slot) {
    if (slot < history->slot_count) {
        return true;
    }
    size_t count = history->slot_count == 0 ? 64 : history->slot_count;
    while (count <= slot) {
        count *= 2;
    }
    uint32_t *last_of_slot = realloc(history->last_of_slot, count * sizeof *last_of_slot);
    if (last_of_slot == NULL) {
        return false;
    }
    for (size_t i = history->slot_count; i < count; i++) {
        last_of_slot[i] = TR_NONE;
    }
    history->last_of_slot = last_of_slot;
    history->slot_count = count;
    return true;
}

static bool is_open(const tr_trace *trace) {
    return trace->status == TR_TRACE_RUNNING || trace->status == TR_TRACE_SUSPENDED;
}

tr_status tr_history_add(tr_history *history, const tr_event *event, tr_error *error) {
    if (history->count == TR_NONE) {
        return tr_fail(error, TR_ERROR_ARGUMENT, "a log of more than 4294967294 records is too long for a history");
    }
    if (event->trace != NULL && !reserve_slot(history, event->trace->log_slot)) {
        return tr_fail_memory(error, "keeping a log's history");
    }
    uint64_t offset = 0;
    tr_status status = tr_spool_reserve(&history->spool, sizeof(tr_moment), &offset, error);
    if (status != TR_OK) {
        return status;
    }
    uint32_t number = history->count++;
    tr_moment *added = moment_at(history, number);
    *added = (tr_moment){
        .timestamp_ns = tr_record_timestamp_ns(&event->record),
        .node_id = tr_record_node_id(&event->record),
        .first = number,
        .next = TR_NONE,
        .type = (uint8_t)tr_record_type_of(&event->record),
        .outcome = TR_TRACE_RUNNING,
    };
    if (event->trace != NULL) {
        uint32_t *last = &history->last_of_slot[event->trace->log_slot];
        if (*last != TR_NONE) {
            tr_moment *before = moment_at(history, *last);
            before->next = number;
            added->first = before->first;
        }
        *last = is_open(event->trace) ? number : TR_NONE;
        added->outcome = is_open(event->trace) ? TR_TRACE_RUNNING : event->trace->status;
    }
    return TR_OK;
}

void tr_history_finish(tr_history *history) {
    for (uint32_t number = history->count; number-- > 0;) {
        tr_moment *moment = moment_at(history, number);
        if (moment->next != TR_NONE) {
            moment->outcome = moment_at(history, moment->next)->outcome;
        }
    }
    free(history->last_of_slot);
    history->last_of_slot = NULL;
    history->slot_count = 0;
}

uint32_t tr_history_count(const tr_history *history) {
    return history->count;
}

const tr_moment *tr_history_moment(const tr_history *history, uint32_t number) {
    return moment_at(history, number);
}

static bool announces(uint8_t type) {
    return type == TR_TYPE_TRACE_START || type == TR_TYPE_NODE_START || type == TR_TYPE_LOOP_ITERATION;
}

bool tr_history_is_unseen(const tr_history *history, uint32_t from, uint32_t number, uint32_t lost) {
    uint32_t first_unseen = moment_at(history, from)->next;
    if (first_unseen == TR_NONE || number < first_unseen || number - first_unseen > lost) {
        return false;
    }
    bool is_being_written = number - first_unseen == lost;
    return !is_being_written || !announces(moment_at(history, number)->type);
}
