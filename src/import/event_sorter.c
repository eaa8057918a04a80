#include "import/event_sorter.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes/fail.h"

enum { ALIGNMENT_BYTES = 8, RADIX = 256, RADIX_PASSES = 8, PIECE_BYTES = 1 << 18 };

static const uint64_t default_memory_bytes = UINT64_C(32) << 20;
static const uint64_t forget_bytes = UINT64_C(1) << 20; /* what was merged leaves memory in such pieces */

/* Where an event of the memory is, and what decides its place. */
typedef struct sort_item {
    uint64_t at_ns;
    uint32_t order_key;
    uint32_t place; /* in units of ALIGNMENT_BYTES */
} sort_item;

/* A stretch of the spool that is sorted. */
typedef struct sorted_run {
    uint64_t next; /* offsets */
    uint64_t end;
    uint64_t forgotten;
} sorted_run;

struct tr_event_sorter {
    char *memory;
    uint64_t memory_bytes;
    uint64_t used_bytes;
    sort_item *items; /* as many again after them: room for sorting */
    size_t item_count;
    size_t item_capacity;
    size_t next_item; /* where nothing went into the spool */
    tr_spool spool;
    sorted_run *runs;
    size_t run_count;
    size_t run_capacity;
    uint8_t *piece; /* of a run, on its way into the spool */
    uint32_t *heap; /* runs, the one with the first event on top */
    size_t heap_count;
};

static uint64_t event_bytes(const tr_import_event *event) {
    uint64_t bytes = sizeof *event + (uint64_t)event->message_bytes + event->metadata_bytes;
    return (bytes + ALIGNMENT_BYTES - 1) & ~(uint64_t)(ALIGNMENT_BYTES - 1);
}

tr_status tr_event_sorter_open(uint64_t memory_bytes, tr_event_sorter **sorter, tr_error *error) {
    tr_event_sorter *self = calloc(1, sizeof *self);
    *sorter = self;
    if (self == NULL) {
        return tr_fail_memory(error, "sorting an import");
    }
    self->spool.file = -1;
    self->memory_bytes = memory_bytes == 0 ? default_memory_bytes : memory_bytes;
    return TR_OK;
}

void tr_event_sorter_close(tr_event_sorter *sorter) {
    if (sorter != NULL) {
        tr_spool_close(&sorter->spool);
        free(sorter->memory);
        free(sorter->items);
        free(sorter->runs);
        free(sorter->piece);
        free(sorter->heap);
        free(sorter);
    }
}

/* ---- sorting what is in memory ---- */

static int compare_items(const void *left, const void *right) {
    const sort_item *a = left;
    const sort_item *b = right;
    if (a->order_key != b->order_key) {
        return a->order_key < b->order_key ? -1 : 1;
    }
    return a->place < b->place ? -1 : a->place > b->place;
}

/* By time, least significant byte first, which keeps those of one time in their order. */
static sort_item *sort_by_time(sort_item *items, sort_item *room, size_t count) {
    for (unsigned pass = 0; pass < RADIX_PASSES; pass++) {
        size_t counts[RADIX] = {0};
        for (size_t i = 0; i < count; i++) {
            counts[items[i].at_ns >> (8 * pass) & (RADIX - 1)]++;
        }
        if (counts[items[0].at_ns >> (8 * pass) & (RADIX - 1)] == count) {
            continue;
        }
        size_t begin = 0;
        for (size_t digit = 0; digit < RADIX; digit++) {
            size_t digit_count = counts[digit];
            counts[digit] = begin;
            begin += digit_count;
        }
        for (size_t i = 0; i < count; i++) {
            room[counts[items[i].at_ns >> (8 * pass) & (RADIX - 1)]++] = items[i];
        }
        sort_item *sorted = room;
        room = items;
        items = sorted;
    }
    return items;
}

static void sort_memory(tr_event_sorter *sorter) {
    size_t count = sorter->item_count;
    if (count == 0) {
        return;
    }
    sort_item *sorted = sort_by_time(sorter->items, sorter->items + sorter->item_capacity, count);
    if (sorted != sorter->items) {
        memcpy(sorter->items, sorted, count * sizeof *sorted);
    }
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && sorter->items[end].at_ns == sorter->items[i].at_ns) {
            end++;
        }
        if (end - i > 1) {
            qsort(sorter->items + i, end - i, sizeof *sorter->items, compare_items);
        }
        i = end;
    }
}

/* ---- runs ---- */

