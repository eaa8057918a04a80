/* Spans that wait for the root of their trace, and of which traces the root has come. */
#ifndef TRACEREEL_WAITING_SPANS_H
#define TRACEREEL_WAITING_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import/name_table.h"
#include "tracereel/record.h"

/* One that waits: its text and its resource's, or, where that has no text, a number by which somebody else knows it. */
typedef struct tr_waiting_span {
    struct tr_waiting_span *next;
    uint64_t number;
    uint32_t text_bytes;
    uint32_t resource_bytes;
    char texts[];
} tr_waiting_span;

typedef struct tr_span_trace {
    uint8_t id[TR_TRACE_ID_BYTES];
    bool has_root;
    uint32_t number;        /* of the trace in the draft, once it has its root */
    tr_waiting_span *first; /* in the order in which they came */
    tr_waiting_span *last;
    char *name; /* the text that is its id; NULL where that is the UUID's own, or once it has its root */
    size_t name_bytes;
    char *place; /* of the first that waits; NULL where none does */
} tr_span_trace;

/* All zero is empty. */
typedef struct tr_waiting_spans {
    tr_name_table index_by_id;
    tr_span_trace *traces; /* in the order in which they were first named */
    uint32_t trace_count;
    uint32_t trace_capacity;
    size_t text_bytes; /* of all that wait, and what goes with them */
} tr_waiting_spans;

/* The index of the trace of that id. False: it was not named yet. */
bool tr_waiting_spans_find(const tr_waiting_spans *spans, const uint8_t id[TR_TRACE_ID_BYTES], uint32_t *index);

/* The index of the trace of that id, which is made where it is not there. False: out of memory. */
bool tr_waiting_spans_trace(tr_waiting_spans *spans, const uint8_t id[TR_TRACE_ID_BYTES], uint32_t *index);

/* Adds a copy of one that waits. `place`: where it stands. False: out of memory, and nothing has changed. */
bool tr_waiting_spans_add(tr_waiting_spans *spans, uint32_t index, const char *place, tr_text text, tr_text resource,
                          uint64_t number);

/* Keeps the text that the trace is called by, where it is not known yet. False: out of memory. */
bool tr_waiting_spans_set_name(tr_waiting_spans *spans, uint32_t index, tr_text name);

/* The root has come: `number` is the trace's in the draft. */
void tr_waiting_spans_begin(tr_waiting_spans *spans, uint32_t index, uint32_t number);

/* Takes out the first one that waits; NULL where none does. Free it with free(). */
tr_waiting_span *tr_waiting_spans_take(tr_waiting_spans *spans, uint32_t index);

/* What it has in memory. */
size_t tr_waiting_spans_bytes(const tr_waiting_spans *spans);

void tr_waiting_spans_free(tr_waiting_spans *spans);

#endif
