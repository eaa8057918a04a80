/* Any bytes are rows, or no rows for a reason that names a line; what rows say, written with quotes, is read as the
 * same rows. And any text is a time, or none; a time, written as RFC 3339, is the same time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "import/csv.h"
#include "import/time_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

/* Texts, one after the other: what was read, and the same with quotes. */
typedef struct texts {
    char *bytes;
    size_t length;
} texts;

static void add(texts *to, const char *bytes, size_t length) {
    to->bytes = realloc(to->bytes, to->length + length + 1);
    require(to->bytes != NULL);
    if (length > 0) {
        memcpy(to->bytes + to->length, bytes, length);
    }
    to->length += length;
}

static tr_input_stream *open_bytes(const void *bytes, size_t size, int *file) {
    char path[64];
    tr_error error = {""};
    tr_input_stream *stream = NULL;
    *file = memfd_create("input", 0);
    require(*file >= 0 && write(*file, bytes, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", *file);
    tr_status status = tr_input_stream_open(path, &stream, &error);
    require((status == TR_OK) == (stream != NULL) && (status == TR_OK || error.message[0] != '\0'));
    return stream;
}

/* Reads all rows, as "length:field" texts, and writes them with quotes. */
static bool read_rows(const void *bytes, size_t size, texts *fields, texts *quoted) {
    int file;
    tr_error error = {""};
    tr_input_stream *stream = open_bytes(bytes, size, &file);
    tr_status status = TR_ERROR_INVALID;
    uint64_t line = 0;
    tr_csv_reader reader;
    if (stream != NULL) {
        tr_csv_begin(&reader, stream, ';');
        while ((status = tr_csv_next(&reader, &error)) == TR_OK) {
            require(reader.field_count > 0 && tr_input_stream_line_number(stream) > line);
            line = tr_input_stream_line_number(stream);
            for (size_t i = 0; i < reader.field_count; i++) {
                tr_text text = reader.fields[i].text;
                char length[16];
                add(fields, length, (size_t)snprintf(length, sizeof length, "%u:", text.length_bytes));
                add(fields, text.bytes, text.length_bytes);
                add(quoted, i == 0 ? "\"" : ";\"", i == 0 ? 1 : 2);
                for (uint32_t at = 0; at < text.length_bytes; at++) {
                    add(quoted, text.bytes[at] == '"' ? "\"\"" : text.bytes + at, text.bytes[at] == '"' ? 2 : 1);
                }
                add(quoted, "\"", 1);
            }
            add(fields, ";", 1);
            add(quoted, "\r\n", 2);
        }
        require(status == TR_END || (error.message[0] != '\0' && strchr(error.message, '\n') == NULL));
        tr_csv_end(&reader);
        tr_input_stream_close(stream);
    }
    close(file);
    return status == TR_END;
}

static void try_rows(const uint8_t *data, size_t size) {
    texts fields = {NULL, 0};
    texts quoted = {NULL, 0};
    texts fields_again = {NULL, 0};
    texts quoted_again = {NULL, 0};
    if (read_rows(data, size, &fields, &quoted) && quoted.length > 0) {
        require(read_rows(quoted.bytes, quoted.length, &fields_again, &quoted_again));
        require(fields.length == fields_again.length && memcmp(fields.bytes, fields_again.bytes, fields.length) == 0);
    }
    free(fields.bytes);
    free(quoted.bytes);
    free(fields_again.bytes);
    free(quoted_again.bytes);
}

static void try_time(const char *text, size_t length) {
    static const char *const forms[] = {"Z", "-11:30", "s", "ms", "us", "ns"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        tr_time_form form;
        uint64_t ns = 0;
        require(tr_time_form_of(forms[i], strlen(forms[i]), &form));
        if (tr_time_parse(text, length, &form, &ns) != TR_TIME_FINE) {
            continue;
        }
        time_t seconds = (time_t)(ns / 1000000000);
        struct tm date;
        char again[64];
        uint64_t ns_again = 0;
        const tr_time_form none = {0};
        require(gmtime_r(&seconds, &date) != NULL);
        size_t used = strftime(again, sizeof again, "%Y-%m-%dT%H:%M:%S", &date);
        used += (size_t)snprintf(again + used, sizeof again - used, ".%09uZ", (unsigned)(ns % 1000000000));
        /* One of the last day of 2261 may lie in 2262 elsewhere. */
        require(date.tm_year + 1900 > 2261 ||
                (tr_time_parse(again, used, &none, &ns_again) == TR_TIME_FINE && ns_again == ns));
    }
    tr_time_form form;
    (void)tr_time_form_of(text, length, &form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    try_rows(data, size);
    char *text = malloc(size + 1); /* ends where the sanitizer sees it */
    require(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    try_time(text, size);
    free(text);
    return 0;
}
