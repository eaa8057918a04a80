/* Rows of CSV. Expected rows are those of RFC 4180 and of Python's csv module. */
#include "import/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

enum { ROW_BYTES = 4096 };

/* A file that holds the bytes, open for as long as the process runs. Returns its path. */
static const char *file_of(const void *bytes, size_t length) {
    static char path[64];
    FILE *file = tmpfile();
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fflush(file) != 0) {
        abort();
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    return path;
}

/* All rows as "LINE:field|field;", or the message. */
static const char *rows_of(const char *text, size_t length, char delimiter) {
    static char rows[ROW_BYTES];
    tr_error error = {""};
    tr_input_stream *stream = NULL;
    tr_csv_reader reader;
    rows[0] = '\0';
    if (tr_input_stream_open(file_of(text, length), &stream, &error) != TR_OK) {
        return "cannot open";
    }
    tr_csv_begin(&reader, stream, delimiter);
    tr_status status;
    while ((status = tr_csv_next(&reader, &error)) == TR_OK) {
        size_t used = strlen(rows);
        snprintf(rows + used, sizeof rows - used, "%d:", (int)tr_input_stream_line_number(stream));
        for (size_t i = 0; i < reader.field_count; i++) {
            used = strlen(rows);
            snprintf(rows + used, sizeof rows - used, "%s%.*s", i == 0 ? "" : "|",
                     (int)reader.fields[i].text.length_bytes, reader.fields[i].text.bytes);
        }
        strcat(rows, ";");
    }
    if (status != TR_END) {
        size_t used = strlen(rows);
        const char *message = strchr(error.message, ':');
        snprintf(rows + used, sizeof rows - used, "%s", message == NULL ? error.message : message);
    }
    tr_csv_end(&reader);
    tr_input_stream_close(stream);
    return rows;
}

#define ROWS(text, delimiter) rows_of(text, sizeof(text) - 1, delimiter)

static void quotes_hold_anything(void) {
    CHECK_TEXT("1:a|b;2:1|x,y;", ROWS("a,b\n1,\"x,y\"\n", ','));
    CHECK_TEXT("1:say \"hi\"|;", ROWS("\"say \"\"hi\"\"\",\n", ','));
    CHECK_TEXT("1:two\nlines|z;3:n;", ROWS("\"two\nlines\",z\nn", ','));
    CHECK_TEXT("1:\"|\"\";", ROWS("\"\"\"\",\"\"\"\"\"\"", ','));
    CHECK_TEXT("1:a\"b;", ROWS("a\"b\n", ','));
}

static void every_line_end_ends_a_row(void) {
    CHECK_TEXT("1:a|b;2:c|d;3:e|f;4:g|;", ROWS("a;b\r\nc;d\re;f\ng;", ';'));
    CHECK_TEXT("1:a;4:b;", ROWS("a\n\n\r\nb\n\n", ','));
    CHECK_TEXT("1:;2:x;", ROWS("\"\"\nx", ','));
    CHECK_TEXT("1:a|b;", ROWS("\xef\xbb\xbf"
                              "a,b\n",
                              ','));
    CHECK_TEXT("", ROWS("", ','));
    CHECK_TEXT("1:a\tb|c;", ROWS("a\tb,c", ','));
    CHECK_TEXT("1:a|b;", ROWS("a\tb", '\t'));
}

static void what_is_wrong_is_said_with_its_line(void) {
    CHECK_TEXT("1:a;:2: a field in quotes does not end", ROWS("a\n\"b\nc", ','));
    CHECK_TEXT("1:a;:2: text after a field in quotes; a double quote inside of one is doubled",
               ROWS("a\n\"b\"c\n", ','));
    CHECK_TEXT(":1: this is UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)", ROWS("\xff\xfe"
                                                                                          "a",
                                                                                          ','));
}

/* As many fields as a row may have are read, one more is refused: the row is the second, after an empty one. */
static void a_row_has_a_limit_of_fields(void) {
    char *text = malloc(TR_MAX_CSV_FIELDS + 2);
    REQUIRE(text != NULL);
    for (size_t fields = TR_MAX_CSV_FIELDS; fields <= TR_MAX_CSV_FIELDS + 1; fields++) {
        tr_error error = {""};
        tr_input_stream *stream = NULL;
        tr_csv_reader reader;
        memset(text, ',', fields);
        text[0] = '\n';
        REQUIRE(tr_input_stream_open(file_of(text, fields), &stream, &error) == TR_OK);
        tr_csv_begin(&reader, stream, ',');
        bool is_few = fields == TR_MAX_CSV_FIELDS;
        CHECK_INT(is_few ? TR_OK : TR_ERROR_INVALID, tr_csv_next(&reader, &error));
        CHECK_UINT(TR_MAX_CSV_FIELDS, reader.field_count);
        CHECK_TEXT(is_few ? "" : ":2: more than 65536 fields; is it a CSV file?",
                   is_few ? error.message : strchr(error.message, ':'));
        tr_csv_end(&reader);
        tr_input_stream_close(stream);
    }
    free(text);
}

/* Longer than the pieces in which an input is read. */
static void a_row_may_be_longer_than_a_piece(void) {
    size_t length = 3000000;
    char *text = malloc(length + 16);
    REQUIRE(text != NULL);
    memset(text, 'x', length);
    memcpy(text, "\"", 1);
    memcpy(text + length, "\",last\nb\n", 9);
    tr_error error = {""};
    tr_input_stream *stream = NULL;
    tr_csv_reader reader;
    REQUIRE(tr_input_stream_open(file_of(text, length + 9), &stream, &error) == TR_OK);
    tr_csv_begin(&reader, stream, ',');
    CHECK_INT(TR_OK, tr_csv_next(&reader, &error));
    CHECK_UINT(2, reader.field_count);
    CHECK_UINT(length - 1, reader.fields[0].text.length_bytes);
    CHECK_INT(TR_OK, tr_csv_next(&reader, &error));
    CHECK_UINT(2, tr_input_stream_line_number(stream));
    CHECK_INT(TR_END, tr_csv_next(&reader, &error));
    tr_csv_end(&reader);
    tr_input_stream_close(stream);
    free(text);
}

static void lines_lose_their_ends(void) {
    static const char text[] = "one\r\n\ntwo\rthree\nlast";
    static const char *const expected[] = {"one", "", "two\rthree", "last"};
    tr_error error = {""};
    tr_input_stream *stream = NULL;
    tr_text line;
    REQUIRE(tr_input_stream_open(file_of(text, sizeof text - 1), &stream, &error) == TR_OK);
    for (size_t i = 0; i < 4; i++) {
        REQUIRE(tr_input_stream_line(stream, &line, &error) == TR_OK);
        CHECK_UINT(strlen(expected[i]), line.length_bytes);
        CHECK(memcmp(expected[i], line.bytes, line.length_bytes) == 0);
        CHECK_UINT(i + 1, tr_input_stream_line_number(stream));
    }
    CHECK_INT(TR_END, tr_input_stream_line(stream, &line, &error));
    tr_input_stream_close(stream);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("csv: a field in quotes holds delimiters, quotes and line ends", quotes_hold_anything);
    check_run("csv: LF, CR LF and CR end a row, and empty lines are none", every_line_end_ends_a_row);
    check_run("csv: what is no row is said with its line", what_is_wrong_is_said_with_its_line);
    check_run("csv: a row of more than 65536 fields is refused with its line", a_row_has_a_limit_of_fields);
    check_run("csv: a row may be longer than the pieces in which it is read", a_row_may_be_longer_than_a_piece);
    check_run("input: lines come without their ends", lines_lose_their_ends);
    return check_end();
}
