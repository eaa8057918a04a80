/* A log that is changed as a whole, while the engine's own lock keeps the engine out.
 *
 * Nothing is edited in place. What is new is written beside, under a name that no segment has (tracereel.new), made
 * durable, and renamed into its place; then the directory is made durable. So whatever stops the program, a reader
 * finds the log as it was before a call or as it is after it. What an interrupted call left under tracereel.new is
 * removed by the next one. */
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

/* Takes the lock of the highest segment, as a starting engine would, and looks whether another one is locked. TR_OK:
 * `*locked` is to be closed. TR_ERROR_LOCKED: another process holds the log. TR_ERROR_NOT_A_LOG: no directory with
 * segments. TR_ERROR_IO, TR_ERROR_MEMORY. On failure `*locked` is NULL. Nothing is written. */
tr_status tr_locked_log_open(const char *directory, tr_locked_log **locked, tr_error *error);

/* The name that a segment behind the highest one gets; NULL where the highest has the largest number there is. Lives
 * as long as `locked`, and changes when a segment is added. */
const char *tr_locked_log_next_name(const tr_locked_log *locked);

/* Adds a segment behind the highest one, and holds it. `bytes` are valid records, back to back, at least one. On
 * failure there is no new segment, except where the message says that it is in place and may not be durable.
 * TR_ERROR_ARGUMENT: no records, or no number is left. TR_ERROR_LOCKED: another process added one meanwhile. */
tr_status tr_locked_log_add_segment(tr_locked_log *locked, const uint8_t *bytes, size_t length, tr_error *error);

/* Puts a segment that has only the stretches `kept` of segment `name`, in their order, in its place. The whole original
 * stays, under the name `original_name`, which is durable first. An `original_name` that an interrupted call has made,
 * a second name of the segment, is taken. TR_ERROR_ARGUMENT: another file has that name, the segment is a symbolic
 * link, or a stretch is not inside of it. On failure the segment is the old one, except where the message says that the
 * new one is in place. */
tr_status tr_locked_log_replace_segment(tr_locked_log *locked, const char *name, const tr_stretch *kept, size_t count,
                                        const char *original_name, tr_error *error);

/* Makes a file `copy_name` of the stretches of segment `name`. TR_ERROR_ARGUMENT: it is there already. */
tr_status tr_locked_log_save(tr_locked_log *locked, const char *name, const tr_stretch *stretches, size_t count,
                             const char *copy_name, tr_error *error);

/* Appends a line (without its newline) to the file `file_name` beside the segments, which is made if it is not there,
 * and waits until it is durable. Where an earlier call was interrupted in the middle of a line, that one is ended
 * first. */
tr_status tr_locked_log_append_line(tr_locked_log *locked, const char *file_name, const char *line, size_t length,
                                    tr_error *error);

/* What a change would fail on, in the words that it would use: the file `file_name` that lines are appended to, and new
 * files in the directory. Only as far as it can be known without writing; whether there is room cannot. */
tr_status tr_locked_log_preflight(const tr_locked_log *locked, const char *file_name, tr_error *error);

/* Waits until the entries of the directory are durable: what an interrupted call may not have come to. */
tr_status tr_locked_log_sync(tr_locked_log *locked, tr_error *error);

/* Lets the engine in again. NULL is allowed. */
void tr_locked_log_close(tr_locked_log *locked);

#ifdef __cplusplus
}
#endif
#endif
