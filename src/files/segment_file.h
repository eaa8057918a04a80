/* The segment that a writer appends to: its file, its lock and its place in the directory. Nothing here knows what the
 * bytes mean. */
#ifndef TRACEREEL_SEGMENT_FILE_H
#define TRACEREEL_SEGMENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

typedef struct tr_segment_file {
    char *directory; /* owned, as all that follows */
    char *name;      /* of the file in the directory */
    uint64_t sequence;
    uint64_t length_bytes; /* of the file */
    int directory_descriptor;
    int descriptor; /* the lock hangs on it; -1 while none is open */
} tr_segment_file;

/* Makes the directory if it is not there, and opens and locks the segment to append to: a new number 0 where there is
 * none; otherwise, with `append`, the highest one, or a new one behind it where that is longer than `max_bytes` or
 * compressed. The statuses are those of tr_writer_open. Whatever the answer is, `file` is to be closed. */
tr_status tr_segment_file_open(tr_segment_file *file, const char *directory, bool append, uint64_t max_bytes,
                               tr_error *error);

/* Leaves the segment for a new one with the next number, which gets its owner and permissions. What was written must
 * have been synced. */
tr_status tr_segment_file_next(tr_segment_file *file, tr_error *error);

/* On failure any part of the bytes may have been written. */
tr_status tr_segment_file_write(tr_segment_file *file, const uint8_t *bytes, size_t length, tr_error *error);

/* Waits until what was written is durable. */
tr_status tr_segment_file_sync(tr_segment_file *file, tr_error *error);

/* Frees what `file` owns, whatever the answer is. Does not sync. */
tr_status tr_segment_file_close(tr_segment_file *file, tr_error *error);

#endif