static const tr_import_event *item_event(const tr_event_sorter *sorter, size_t index) {
    return (const tr_import_event *)(const void *)(sorter->memory +
                                                   (uint64_t)sorter->items[index].place * ALIGNMENT_BYTES);
}

/* Lets whole pages of the spool leave memory; they stay in the file. */
static void forget(const tr_event_sorter *sorter, uint64_t begin, uint64_t end) {
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    begin = begin / page_bytes * page_bytes;
    end = end / page_bytes * page_bytes;
    if (end > begin) {
        (void)madvise(sorter->spool.bytes + begin, (size_t)(end - begin), MADV_DONTNEED);
    }
}

static tr_status add_run(tr_event_sorter *sorter, uint64_t begin, uint64_t end, tr_error *error) {
    if (sorter->run_count == sorter->run_capacity) {
        size_t capacity = sorter->run_capacity == 0 ? 16 : sorter->run_capacity * 2;
        sorted_run *runs = realloc(sorter->runs, capacity * sizeof *runs);
        if (runs == NULL) {
            return tr_fail_memory(error, "sorting an import");
        }
        sorter->runs = runs;
        sorter->run_capacity = capacity;
    }
    sorter->runs[sorter->run_count++] = (sorted_run){begin, end, begin};
    return TR_OK;
}

/* Puts the events into the spool from `at` on, in pieces, or by themselves where they are larger. */
static tr_status write_events(tr_event_sorter *sorter, uint64_t *at, tr_error *error) {
    uint64_t piece_bytes = 0;
    tr_status status = TR_OK;
    for (size_t i = 0; i < sorter->item_count && status == TR_OK; i++) {
        const tr_import_event *event = item_event(sorter, i);
        uint64_t bytes = event_bytes(event);
        if (piece_bytes + bytes > PIECE_BYTES) {
            status = tr_spool_write(&sorter->spool, *at, sorter->piece, piece_bytes, error);
            *at += piece_bytes;
            piece_bytes = 0;
        }
        if (status == TR_OK && bytes > PIECE_BYTES) {
            status = tr_spool_write(&sorter->spool, *at, (const uint8_t *)event, bytes, error);
            *at += bytes;
        } else {
            memcpy(sorter->piece + piece_bytes, event, bytes);
            piece_bytes += bytes;
        }
    }
    if (status == TR_OK) {
        status = tr_spool_write(&sorter->spool, *at, sorter->piece, piece_bytes, error);
        *at += piece_bytes;
    }
    return status;
}

static tr_status open_spool(tr_event_sorter *sorter, tr_error *error) {
    if (sorter->piece == NULL) {
        sorter->piece = malloc(PIECE_BYTES);
    }
    return sorter->piece == NULL ? tr_fail_memory(error, "sorting an import") : tr_spool_open(&sorter->spool, error);
}

/* Sorts what is in memory into the spool. */
static tr_status write_run(tr_event_sorter *sorter, tr_error *error) {
    uint64_t offset = 0;
    tr_status status = sorter->spool.file >= 0 ? TR_OK : open_spool(sorter, error);
    if (status == TR_OK) {
        status = tr_spool_reserve(&sorter->spool, sorter->used_bytes, &offset, error);
    }
    if (status != TR_OK) {
        return status;
    }
    sort_memory(sorter);
    uint64_t end = offset;
    status = write_events(sorter, &end, error);
    sorter->used_bytes = 0;
    sorter->item_count = 0;
    return status == TR_OK ? add_run(sorter, offset, end, error) : status;
}

static tr_status grow_items(tr_event_sorter *sorter, tr_error *error) {
    size_t capacity = sorter->item_capacity == 0 ? 4096 : sorter->item_capacity * 2;
    sort_item *items = malloc(2 * capacity * sizeof *items);
    if (items == NULL) {
        return tr_fail_memory(error, "sorting an import");
    }
    if (sorter->item_count > 0) {
        memcpy(items, sorter->items, sorter->item_count * sizeof *items);
    }
    free(sorter->items);
    sorter->items = items;
    sorter->item_capacity = capacity;
    return TR_OK;
}

