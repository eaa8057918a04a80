/* A trace's arena that is locked for a change, while the engine's own lock keeps the engine out of it.
 *
 * One number is changed in place: the write position, 8 bytes at an offset that is a multiple of 8. Whatever stops the
 * program, the file has the old number or the new one. */
#ifndef TRACEREEL_LOCKED_ARENA_H
#define TRACEREEL_LOCKED_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of an arena's header. */
enum { TR_ARENA_HEADER_BYTES = 128, TR_ARENA_WRITE_POSITION_OFFSET = 56 };

typedef struct tr_locked_arena tr_locked_arena;

/* Opens the file and takes its lock, as the engine does. What is no file, a symbolic link included, is refused. TR_OK:
 * `*locked` is to be closed. TR_ERROR_LOCKED: another process holds it, or has just put another file in its place.
 * TR_ERROR_IO, TR_ERROR_MEMORY. On failure `*locked` is NULL. Nothing is written. */
tr_status tr_locked_arena_open(const char *path, tr_locked_arena **locked, tr_error *error);

/* The first bytes of the file, `*length` of them: fewer than TR_ARENA_HEADER_BYTES where it is shorter; and its size.
 */
tr_status tr_locked_arena_read_header(const tr_locked_arena *locked, uint8_t header[TR_ARENA_HEADER_BYTES],
                                      size_t *length, uint64_t *file_bytes, tr_error *error);

/* Sets the write position, and waits until it is durable. The caller has read the header and knows that it is one. On
 * failure the file has the old number, except where the message says that the new one is in place. */
tr_status tr_locked_arena_set_write_position(tr_locked_arena *locked, uint64_t position_bytes, tr_error *error);

/* Waits until what the file has is durable: what an interrupted call may not have come to. */
tr_status tr_locked_arena_sync(tr_locked_arena *locked, tr_error *error);

/* Lets the engine in again. NULL is allowed. */
void tr_locked_arena_close(tr_locked_arena *locked);

#ifdef __cplusplus
}
#endif
#endif
