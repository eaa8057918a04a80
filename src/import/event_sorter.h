/* Events of an import in the order of time, more of them than fit in memory: what fills the memory is sorted and put
 * into an unlinked temporary file, and these runs are merged at the end. */
#ifndef TRACEREEL_EVENT_SORTER_H
#define TRACEREEL_EVENT_SORTER_H

#include <stdint.h>

#include "files/spool.h"
#include "tracereel/record.h"
#include "tracereel/status.h"

/* What will be one record. Its message and its metadata stand after it. */
typedef struct tr_import_event {
    uint64_t at_ns;
    uint64_t instance;  /* a hash of the text that tells it from the node's others in parallel; 0: it has none */
    uint32_t order_key; /* what decides among events of one instant; after that, the order in which they were added */
    uint32_t trace;
    uint32_t node;
    uint32_t iteration;
    uint32_t message_bytes;
    uint32_t metadata_bytes;
    tr_record_type type;
    uint8_t wait_kind; /* of a wait that begins: a number of tr_draft_number_wait_kind */
} tr_import_event;

/* Of an event that the sorter gave. */
static inline const char *tr_import_event_texts(const tr_import_event *event) {
    return (const char *)(event + 1);
}

typedef struct tr_event_sorter tr_event_sorter;

/* `memory_bytes` of events are kept in memory, at least as many as the largest takes; 0: 32 MiB. On failure `*sorter`
 * is NULL. */
tr_status tr_event_sorter_open(uint64_t memory_bytes, tr_event_sorter **sorter, tr_error *error);

/* Adds a copy of an event: its lengths are taken from the texts. After a failure the sorter can only be closed. */
tr_status tr_event_sorter_add(tr_event_sorter *sorter, const tr_import_event *event, tr_text message, tr_text metadata,
                              tr_error *error);

/* Call once, after all were added. */
tr_status tr_event_sorter_finish(tr_event_sorter *sorter, tr_error *error);

/* The next event, which stays valid until the sorter is closed. NULL at the end. */
const tr_import_event *tr_event_sorter_next(tr_event_sorter *sorter);

/* NULL is allowed. */
void tr_event_sorter_close(tr_event_sorter *sorter);

#endif
