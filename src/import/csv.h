/* Rows of comma-separated values (RFC 4180), read in pieces.
 *
 * A row ends with LF, CR LF or CR. A field in double quotes may hold anything; a double quote in it is doubled. A byte
 * order mark at the beginning is skipped, and so are empty lines. */
#ifndef TRACEREEL_CSV_H
#define TRACEREEL_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import/input_stream.h"
#include "tracereel/record.h"
#include "tracereel/status.h"

enum { TR_MAX_CSV_FIELDS = 1 << 16 };

typedef struct tr_csv_field {
    tr_text text;
    bool is_doubled; /* while the row is read: it has doubled quotes */
} tr_csv_field;

typedef struct tr_csv_reader {
    tr_input_stream *stream; /* not owned */
    char delimiter;
    bool ends_field[256]; /* by byte: one of those that end a field without quotes */
    uint64_t next_line;
    tr_csv_field *fields; /* of the row that was read last, valid until the next */
    size_t field_count;
    size_t field_capacity;
    size_t first_field_count; /* of the first row */
} tr_csv_reader;

/* The stream is to be at its beginning, and to live as long as the reader. */
void tr_csv_begin(tr_csv_reader *reader, tr_input_stream *stream, char delimiter);

/* Reads the next row into `fields`. The stream's line number is the one in which the row begins. Returns TR_OK, TR_END,
 * TR_ERROR_INVALID (the message begins with file and line), or what tr_input_stream_more returns. */
tr_status tr_csv_next(tr_csv_reader *reader, tr_error *error);

void tr_csv_end(tr_csv_reader *reader);

#endif