/* Makes room for one event. */
static tr_status make_room(tr_event_sorter *sorter, uint64_t bytes, tr_error *error) {
    tr_status status = TR_OK;
    if (sorter->used_bytes > 0 && sorter->used_bytes + bytes > sorter->memory_bytes) {
        status = write_run(sorter, error);
    }
    if (status == TR_OK && (sorter->memory == NULL || bytes > sorter->memory_bytes)) {
        uint64_t memory_bytes = bytes > sorter->memory_bytes ? bytes : sorter->memory_bytes;
        char *memory = realloc(sorter->memory, (size_t)memory_bytes);
        if (memory == NULL) {
            return tr_fail_memory(error, "sorting an import");
        }
        sorter->memory = memory;
        sorter->memory_bytes = memory_bytes;
    }
    if (status == TR_OK && sorter->item_count == sorter->item_capacity) {
        status = grow_items(sorter, error);
    }
    return status;
}

tr_status tr_event_sorter_add(tr_event_sorter *sorter, const tr_import_event *event, tr_text message, tr_text metadata,
                              tr_error *error) {
    tr_import_event copy = *event;
    copy.message_bytes = message.length_bytes;
    copy.metadata_bytes = metadata.length_bytes;
    uint64_t bytes = event_bytes(&copy);
    tr_status status = make_room(sorter, bytes, error);
    if (status != TR_OK) {
        return status;
    }
    char *out = sorter->memory + sorter->used_bytes;
    memcpy(out, &copy, sizeof copy);
    if (message.length_bytes > 0) {
        memcpy(out + sizeof copy, message.bytes, message.length_bytes);
    }
    if (metadata.length_bytes > 0) {
        memcpy(out + sizeof copy + message.length_bytes, metadata.bytes, metadata.length_bytes);
    }
    sorter->items[sorter->item_count++] =
        (sort_item){copy.at_ns, copy.order_key, (uint32_t)(sorter->used_bytes / ALIGNMENT_BYTES)};
    sorter->used_bytes += bytes;
    return TR_OK;
}

/* ---- merging ---- */

static const tr_import_event *run_event(const tr_event_sorter *sorter, uint32_t run) {
    return (const tr_import_event *)(const void *)(sorter->spool.bytes + sorter->runs[run].next);
}

static bool comes_first(const tr_event_sorter *sorter, uint32_t left, uint32_t right) {
    const tr_import_event *a = run_event(sorter, left);
    const tr_import_event *b = run_event(sorter, right);
    if (a->at_ns != b->at_ns) {
        return a->at_ns < b->at_ns;
    }
    return a->order_key != b->order_key ? a->order_key < b->order_key : left < right;
}

static void sift_down(tr_event_sorter *sorter, size_t at) {
    for (;;) {
        size_t first = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sorter->heap_count; child++) {
            if (comes_first(sorter, sorter->heap[child], sorter->heap[first])) {
                first = child;
            }
        }
        if (first == at) {
            return;
        }
        uint32_t run = sorter->heap[at];
        sorter->heap[at] = sorter->heap[first];
        sorter->heap[first] = run;
        at = first;
    }
}

tr_status tr_event_sorter_finish(tr_event_sorter *sorter, tr_error *error) {
    if (sorter->spool.file < 0) {
        sort_memory(sorter);
        return TR_OK;
    }
    tr_status status = sorter->item_count == 0 ? TR_OK : write_run(sorter, error);
    if (status != TR_OK) {
        return status;
    }
    free(sorter->memory);
    sorter->memory = NULL;
    free(sorter->items);
    sorter->items = NULL;
    sorter->heap = malloc(sorter->run_count * sizeof *sorter->heap);
    if (sorter->heap == NULL) {
        return tr_fail_memory(error, "sorting an import");
    }
    for (uint32_t run = 0; run < sorter->run_count; run++) {
        sorter->heap[sorter->heap_count++] = run;
    }
    for (size_t at = sorter->heap_count; at-- > 0;) {
        sift_down(sorter, at);
    }
    return TR_OK;
}

const tr_import_event *tr_event_sorter_next(tr_event_sorter *sorter) {
    if (sorter->spool.file < 0) {
        return sorter->next_item == sorter->item_count ? NULL : item_event(sorter, sorter->next_item++);
    } else if (sorter->heap_count == 0) {
        return NULL;
    }
    sorted_run *run = &sorter->runs[sorter->heap[0]];
    const tr_import_event *event = run_event(sorter, sorter->heap[0]);
    run->next += event_bytes(event);
    if (run->next == run->end) {
        sorter->heap[0] = sorter->heap[--sorter->heap_count];
    }
    if (run->next - run->forgotten > 2 * forget_bytes) {
        forget(sorter, run->forgotten, run->next - forget_bytes); /* the last ones may still be looked at */
        run->forgotten = run->next - forget_bytes;
    }
    sift_down(sorter, 0);
    return event;
}
