/* The bytes of one segment, wherever they come from: a mapped file, a gzip stream or a pipe.
 *
 * A reader sees one growing run of bytes from offset 0. A plain file is there at once. A stream is copied, as far as it
 * is asked for, into an unlinked temporary file (in $TMPDIR, or /tmp) which is mapped: so a length claimed by a hostile
 * record costs disk at the most, never memory. */
#ifndef TRACEREEL_SOURCE_H
#define TRACEREEL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

typedef struct tr_source tr_source;

/* What can be read now. `bytes` may move whenever tr_source_more or tr_source_recheck is called. */
typedef struct tr_source_view {
    const uint8_t *bytes; /* never NULL */
    size_t available_bytes;
    bool complete; /* no more will come */
} tr_source_view;

typedef enum tr_source_kind { TR_SOURCE_FILE, TR_SOURCE_GZIP, TR_SOURCE_STREAM } tr_source_kind;

/* Opens `path`, which messages will call `name`. STREAM reads whatever the path is (a pipe); "-" is standard input.
 * TR_OK; TR_ERROR_NOT_A_LOG: it is not there, or not a regular file where one is needed; TR_ERROR_IO; TR_ERROR_MEMORY.
 * On failure `*source` is NULL. */
tr_status tr_source_open(const char *path, const char *name, tr_source_kind kind, tr_source **source, tr_error *error);

tr_source_view tr_source_look(const tr_source *source);

/* Reads on until `wanted_bytes` are available or the source is complete. TR_ERROR_INTERRUPTED: a signal came while a
 * pipe had nothing; what had come before is kept. TR_ERROR_IO, TR_ERROR_MEMORY. */
tr_status tr_source_more(tr_source *source, size_t wanted_bytes, tr_error *error);

/* For a plain file: takes notice that it has shrunk or grown since it was opened. `*changed` says whether what is
 * available is another now. */
tr_status tr_source_recheck(tr_source *source, bool *changed, tr_error *error);

/* The first bytes of the file itself: of a compressed one before it is inflated. Returns how many there are, at most
 * `capacity_bytes`; 0 for a pipe, and where they cannot be read. */
size_t tr_source_head(const tr_source *source, uint8_t *out, size_t capacity_bytes);

/* Bytes before this offset will not be looked at again: a stream's temporary file gives their disk space back. */
void tr_source_forget_before(tr_source *source, size_t offset);

/* Why the bytes from `begin` to `end` may be no records, where the source knows: a page of a file that the disk did not
 * give, or (where `end` is the end of what is available) a gzip stream that ended early. NULL where it knows of
 * nothing. */
const char *tr_source_diagnostic(const tr_source *source, size_t begin, size_t end);

/* NULL is allowed. */
void tr_source_close(tr_source *source);

#endif
