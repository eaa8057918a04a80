/* A file that is written beside, under a name that no log has, and then put in its place as a whole. */
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

/* Makes the file, with the owner and the permissions of the open file `model`, and takes the engine's lock on it: it is
 * held before anybody can see it as a segment. Of what an interrupted run left nothing stays. Whatever the answer is,
 * `file` ends in tr_new_file_publish or in tr_new_file_drop. */
tr_status tr_new_file_make(tr_new_file *file, const char *directory, int directory_descriptor, int model,
                           tr_error *error);

tr_status tr_new_file_write(tr_new_file *file, const uint8_t *bytes, size_t length, tr_error *error);

/* Writes what stands in the open file `from` from that offset on. TR_ERROR_ARGUMENT: it ends earlier. */
tr_status tr_new_file_copy(tr_new_file *file, int from, const char *from_name, uint64_t offset, uint64_t length_bytes,
                           tr_error *error);

/* Waits until the file is durable and gives it its name. TR_OK: `file->descriptor` is now the caller's to close; the
 * directory is not yet durable. TR_END: the name is taken, and `may_replace` false. On failure the file is dropped. */
tr_status tr_new_file_publish(tr_new_file *file, const char *name, bool may_replace, tr_error *error);

/* Removes the file, where that can be done: what stays is removed by the next one. */
void tr_new_file_drop(tr_new_file *file);

/* What tr_new_file_make would fail on, as far as that can be known without writing. */
tr_status tr_new_file_preflight(const char *directory, int directory_descriptor, tr_error *error);

#endif
