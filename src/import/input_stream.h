/* The bytes of an input, plain or compressed (gzip, zstd), read in pieces from its beginning to its end.
 *
 * What was read and not skipped stays in one buffer. */
#ifndef TRACEREEL_INPUT_STREAM_H
#define TRACEREEL_INPUT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/record.h"
#include "tracereel/status.h"

enum { TR_MAX_LINE_BYTES = 1 << 26 }; /* a longer line, or row, is no line of a recording */

typedef struct tr_input_stream tr_input_stream;

/* The part that can be read now. It may be changed in place. The next call that reads or skips ends it. */
typedef struct tr_input_view {
    char *bytes;
    size_t length_bytes;
    bool is_complete; /* no more will come */
} tr_input_view;

/* Opens a file, or standard input where `path` is "-". The first bytes say whether it is compressed. Returns TR_OK,
 * TR_ERROR_IO, TR_ERROR_NOT_A_LOG (there is no such file, or it is none), TR_ERROR_INTERRUPTED, TR_ERROR_INVALID or
 * TR_ERROR_MEMORY. On failure `*stream` is NULL. */
tr_status tr_input_stream_open(const char *path, tr_input_stream **stream, tr_error *error);

tr_input_view tr_input_stream_look(const tr_input_stream *stream);

/* Reads until `wanted_bytes` can be seen, or there are no more. Returns TR_OK, TR_ERROR_INVALID (the compressed bytes
 * are broken, or end early), TR_ERROR_IO, TR_ERROR_INTERRUPTED (what was read is kept) or TR_ERROR_MEMORY. */
tr_status tr_input_stream_more(tr_input_stream *stream, size_t wanted_bytes, tr_error *error);

/* Skips bytes that can be seen. */
void tr_input_stream_skip(tr_input_stream *stream, size_t bytes);

/* The next line, without its end (LF or CR LF), until the next call. Returns TR_OK, TR_END, TR_ERROR_INVALID where it
 * is longer than TR_MAX_LINE_BYTES, or what tr_input_stream_more returns. */
tr_status tr_input_stream_line(tr_input_stream *stream, tr_text *line, tr_error *error);

/* The number of the line that tr_input_stream_line gave last, from 1; or, for who reads lines in another way, of the
 * one that was set. 0: none. */
uint64_t tr_input_stream_line_number(const tr_input_stream *stream);
void tr_input_stream_set_line_number(tr_input_stream *stream, uint64_t number);

/* How many bytes of the file have been read, and how many it has (0: nobody knows, as of a pipe). */
uint64_t tr_input_stream_read_bytes(const tr_input_stream *stream);
uint64_t tr_input_stream_file_bytes(const tr_input_stream *stream);

/* Changes with whatever ends a view, or a line that was read. */
uint64_t tr_input_stream_use_count(const tr_input_stream *stream);

/* The path, or "standard input". */
const char *tr_input_stream_name(const tr_input_stream *stream);

/* NULL is allowed. */
void tr_input_stream_close(tr_input_stream *stream);

#endif
