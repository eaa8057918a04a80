/* How the engine's own reader gets through a plain segment.
 *
 * It goes from record to record by their lengths alone: a length of less than TR_ENGINE_MIN_RECORD_BYTES, or one that
 * reaches beyond the end of the file, makes it give up the whole log; whatever else is wrong with a record, it skips it
 * with a warning. One to three bytes at the end of a file are no error. So it may stop where this library reads on, and
 * a broken length may take it over records that this library finds. */
#ifndef TRACEREEL_ENGINE_WALK_H
#define TRACEREEL_ENGINE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TR_ENGINE_MIN_RECORD_BYTES = 29 };

typedef struct tr_engine_walk {
    bool is_refused;       /* it gives up, at `offset`; what is counted comes before that */
    uint64_t offset;       /* where its walk ended */
    uint32_t length_bytes; /* refused: the length that stands there */
    uint64_t left_bytes;   /* refused: from `offset` to the end of the file */
    uint64_t records;      /* that it reads */
    uint64_t skipped;      /* stretches that it takes for records and skips with a warning */
    uint64_t passed_over;  /* records that tr_log_next finds, and that a wrong length takes it past */
    uint64_t misread;      /* records that it reads within the bytes of others: text that only looks like one */
} tr_engine_walk;

/* Walks through the plain segment at `path`, which messages call `name`. TR_OK, or: TR_ERROR_NOT_A_LOG, it is not
 * there, or no regular file; TR_ERROR_IO; TR_ERROR_MEMORY. `walk` is then all zero. Costs what reading the segment
 * costs, and less where it is refused. */
tr_status tr_engine_walk_segment(const char *path, const char *name, tr_engine_walk *walk, tr_error *error);

#ifdef __cplusplus
}
#endif
#endif
