/* Writes a log as XERV (the engine) does: one segment after another, records back to back, with an exclusive lock on
 * the segment that is being appended to. */
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
    uint64_t max_segment_bytes; /* a new segment begins before a record would take one past this; 0 = 64 MiB */
    bool append; /* continue in a directory that already has segments, as the engine does: after the last byte of the
                    highest one, or in a new one if that is over half of the maximum */
} tr_writer_options;

/* Opens `directory`, which is created if it does not exist (its parent must). NULL options mean all zero: a new log.
 * Returns TR_OK (close `*writer` with tr_writer_close), TR_ERROR_ARGUMENT (it has segments, and `append` is not set),
 * TR_ERROR_LOCKED (another process writes to it), TR_ERROR_IO or TR_ERROR_MEMORY. On failure `*writer` is NULL. */
tr_status tr_writer_open(const char *directory, const tr_writer_options *options, tr_writer **writer, tr_error *error);

/* Appends one record, encoded from fields or given as the bytes of a valid one. Bytes are buffered. After a failure
 * every later call returns the same, and what was not flushed is lost. `position` (NULL allowed) receives the position
 * of the record. */
tr_status tr_writer_append(tr_writer *writer, const tr_record_fields *fields, tr_position *position, tr_error *error);
tr_status tr_writer_append_bytes(tr_writer *writer, const uint8_t *bytes, size_t length, tr_position *position,
                                 tr_error *error);

/* Writes what is buffered and waits until it is durable (fsync). */
tr_status tr_writer_sync(tr_writer *writer, tr_error *error);

/* Syncs (the directory's entry too), closes and frees. Always frees the writer, also on failure. NULL is allowed. */
tr_status tr_writer_close(tr_writer *writer, tr_error *error);

#ifdef __cplusplus
}
#endif
#endif
