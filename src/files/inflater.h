/* What was compressed with gzip or zstd, inflated while it is read. */
#ifndef TRACEREEL_INFLATER_H
#define TRACEREEL_INFLATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

typedef enum tr_coding { TR_CODING_PLAIN, TR_CODING_GZIP, TR_CODING_ZSTD } tr_coding;

/* As the end of a file's name says it: .gz or .zst; and that end, empty of what is plain. */
tr_coding tr_coding_of_name(const char *name);
const char *tr_coding_suffix(tr_coding coding);
/* As its first bytes say it, of which it takes TR_CODING_MAGIC_BYTES to be sure. */
enum { TR_CODING_MAGIC_BYTES = 4 };
tr_coding tr_coding_of_bytes(const uint8_t *bytes, size_t length);

typedef struct tr_inflater tr_inflater;

/* Inflates what is read from `file`, which stays the caller's, and which messages call `name` (copied). Returns TR_OK,
 * TR_ERROR_INVALID (this build has no libzstd) or TR_ERROR_MEMORY. On failure `*inflater` is NULL. */
tr_status tr_inflater_open(tr_coding coding, int file, const char *name, tr_inflater **inflater, tr_error *error);

/* Gives it, before it reads, bytes that were read from the file already: at most TR_INFLATER_CHUNK_BYTES. */
enum { TR_INFLATER_CHUNK_BYTES = 256 * 1024 };
void tr_inflater_begin_with(tr_inflater *inflater, const void *bytes, size_t length);

/* Writes at least one byte, at most `capacity_bytes`, to `out`, unless there are no more: then the inflater is
 * complete. Returns TR_OK, TR_ERROR_INTERRUPTED (a signal came while it waited for a pipe; call it again), TR_ERROR_IO
 * or TR_ERROR_MEMORY. */
tr_status tr_inflater_read(tr_inflater *inflater, void *out, size_t capacity_bytes, size_t *got_bytes, tr_error *error);
bool tr_inflater_is_complete(const tr_inflater *inflater);
/* Has the end of the file been met? What is damaged is complete before that. */
bool tr_inflater_has_read_all(const tr_inflater *inflater);

/* Why it is complete though the compressed bytes are not whole: "the gzip data ends early at compressed byte 17".
 * Otherwise NULL. */
const char *tr_inflater_problem(const tr_inflater *inflater);

/* How many bytes of the file have been read. */
uint64_t tr_inflater_read_bytes(const tr_inflater *inflater);

/* NULL is allowed. */
void tr_inflater_close(tr_inflater *inflater);

#endif
