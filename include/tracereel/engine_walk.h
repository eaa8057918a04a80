/* How XERV's own reader gets through a plain segment.
 *
 * XERV (the engine) follows the records by their lengths alone. It gives up the whole log at a length below
 * TR_ENGINE_MIN_RECORD_BYTES, or one that runs past the end of the file; a record with any other defect it skips with a
 * warning. One to three bytes at the end of a file are no error. So it may stop where this library reads on, and a
 * broken length may carry it past records that this library finds. */
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
    bool is_refused;       /* the engine gives up at `offset`; the counts cover what comes before */
    uint64_t offset;       /* where the walk ended */
    uint32_t length_bytes; /* if refused: the length stored there */
    uint64_t left_bytes;   /* if refused: from `offset` to the end of the file */
    uint64_t records;      /* that it reads */
    uint64_t skipped;      /* stretches that it takes for records, and skips with a warning */
    uint64_t passed_over;  /* records that tr_log_next finds, and that a wrong length makes it miss */
    uint64_t misread;      /* records that it reads inside the bytes of others: text that only looks like a record */
} tr_engine_walk;

/* Walks through the plain segment at `path`, which messages call `name`. Returns TR_OK, TR_ERROR_NOT_A_LOG (the file
 * does not exist, or is not a regular file), TR_ERROR_IO or TR_ERROR_MEMORY. On failure `walk` is all zero. Costs as
 * much as reading the segment, less if the engine refuses it. */
tr_status tr_engine_walk_segment(const char *path, const char *name, tr_engine_walk *walk, tr_error *error);

#ifdef __cplusplus
}
#endif
#endif
