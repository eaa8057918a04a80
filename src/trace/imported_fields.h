/* What imported records say in their metadata, for which XERV's format has no field: docs/import.md. */
#ifndef TRACEREEL_IMPORTED_FIELDS_H
#define TRACEREEL_IMPORTED_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/internal.h"
#include "tracereel/record.h"

/* Members of the metadata's object at top level; absent ones, and those of another kind, are 0. Texts are unescaped,
 * and valid until the next record is read. */
typedef struct tr_imported_fields {
    tr_text instance;      /* which of the node's parallel instances the record is of */
    tr_text wait;          /* trace_suspended, trace_resumed: the wait is the node's own; what kind it is of */
    tr_text kind;          /* node_error: what kind of error */
    tr_text resource;      /* node_start: who or what ran it */
    tr_text outcome;       /* trace_complete, trace_failed: how it ended */
    uint64_t scheduled_ns; /* node_start: when the source says that the node was ready */
    uint32_t attempt;      /* node_start: the source's own number of the attempt, from 1 */
} tr_imported_fields;

/* Reads the imported fields of a record; all zero where its metadata is not a JSON object. Returns false on allocation
 * failure.
 */
bool tr_imported_fields_read(struct tr_trace_home *home, const tr_record *record, tr_imported_fields *fields);

#endif
