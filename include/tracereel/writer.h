/* Writing a log as the engine does: one segment after another, records back to back, an exclusive lock on the segment
 * that is being appended to. */
#ifndef TRACEREEL_WRITER_H
#define TRACEREEL_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/log.h"
#include "tracereel/record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tr_writer tr_writer;

typedef struct tr_writer_options {
    uint64_t max_segment_bytes; /* a segment is left before a record would carry it past this; 0 = 64 MiB */
    bool append;                /* go on in a directory that has segments already, as the engine does: behind the last
                                 * byte of the highest one, or in a new one if that is over half of the maximum */
} tr_writer_options;

/* Opens `directory`, which is made if it is not there (its parent must be). NULL options mean all zero: a new log.
 * TR_OK: `*writer` is to be closed. TR_ERROR_ARGUMENT: it has segments and `append` was not asked for.
 * TR_ERROR_LOCKED: another process writes to it. TR_ERROR_IO, TR_ERROR_MEMORY. On failure `*writer` is NULL. */
tr_status tr_writer_open(const char *directory, const tr_writer_options *options, tr_writer **writer, tr_error *error);

/* Appends one record, encoded from fields or given as the bytes of a valid one. Bytes are buffered. On failure the
 * writer stays failed: every later call answers the same, and what was not flushed is lost. `position` (NULL allowed)
 * is where the record will stand. */
tr_status tr_writer_append(tr_writer *writer, const tr_record_fields *fields, tr_position *position, tr_error *error);
tr_status tr_writer_append_bytes(tr_writer *writer, const uint8_t *bytes, size_t length, tr_position *position,
                                 tr_error *error);

/* Hands what is buffered to the system and waits until it is durable (fsync). */
tr_status tr_writer_sync(tr_writer *writer, tr_error *error);

/* Syncs, closes and frees, the directory's entry included. The writer is gone whatever the answer is; NULL is allowed.
 */
tr_status tr_writer_close(tr_writer *writer, tr_error *error);

#ifdef __cplusplus
}
#endif
#endif
