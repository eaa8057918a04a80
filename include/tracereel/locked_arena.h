/* A trace's arena, locked for a change: XERV's own lock keeps the engine out of it.
 *
 * One number is changed in place: the write position, 8 bytes at an offset that is a multiple of 8. Whatever stops the
 * program, the file has either the old number or the new one. */
#ifndef TRACEREEL_LOCKED_ARENA_H
#define TRACEREEL_LOCKED_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The arena's header. */
enum { TR_ARENA_HEADER_BYTES = 128, TR_ARENA_WRITE_POSITION_OFFSET = 56 };

typedef struct tr_locked_arena tr_locked_arena;

/* Opens the file and takes its lock, as the engine does. Refuses everything that is not a regular file, symbolic links
 * included. Returns TR_OK (close `*locked` with tr_locked_arena_close), TR_ERROR_LOCKED (another process holds the
 * file, or has just put another one in its place), TR_ERROR_IO or TR_ERROR_MEMORY. On failure `*locked` is NULL. Writes
 * nothing. */
tr_status tr_locked_arena_open(const char *path, tr_locked_arena **locked, tr_error *error);

/* Reads the header: `*length` is the number of bytes read, fewer than TR_ARENA_HEADER_BYTES if the file is shorter, and
 * `*file_bytes` the size of the file. */
tr_status tr_locked_arena_read_header(const tr_locked_arena *locked, uint8_t header[TR_ARENA_HEADER_BYTES],
                                      size_t *length, uint64_t *file_bytes, tr_error *error);

/* Sets the write position and waits until it is durable. The caller must have read the header and checked that it is
 * one. On failure the file has the old number, unless the message says that the new one is in place. */
tr_status tr_locked_arena_set_write_position(tr_locked_arena *locked, uint64_t position_bytes, tr_error *error);

/* Waits until the file's contents are durable, which an interrupted call may not have done. */
tr_status tr_locked_arena_sync(tr_locked_arena *locked, tr_error *error);

/* Releases the lock and frees `locked`. NULL is allowed. */
void tr_locked_arena_close(tr_locked_arena *locked);

#ifdef __cplusplus
}
#endif
#endif
