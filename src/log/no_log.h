/* Decides whether what is read as a log is not one. Rule: docs/damage.md. */
#ifndef TRACEREEL_NO_LOG_H
#define TRACEREEL_NO_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "log/foreign.h"
#include "tracereel/log.h"

/* The segments read so far that are not segments of a log. */
typedef struct tr_no_log {
    bool has_others; /* there are segments or snapshots that are not read, and may hold records */
    uint64_t segment_count;
    const char *segment; /* the first; lives as long as the log */
    tr_foreign foreign;  /* what it is */
} tr_no_log;

/* Whether the gap from the reader's offset to `gap_end` is all of its segment, and does not look like a log. `*foreign`
 * then says what it is. */
bool tr_no_log_look(const tr_log *log, size_t gap_end, tr_foreign *foreign);

/* The same for an archive that gives nothing to read because it is no archive. */
bool tr_no_log_look_at_archive(const tr_log *log, tr_foreign *foreign);

/* Notes that the open segment is `foreign`. TR_OK: there are others. TR_ERROR_NOT_A_LOG: it is all there is; the log's
 * error says so. */
tr_status tr_no_log_meet(tr_log *log, const tr_foreign *foreign);

/* The status at the log's end: TR_END, or TR_ERROR_NOT_A_LOG if all segments read were foreign. */
tr_status tr_no_log_end(tr_log *log);

#endif
