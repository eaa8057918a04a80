/* An append-only file of lines beside a log's segments. */
#ifndef TRACEREEL_LINE_FILE_H
#define TRACEREEL_LINE_FILE_H

#include <stddef.h>

#include "tracereel/status.h"

/* All members belong to the caller. */
typedef struct tr_line_file {
    const char *directory; /* for messages */
    int directory_descriptor;
    const char *name;
    int model; /* an open file, whose owner and permissions the line file gets when it is created */
} tr_line_file;

/* Appends a line (given without its newline) and waits until its bytes are durable. Creates the file if it does not
 * exist; the caller makes its directory entry durable. If an earlier call was interrupted in the middle of a line, that
 * line is ended first. TR_ERROR_IO: also if the name is taken by something that is not a regular file. */
tr_status tr_line_file_append(const tr_line_file *file, const char *line, size_t length, tr_error *error);

/* Reports what tr_line_file_append would fail on, as far as that can be known without writing. */
tr_status tr_line_file_preflight(const tr_line_file *file, tr_error *error);

#endif
