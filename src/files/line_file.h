/* A file of lines beside a log's segments, which is only appended to. */
#ifndef TRACEREEL_LINE_FILE_H
#define TRACEREEL_LINE_FILE_H

#include <stddef.h>

#include "tracereel/status.h"

/* All of it belongs to the caller. */
typedef struct tr_line_file {
    const char *directory; /* for messages */
    int directory_descriptor;
    const char *name;
    int model; /* an open file, whose owner and permissions it gets where it is made */
} tr_line_file;

/* Appends a line (without its newline) and waits until its bytes are durable; the file is made if it is not there, its
 * entry is the caller's to make durable. Where an earlier call was interrupted in the middle of a line, that one is
 * ended first. TR_ERROR_IO: also where something stands there that is no file. */
tr_status tr_line_file_append(const tr_line_file *file, const char *line, size_t length, tr_error *error);

/* What tr_line_file_append would fail on, as far as that can be known without writing. */
tr_status tr_line_file_preflight(const tr_line_file *file, tr_error *error);

#endif
