#include "tracereel/history.h"

#include <stdlib.h>

enum { CHUNK_BITS = 14, CHUNK_MOMENTS = 1 << CHUNK_BITS };

typedef struct chunk {
    tr_moment *moments; /* CHUNK_MOMENTS of them */
} chunk;

struct tr_history {
    uint32_t count;
    size_t chunk_count;
    size_t chunk_capacity;
    chunk *chunks; /* so that moments are never copied */
    size_t slot_count;
    uint32_t *last_of_slot; /* number of the latest record of the open trace with that log_slot, or TR_NONE */
};

tr_history *tr_history_new(void) {
    return calloc(1, sizeof(tr_history));
}

void tr_history_free(tr_history *history) {
    if (history != NULL) {
        for (size_t i = 0; i < history->chunk_count; i++) {
            free(history->chunks[i].moments);
        }
        free(history->chunks);
        free(history->last_of_slot);
        free(history);
    }
}

static tr_moment *moment_at(const tr_history *history, uint32_t number) {
    return &history->chunks[number >> CHUNK_BITS].moments[number & (CHUNK_MOMENTS - 1)];
}

static bool reserve_chunk(tr_history *history) {
    if (history->count >> CHUNK_BITS < history->chunk_count) {
        return true;
    }
    if (history->chunk_count == history->chunk_capacity) {
        size_t capacity = history->chunk_capacity == 0 ? 16 : 2 * history->chunk_capacity;
        chunk *chunks = realloc(history->chunks, capacity * sizeof *chunks);
        if (chunks == NULL) {
            return false;
        }
        history->chunks = chunks;
        history->chunk_capacity = capacity;
    }
    tr_moment *moments = malloc(CHUNK_MOMENTS * sizeof *moments);
    if (moments == NULL) {
        return false;
    }
    history->chunks[history->chunk_count++].moments = moments;
    return true;
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

tr_status tr_history_add(tr_history *history, const tr_event *event) {
    if (history->count == TR_NONE) {
        return TR_ERROR_ARGUMENT;
    }
    if (!reserve_chunk(history) || (event->trace != NULL && !reserve_slot(history, event->trace->log_slot))) {
        return TR_ERROR_MEMORY;
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
