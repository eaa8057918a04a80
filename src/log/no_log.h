/* Whether what is read as a log is none. Rule: docs/damage.md. */
#ifndef TRACEREEL_NO_LOG_H
#define TRACEREEL_NO_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "log/foreign.h"
#include "tracereel/log.h"

/* The segments that were read, and are none. */
typedef struct tr_no_log {
    bool has_others; /* there are segments or snapshots that are not read, and may hold records */
    uint64_t segment_count;
    const char *segment; /* the first; lives as long as the log */
    tr_foreign foreign;  /* what it is */
} tr_no_log;

/* Of the gap from the reader's offset to `gap_end`: whether it is all of its segment, and no log by the look of it.
 * `*foreign` then says what it is. */
bool tr_no_log_look(const tr_log *log, size_t gap_end, tr_foreign *foreign);

/* The same of an archive that holds nothing to read, because it is no archive. */
bool tr_no_log_look_at_archive(const tr_log *log, tr_foreign *foreign);

/* The open segment is `foreign`. TR_OK: there are others, and it is noted. TR_ERROR_NOT_A_LOG: it is all there is; the
 * log's error says so. */
tr_status tr_no_log_meet(tr_log *log, const tr_foreign *foreign);

/* What the log's end is: TR_END, or TR_ERROR_NOT_A_LOG where nothing but such segments was met. */
tr_status tr_no_log_end(tr_log *log);

#endif
