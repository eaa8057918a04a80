/* What is kept of a trace beyond XERV's own fields: instances of nodes, details of attempts, waits that are a node's
 * own. Only imported logs say such things; other traces have none of this, and pay for none.
 *
 * An instance of a node has an entry of its own in the trace's `nodes`, after that of the node as the engine knows it.
 * The lists here run parallel to those of the trace, and may end before them: what is beyond is all zero. */
#ifndef TRACEREEL_IMPORTED_H
#define TRACEREEL_IMPORTED_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/imported_fields.h"
#include "trace/internal.h"
#include "tracereel/trace.h"

/* Bytes in the `texts` of a tr_imported. */
typedef struct tr_text_place {
    uint32_t offset;
    uint32_t length_bytes;
} tr_text_place;

typedef struct tr_imported_node {
    tr_text_place instance;  /* length 0: the node itself */
    uint32_t of;             /* of an instance: index of the node itself in the trace's `nodes` */
    uint32_t instance_count; /* of the node itself: how many it has; of an instance: its number among them, from 1 */
    uint32_t open_wait;      /* the suspension that is its own and lasts: index + 1; 0: none */
} tr_imported_node;

typedef struct tr_imported_attempt {
    uint64_t scheduled_ns;
    uint32_t number;
    uint32_t hidden_count;
    tr_text_place resource;
    tr_text_place kind;
    uint32_t last_suspension; /* the latest that began in this attempt: index + 1; 0: none */
} tr_imported_attempt;

typedef struct tr_imported_suspension {
    uint32_t node_index; /* of the entry that waits */
    uint32_t before;     /* the one before in the same attempt: index + 1; 0: none */
    tr_text_place kind;  /* of a wait that is the node's own */
    bool is_own;
} tr_imported_suspension;

/* X(type of the items, name of the list). */
#define TR_IMPORTED_LISTS(X)                                                                                           \
    X(tr_imported_node, nodes)                                                                                         \
    X(tr_imported_attempt, attempts)                                                                                   \
    X(tr_imported_suspension, suspensions)                                                                             \
    X(uint32_t, errors)      /* index + 1 in `nodes` of the entry that failed */                                       \
    X(uint32_t, by_instance) /* open addressing: index + 1 in `nodes` of an instance; 0: free */                       \
    X(char, texts)

typedef struct tr_imported {
#define TR_IMPORTED_MEMBERS(type, name)                                                                                \
    type *name;                                                                                                        \
    uint32_t name##_capacity;
    TR_IMPORTED_LISTS(TR_IMPORTED_MEMBERS)
#undef TR_IMPORTED_MEMBERS
    uint32_t texts_bytes;
    uint32_t instance_count;
    uint32_t first_own_suspension; /* index of the first suspension that is a node's own; TR_NONE: there is none yet */
    uint32_t plain_suspension;     /* index + 1 of the latest one that is not; 0: none */
    uint32_t open_wait_count;      /* nodes' own waits that last */
    uint32_t open_attempt_count;   /* kept from the first own wait on */
    bool counts_attempts;          /* open_attempt_count is right */
} tr_imported;

/* The item of a list of the trace, created if there is none. NULL on allocation failure. */
tr_imported_node *tr_imported_need_nodes(tr_trace *trace, uint32_t index);
tr_imported_attempt *tr_imported_need_attempts(tr_trace *trace, uint32_t index);
tr_imported_suspension *tr_imported_need_suspensions(tr_trace *trace, uint32_t index);
uint32_t *tr_imported_need_errors(tr_trace *trace, uint32_t index);
/* Adds a text to `texts`. Returns false on allocation failure. */
bool tr_imported_add_text(tr_trace *trace, tr_text text, tr_text_place *place);

/* The trace's, created if it has none. Returns NULL on allocation failure. */
tr_imported *tr_imported_need(tr_trace *trace);
void tr_imported_free(tr_trace *trace);
/* Gives the trace a copy of what another one has. Returns false on allocation failure; part may have been copied. */
bool tr_imported_copy(tr_trace *trace, const tr_trace *from);

/* The entry of an instance of the node, created if there is none; the trace's `nodes` may then have moved. NULL on
 * allocation failure. */
tr_node *tr_imported_need_instance(tr_trace *trace, tr_node *node, tr_text instance);

/* Which of its node's instances an entry is, from 1; 0: the node itself. */
uint32_t tr_imported_instance_number(const tr_trace *trace, uint32_t node_index);

/* Notes what a node_start or a node_error says of the last attempt of that entry. Adds what was not expected to
 * `violations`. Return false on allocation failure. */
bool tr_imported_note_start(tr_trace *trace, const tr_node *entry, const tr_imported_fields *fields,
                            uint32_t *violations);
bool tr_imported_note_kind(tr_trace *trace, const tr_node *entry, tr_text kind);
/* The next of a trace that may have suspensions. */
uint64_t tr_attempt_run_beside_waits_ns(const tr_trace *trace, const tr_attempt *attempt, uint64_t start_ns);
/* How long an attempt of the trace ran if it began at that time: see tr_attempt_duration_ns. */
static inline uint64_t tr_attempt_run_ns(const tr_trace *trace, const tr_attempt *attempt, uint64_t start_ns) {
    if (trace->suspension_count > 0) {
        return tr_attempt_run_beside_waits_ns(trace, attempt, start_ns);
    }
    return attempt->outcome == TR_OUTCOME_OPEN || attempt->end_ns < start_ns ? 0 : attempt->end_ns - start_ns;
}

/* Notes of which entry the latest error is. */
bool tr_imported_note_error(tr_trace *trace, const tr_node *entry);

/* The tr_trace_outcome with that name, if it goes with the status of the closing record; otherwise the status's own. */
uint8_t tr_imported_outcome(tr_text name, tr_trace_status status);

#endif
