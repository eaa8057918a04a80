/* A file that is written under a temporary name beside a log's segments, and then renamed into place as a whole. */
#ifndef TRACEREEL_NEW_FILE_H
#define TRACEREEL_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

typedef struct tr_new_file {
    const char *directory;    /* for messages; not owned */
    int directory_descriptor; /* not owned */
    int descriptor;           /* owned; -1 while there is none */
    uint64_t length_bytes;
} tr_new_file;

/* Creates the file, with the owner and the permissions of the open file `model`, and takes XERV's (the engine's) lock
 * on it: it is locked before anybody can see it as a segment. Removes what an interrupted run left. Always end `file`
 * with tr_new_file_publish or tr_new_file_drop, also on failure. */
tr_status tr_new_file_make(tr_new_file *file, const char *directory, int directory_descriptor, int model,
                           tr_error *error);

tr_status tr_new_file_write(tr_new_file *file, const uint8_t *bytes, size_t length, tr_error *error);

/* Writes `length_bytes` bytes of the open file `from`, beginning at `offset`. TR_ERROR_ARGUMENT: that file ends
 * earlier. */
tr_status tr_new_file_copy(tr_new_file *file, int from, const char *from_name, uint64_t offset, uint64_t length_bytes,
                           tr_error *error);

/* Waits until the file is durable and renames it to `name`. TR_OK: the caller now closes `file->descriptor`; the
 * directory entry is not yet durable. TR_END: the name is taken, and `may_replace` is false. On failure the file is
 * dropped. */
tr_status tr_new_file_publish(tr_new_file *file, const char *name, bool may_replace, tr_error *error);

/* Removes the file if possible; otherwise the next tr_new_file_make removes it. */
void tr_new_file_drop(tr_new_file *file);

/* Reports what tr_new_file_make would fail on, as far as that can be known without writing. */
tr_status tr_new_file_preflight(const char *directory, int directory_descriptor, tr_error *error);

#endif
