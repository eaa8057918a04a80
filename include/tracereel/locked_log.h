/* A log, locked for changes that apply as a whole: XERV's own lock keeps the engine out.
 *
 * Nothing is edited in place. A new file is written under a name that no segment has (tracereel.new), made durable, and
 * renamed into place; then the directory is made durable. So whatever stops the program, a reader finds the log
 * unchanged or fully updated. The next call removes what an interrupted one left under tracereel.new. */
#ifndef TRACEREEL_LOCKED_LOG_H
#define TRACEREEL_LOCKED_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tr_locked_log tr_locked_log;

/* A stretch of a file. */
typedef struct tr_stretch {
    uint64_t offset;
    uint64_t length_bytes;
} tr_stretch;

/* Takes the lock of the highest segment, as the engine does when it starts, and checks that no other segment is locked.
 * Returns TR_OK (close `*locked` with tr_locked_log_close), TR_ERROR_LOCKED (another process holds the log),
 * TR_ERROR_NOT_A_LOG (not a directory with segments), TR_ERROR_IO or TR_ERROR_MEMORY. On failure `*locked` is NULL.
 * Writes nothing. */
tr_status tr_locked_log_open(const char *directory, tr_locked_log **locked, tr_error *error);

/* The name that the next added segment gets; NULL if the highest segment has the largest possible number. Lives as long
 * as `locked`, and changes when a segment is added. */
const char *tr_locked_log_next_name(const tr_locked_log *locked);

/* Adds a segment after the highest one, and locks it. `bytes` are valid records, back to back, at least one. On failure
 * there is no new segment, unless the message says that it is in place and may not be durable. TR_ERROR_ARGUMENT: no
 * records, or no number is left. TR_ERROR_LOCKED: another process added one meanwhile. */
tr_status tr_locked_log_add_segment(tr_locked_log *locked, const uint8_t *bytes, size_t length, tr_error *error);

/* Replaces segment `name` with one that has only its stretches `kept`, in their order. The whole original stays under
 * the name `original_name`, which is made durable first; an `original_name` left by an interrupted call (a second name
 * of the same segment) is reused. TR_ERROR_ARGUMENT: another file has that name, the segment is a symbolic link, or a
 * stretch is not inside it. On failure the segment is the old one, unless the message says that the new one is in
 * place. */
tr_status tr_locked_log_replace_segment(tr_locked_log *locked, const char *name, const tr_stretch *kept, size_t count,
                                        const char *original_name, tr_error *error);

/* Creates a file `copy_name` from the stretches of segment `name`. TR_ERROR_ARGUMENT: it exists already. */
tr_status tr_locked_log_save(tr_locked_log *locked, const char *name, const tr_stretch *stretches, size_t count,
                             const char *copy_name, tr_error *error);

/* Appends a line (given without its newline) to the file `file_name` beside the segments, which is created if it does
 * not exist, and waits until it is durable. If an earlier call was interrupted in the middle of a line, that line is
 * ended first. */
tr_status tr_locked_log_append_line(tr_locked_log *locked, const char *file_name, const char *line, size_t length,
                                    tr_error *error);

/* Reports what a change would fail on, in the words that it would use: the file `file_name` that lines are appended to,
 * and new files in the directory. Covers only what can be known without writing; free space cannot. */
tr_status tr_locked_log_preflight(const tr_locked_log *locked, const char *file_name, tr_error *error);

/* Waits until the entries of the directory are durable, which an interrupted call may not have done. */
tr_status tr_locked_log_sync(tr_locked_log *locked, tr_error *error);

/* Releases the locks and frees `locked`. NULL is allowed. */
void tr_locked_log_close(tr_locked_log *locked);

#ifdef __cplusplus
}
#endif
#endif
