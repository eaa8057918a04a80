/* The bytes of one segment, wherever they come from: a file, an archive (.gz, .zst), a pipe or a command.
 *
 * A reader sees one growing run of bytes from offset 0, of which it says what it does not need any more. A plain file
 * is mapped, and available at once; a large one, for a reader that has a window, is read part by part until something
 * in it needs looking around: it changed, or more is wanted than the window holds. A stream is copied on demand into an
 * unlinked temporary file (in $TMPDIR, or /tmp), which is mapped: so a length claimed by a hostile record costs at most
 * disk space, never memory. */
#ifndef TRACEREEL_SOURCE_H
#define TRACEREEL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/file_window.h"
#include "tracereel/status.h"

typedef struct tr_source tr_source;

/* What can be read now. tr_source_more and tr_source_recheck may move `bytes`. */
typedef struct tr_source_view {
    const uint8_t *bytes; /* never NULL; those before the offset of tr_source_forget_before may be gone */
    size_t available_bytes;
    bool complete; /* no more will come */
} tr_source_view;

typedef enum tr_source_kind { TR_SOURCE_FILE, TR_SOURCE_ARCHIVE, TR_SOURCE_STREAM } tr_source_kind;

/* Opens `path`, which messages call `name`; how an archive is compressed is how `name` ends. TR_SOURCE_STREAM reads
 * whatever the path is (a pipe); "-" is standard input. `window` may be NULL, and must outlive the source. Returns
 * TR_OK, TR_ERROR_NOT_A_LOG (it does not exist, or is not a regular file and must be), TR_ERROR_INVALID (this build
 * cannot inflate it), TR_ERROR_IO or TR_ERROR_MEMORY. On failure `*source` is NULL. */
tr_status tr_source_open(const char *path, const char *name, tr_source_kind kind, tr_file_window *window,
                         tr_source **source, tr_error *error);

/* The same for what a shell command writes to its standard output, which is `compressed`, as its name says, or not.
 * Reading to the end also fails with TR_ERROR_IO if the command failed. */
tr_status tr_source_open_command(const char *command, const char *name, bool compressed, tr_source **source,
                                 tr_error *error);

tr_source_view tr_source_look(const tr_source *source);

/* Reads until `wanted_bytes` are available or the source is complete. Returns TR_OK, TR_ERROR_INTERRUPTED (a signal
 * arrived while waiting for a pipe; what was read is kept), TR_ERROR_IO or TR_ERROR_MEMORY. */
tr_status tr_source_more(tr_source *source, size_t wanted_bytes, tr_error *error);

/* For a plain file: notices that it shrank or grew since it was opened. `*changed` says whether it did. All of it is
 * available from then on. */
tr_status tr_source_recheck(tr_source *source, bool *changed, tr_error *error);

/* Reads the first bytes of the file itself, not inflated if it is compressed. Returns how many, at most
 * `capacity_bytes`; 0 for a pipe, and if they cannot be read. */
size_t tr_source_head(const tr_source *source, uint8_t *out, size_t capacity_bytes);

/* Promises that bytes before this offset are not read again: a stream's temporary file releases their disk space, a
 * window its room. */
void tr_source_forget_before(tr_source *source, size_t offset);

/* Why the bytes from `begin` to `end` may be no records, if the source knows: a page of the file that could not be
 * read, or (if `end` is the end of what is available) an archive that ended early. Otherwise NULL. */
const char *tr_source_diagnostic(const tr_source *source, size_t begin, size_t end);

/* NULL is allowed. */
void tr_source_close(tr_source *source);

#endif
