#include "import/csv.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"

/* A row while it is looked for in the bytes that are there. */
typedef struct row_scan {
    const char *begin;
    const char *end;
    const char *at;
    bool is_complete; /* what ends at `end` is the end of the input */
    uint64_t line_feeds;
} row_scan;

typedef enum scan_result { SCAN_FIELD, SCAN_ROW, SCAN_MORE, SCAN_FAILED } scan_result;

void tr_csv_begin(tr_csv_reader *reader, tr_input_stream *stream, char delimiter) {
    *reader = (tr_csv_reader){.stream = stream, .delimiter = delimiter, .next_line = 0};
    reader->ends_field[(unsigned char)delimiter] = true;
    reader->ends_field['\n'] = true;
    reader->ends_field['\r'] = true;
}

void tr_csv_end(tr_csv_reader *reader) {
    free(reader->fields);
    reader->fields = NULL;
}

static tr_status fail_at(const tr_csv_reader *reader, const char *what, tr_error *error) {
    return tr_fail(error, TR_ERROR_INVALID, "%s:%llu: %s", tr_input_stream_name(reader->stream),
                   (unsigned long long)reader->next_line, what);
}

static tr_status add_field(tr_csv_reader *reader, const char *begin, const char *end, bool is_doubled,
                           tr_error *error) {
    if (reader->field_count == reader->field_capacity) {
        size_t capacity = reader->field_capacity == 0 ? 16 : reader->field_capacity * 2;
        if (capacity > TR_MAX_CSV_FIELDS) {
            return fail_at(reader, "more than 65536 fields; is it a CSV file?", error);
        }
        tr_csv_field *fields = realloc(reader->fields, capacity * sizeof *fields);
        if (fields == NULL) {
            return tr_fail_memory(error, "reading a CSV file");
        }
        reader->fields = fields;
        reader->field_capacity = capacity;
    }
    tr_csv_field *field = &reader->fields[reader->field_count++];
    field->text = (tr_text){begin, (uint32_t)(end - begin)};
    field->is_doubled = is_doubled;
    return TR_OK;
}

/* What follows a field: another, or the end of the row. Steps over it. */
static scan_result scan_separator(const tr_csv_reader *reader, row_scan *scan) {
    if (scan->at == scan->end) {
        return scan->is_complete ? SCAN_ROW : SCAN_MORE;
    } else if (*scan->at == reader->delimiter) {
        scan->at++;
        return SCAN_FIELD;
    } else if (*scan->at == '\n') {
        scan->at++;
        scan->line_feeds++;
        return SCAN_ROW;
    } else if (*scan->at != '\r') {
        return SCAN_FAILED;
    } else if (scan->at + 1 == scan->end && !scan->is_complete) {
        return SCAN_MORE;
    }
    scan->at += scan->at + 1 < scan->end && scan->at[1] == '\n' ? 2 : 1;
    scan->line_feeds++;
    return SCAN_ROW;
}

/* Steps over a field in quotes, whose first quote was stepped over. False: it does not end here. */
static bool scan_quoted(row_scan *scan, const char **end, bool *is_doubled) {
    *is_doubled = false;
    for (; scan->at < scan->end; scan->at++) {
        if (*scan->at == '\n') {
            scan->line_feeds++;
        } else if (*scan->at != '"') {
            continue;
        } else if (scan->at + 1 < scan->end && scan->at[1] == '"') {
            *is_doubled = true;
            scan->at++;
        } else if (scan->at + 1 < scan->end || scan->is_complete) {
            *end = scan->at++;
            return true;
        } else {
            return false;
        }
    }
    return false;
}

