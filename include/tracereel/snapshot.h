/* A snapshot: XERV's (the engine's) view of the open traces at one position of the log. */
#ifndef TRACEREEL_SNAPSHOT_H
#define TRACEREEL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tr_snapshot_node {
    uint32_t node_id;
    uint32_t output_size;
    uint64_t output_offset;
    uint64_t schema_hash;
} tr_snapshot_node;

typedef struct tr_snapshot_trace {
    uint8_t trace_id[TR_TRACE_ID_BYTES];
    bool has_last_completed_node;
    bool is_suspended;
    uint32_t last_completed_node;
    uint32_t suspended_at;
    uint32_t started_count;
    uint32_t completed_count;
    const uint32_t *started_nodes;
    const tr_snapshot_node *completed_nodes;
    tr_text suspension_metadata; /* absent in snapshots of the present engine */
} tr_snapshot_trace;

typedef struct tr_snapshot {
    uint64_t id;
    uint64_t sequence;     /* reading continues in this segment */
    uint64_t offset;       /* at this byte */
    uint64_t created_at_s; /* Unix time, seconds */
    uint64_t record_count;
    size_t trace_count;
    const tr_snapshot_trace *traces;
} tr_snapshot;

/* Parses the bytes of a snapshot file. Returns TR_OK (free `*snapshot` with tr_snapshot_free), TR_ERROR_INVALID
 * (`error` says what is wrong at which offset) or TR_ERROR_MEMORY. On failure `*snapshot` is NULL. */
tr_status tr_snapshot_parse(const uint8_t *bytes, size_t length, tr_snapshot **snapshot, tr_error *error);

/* NULL is allowed. */
void tr_snapshot_free(tr_snapshot *snapshot);

#ifdef __cplusplus
}
#endif
#endif
