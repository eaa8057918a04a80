/* What a draft consists of. Private to src/import. */
#ifndef TRACEREEL_DRAFT_STATE_H
#define TRACEREEL_DRAFT_STATE_H

#include "files/spool.h"
#include "import/draft.h"
#include "import/instant_order.h"
#include "import/node_order.h"

/* One trace, in the spool of traces. */
typedef struct tr_draft_trace {
    uint8_t id[TR_TRACE_ID_BYTES];
    uint8_t parent[TR_TRACE_ID_BYTES];
    uint64_t at_ns; /* as it was said; TR_TIME_UNKNOWN */
    uint64_t first_ns;
    uint64_t last_ns;
    uint64_t start_texts; /* offset in the spool of texts: its metadata */
    uint64_t end_texts;   /* message and metadata of its end */
    uint64_t end_ns;
    uint32_t start_metadata_bytes;
    uint32_t end_message_bytes;
    uint32_t end_metadata_bytes;
    uint32_t first_attempt; /* of the table of attempts */
    uint32_t first_lane;    /* of that of lanes */
    uint32_t open_count;    /* attempts that began, less those that ended */
    uint32_t depth;         /* below a trace without a parent, once it is looked for */
    uint8_t end_type;       /* a tr_record_type; TR_RECORD_TYPE_COUNT while it has no end */
    uint8_t outcome_type;   /* the end that it has where nothing closes it, as end_type */
    bool has_parent;
} tr_draft_trace;

enum { TR_MAX_WAIT_KINDS = UINT8_MAX + 1 };

/* In the spool of texts. */
typedef struct tr_draft_text {
    uint64_t offset;
    uint32_t length_bytes;
} tr_draft_text;

struct tr_draft {
    tr_event_sorter *sorter;
    tr_spool traces; /* tr_draft_trace */
    uint32_t trace_count;
    uint32_t *slots; /* trace + 1, by id */
    uint32_t slot_count;
    uint64_t seed;
    tr_spool texts;
    tr_attempt_table attempts;
    tr_attempt_table lanes; /* instead of the instance: a hash of it and of the lane */
    tr_node_order order;
    tr_draft_text wait_kinds[TR_MAX_WAIT_KINDS];
    unsigned wait_kind_count;
    tr_draft_stats stats;
    tr_draft_bend_count bends[TR_BEND_COUNT];
    /* While it is written. */
    const tr_import_event *next; /* the first that is not written yet */
    tr_instant_event *instant;
    size_t instant_capacity;
    char *joined; /* metadata of one record */
    size_t joined_capacity;
};

static inline tr_draft_trace *tr_draft_trace_at_index(const tr_draft *draft, uint32_t trace) {
    return (tr_draft_trace *)(void *)draft->traces.bytes + trace;
}

static inline tr_text tr_draft_text_at(const tr_draft *draft, uint64_t offset, uint32_t length) {
    return (tr_text){(const char *)draft->texts.bytes + offset, length};
}

/* Counts one. The first is kept. `has_node`: the node means something. */
void tr_draft_note(tr_draft *draft, tr_draft_bend bend, uint32_t trace, bool has_node, uint32_t node, uint64_t at_ns);

#endif