static scan_result scan_field(tr_csv_reader *reader, row_scan *scan, tr_status *status, tr_error *error) {
    const char *begin = scan->at;
    const char *end = NULL;
    bool is_doubled = false;
    if (scan->at < scan->end && *scan->at == '"') {
        begin = ++scan->at;
        if (!scan_quoted(scan, &end, &is_doubled)) {
            if (!scan->is_complete) {
                return SCAN_MORE;
            }
            *status = fail_at(reader, "a field in quotes does not end", error);
            return SCAN_FAILED;
        }
    } else {
        const char *at = begin;
        while (at < scan->end && !reader->ends_field[(unsigned char)*at]) {
            at++;
        }
        scan->at = at;
        end = scan->at;
    }
    *status = add_field(reader, begin, end, is_doubled, error);
    scan_result result = *status == TR_OK ? scan_separator(reader, scan) : SCAN_FAILED;
    if (result == SCAN_FAILED && *status == TR_OK) {
        *status = fail_at(reader, "text after a field in quotes; a double quote inside of one is doubled", error);
    }
    return result;
}

static void undouble(tr_csv_field *field, char *bytes) {
    uint32_t length = 0;
    for (uint32_t i = 0; i < field->text.length_bytes; i++) {
        bytes[length++] = bytes[i];
        i += bytes[i] == '"'; /* the second of two */
    }
    field->text.length_bytes = length;
}

/* Looks for one row in what is there. */
static scan_result scan_row(tr_csv_reader *reader, tr_input_view view, row_scan *scan, tr_status *status,
                            tr_error *error) {
    *scan = (row_scan){view.bytes, view.bytes + view.length_bytes, view.bytes, view.is_complete, 0};
    reader->field_count = 0;
    scan_result result = SCAN_FIELD;
    while (result == SCAN_FIELD) {
        result = scan_field(reader, scan, status, error);
    }
    if (result != SCAN_ROW) {
        return result;
    }
    for (size_t i = 0; i < reader->field_count; i++) {
        if (reader->fields[i].is_doubled) {
            undouble(&reader->fields[i], view.bytes + (reader->fields[i].text.bytes - view.bytes));
        }
    }
    return SCAN_ROW;
}

static tr_status begin_text(tr_csv_reader *reader, tr_error *error) {
    tr_status status = tr_input_stream_more(reader->stream, 2, error);
    tr_input_view view = tr_input_stream_look(reader->stream);
    reader->next_line = 1;
    if (status != TR_OK) {
        return status;
    } else if (view.length_bytes >= 2 &&
               (memcmp(view.bytes, "\xff\xfe", 2) == 0 || memcmp(view.bytes, "\xfe\xff", 2) == 0)) {
        return fail_at(reader, "this is UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)", error);
    }
    return TR_OK;
}

tr_status tr_csv_next(tr_csv_reader *reader, tr_error *error) {
    tr_status status = reader->next_line == 0 ? begin_text(reader, error) : TR_OK;
    while (status == TR_OK) {
        tr_input_view view = tr_input_stream_look(reader->stream);
        if (view.length_bytes == 0 && view.is_complete) {
            return TR_END;
        }
        row_scan scan;
        tr_input_stream_set_line_number(reader->stream, reader->next_line);
        scan_result result = scan_row(reader, view, &scan, &status, error);
        size_t row_bytes = result == SCAN_ROW ? (size_t)(scan.at - view.bytes) : view.length_bytes;
        if (result != SCAN_FAILED && row_bytes > TR_MAX_LINE_BYTES) {
            return fail_at(reader, "a row of more than 67108864 bytes; is a quote missing?", error);
        } else if (result == SCAN_ROW) {
            bool is_empty = reader->field_count == 1 && reader->fields[0].text.length_bytes == 0 && *view.bytes != '"';
            tr_input_stream_skip(reader->stream, row_bytes);
            reader->next_line += scan.line_feeds;
            if (!is_empty) {
                if (reader->first_field_count == 0) {
                    reader->first_field_count = reader->field_count;
                }
                return TR_OK;
            }
        } else if (result == SCAN_MORE) {
            /* Twice as much each time: a row is not looked through again for each piece. */
            status = tr_input_stream_more(reader->stream, 2 * view.length_bytes + 1, error);
        }
    }
    return status;
}
