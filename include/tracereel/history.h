/* A history: what happens to each trace of a log after each of its records. It is built in one pass; every record's
 * future can then be looked up while the log is read again.
 *
 * Memory: 4 bytes per trace that was open at the same time. 24 bytes per record of the log are in an unlinked temporary
 * file (in $TMPDIR, or /tmp), of which 16 MiB at a time are in memory. */
#ifndef TRACEREEL_HISTORY_H
#define TRACEREEL_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/replay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Records are numbered from 0, in the order of the log. */
typedef struct tr_moment {
    uint64_t timestamp_ns;
    uint32_t node_id;
    uint32_t first;  /* number of the first record of the life that this one is part of */
    uint32_t next;   /* number of the trace's next record, or TR_NONE */
    uint8_t type;    /* tr_record_type */
    uint8_t outcome; /* how the trace's life ends: TR_TRACE_COMPLETE, TR_TRACE_FAILED, or TR_TRACE_RUNNING while open */
} tr_moment;

/* A life spans from the trace_start that opens a trace (or the first record after a snapshot in which it is open) to
 * the record that closes it; a trace_start in between belongs to it. A record of no open trace is a life by itself. */
typedef struct tr_history tr_history;

/* Returns TR_OK (close `*history` with tr_history_close), or a failure: `*history` is NULL. */
tr_status tr_history_open(tr_history **history, tr_error *error);
/* NULL is allowed. */
void tr_history_close(tr_history *history);

/* Adds the next record of a replay. Returns TR_OK, TR_ERROR_MEMORY, TR_ERROR_IO where the temporary file cannot grow,
 * or TR_ERROR_ARGUMENT once there are 2^32-1 records. On failure nothing was added. */
tr_status tr_history_add(tr_history *history, const tr_event *event, tr_error *error);
/* Call once, after the last record: outcomes are known from then on. */
void tr_history_finish(tr_history *history);

uint32_t tr_history_count(const tr_history *history);
/* The record with that number, below tr_history_count. Valid until the next tr_history_add. */
const tr_moment *tr_history_moment(const tr_history *history, uint32_t number);

/* Whether the event of record `number` can have happened although recovery sees the trace only up to record `from`: the
 * crash came inside a later record, and up to `lost` records before that one were not yet durable. `number` is a later
 * record of the same life. The record that was being written counts if it reports what was over (node_done, node_error,
 * ...), and does not if it announces what comes next (node_start). */
bool tr_history_is_unseen(const tr_history *history, uint32_t from, uint32_t number, uint32_t lost);

#ifdef __cplusplus
}
#endif
#endif
