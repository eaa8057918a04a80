/* The segment that a writer appends to: its file, its lock and its directory. Nothing here knows what the bytes mean.
 */
#ifndef TRACEREEL_SEGMENT_FILE_H
#define TRACEREEL_SEGMENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

typedef struct tr_segment_file {
    char *directory; /* owned, as everything below */
    char *name;      /* of the file in the directory */
    uint64_t sequence;
    uint64_t length_bytes; /* of the file */
    int directory_descriptor;
    int descriptor;    /* holds the lock; -1 while none is open */
    bool is_temporary; /* from here on nothing waits until it is durable; set after opening */
} tr_segment_file;

/* Creates the directory if it does not exist, and opens and locks the segment to append to: a new one with number 0 if
 * there is none; otherwise, with `append`, the highest one, or a new one after it if that is longer than `max_bytes` or
 * compressed. The statuses are those of tr_writer_open. Always close `file`, also on failure. */
tr_status tr_segment_file_open(tr_segment_file *file, const char *directory, bool append, uint64_t max_bytes,
                               tr_error *error);

/* Closes the segment and continues in a new one with the next number and the same owner and permissions. Sync first. */
tr_status tr_segment_file_next(tr_segment_file *file, tr_error *error);

/* On failure any part of the bytes may have been written. */
tr_status tr_segment_file_write(tr_segment_file *file, const uint8_t *bytes, size_t length, tr_error *error);

/* Waits until what was written is durable, unless the file is temporary. */
tr_status tr_segment_file_sync(tr_segment_file *file, tr_error *error);

/* Closes and frees what `file` owns, also on failure. Does not sync. */
tr_status tr_segment_file_close(tr_segment_file *file, tr_error *error);

#endif
