#include "files/segment_sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"

static const char separator[] = " | ";

static const char *skip_blanks(const char *text) {
    return text + strspn(text, " \t");
}

/* Cuts the newline and what blanks stand before it. */
static void trim_end(char *line) {
    size_t length = strlen(line);
    while (length > 0 && strchr(" \t\r\n", line[length - 1]) != NULL) {
        line[--length] = '\0';
    }
}

/* Adds what a line says. `line` is changed. */
static tr_status add_line(tr_segment_list *list, const char *path, unsigned long number, char *line, tr_error *error) {
    char *bar = strstr(line, separator);
    bool is_command = bar != NULL && memchr(line, '/', (size_t)(bar - line)) == NULL;
    const char *source = line;
    if (is_command) {
        *bar = '\0';
        trim_end(line);
        source = skip_blanks(bar + strlen(separator));
    }
    const char *slash = is_command ? NULL : strrchr(line, '/');
    const char *name = slash != NULL ? slash + 1 : line;
    uint64_t sequence;
    bool compressed;
    if (!tr_segment_name_parse(name, &sequence, &compressed)) {
        return tr_fail(
            error, TR_ERROR_ARGUMENT,
            "%s:%lu: expected the path of a segment (.../wal_HEX.log, .gz or .zst), or \"wal_HEX.log | COMMAND\", "
            "got \"%.100s\"",
            path, number, name);
    }
    tr_status status = tr_segment_list_add(list, name, sequence, compressed);
    return status == TR_OK && tr_segment_list_set_source(list, source, is_command) == TR_OK
               ? TR_OK
               : tr_fail_memory(error, "listing a log's segments");
}

static tr_status read_lines(FILE *file, const char *path, tr_segment_list *list, tr_error *error) {
    char *line = NULL;
    size_t capacity = 0;
    tr_status status = TR_OK;
    ssize_t length = 0;
    for (unsigned long number = 1; status == TR_OK && (length = getline(&line, &capacity, file)) >= 0; number++) {
        if (memchr(line, '\0', (size_t)length) != NULL) {
            status = tr_fail(error, TR_ERROR_ARGUMENT, "%s:%lu: expected text, found a zero byte", path, number);
            break;
        }
        trim_end(line);
        char *begin = line + strspn(line, " \t");
        if (*begin != '\0' && *begin != '#') {
            status = add_line(list, path, number, begin, error);
        }
    }
    if (status == TR_OK && !feof(file)) {
        status = tr_fail_system(error, "%s: cannot read it", path);
    }
    free(line);
    return status;
}

tr_status tr_segment_sources_read(const char *path, tr_segment_list *list, tr_error *error) {
    *list = (tr_segment_list){0};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return tr_fail_opening(error, "%s: cannot read this list of segments", path);
    }
    tr_status status = read_lines(file, path, list, error);
    fclose(file); /* nothing was written to it */
    if (status == TR_OK) {
        status = tr_segment_list_sort(list);
        status = status == TR_OK ? TR_OK : tr_fail_memory(error, "listing a log's segments");
    }
    if (status == TR_OK && list->unread_count > 0) {
        status = tr_fail(error, TR_ERROR_ARGUMENT, "%s: two lines have a segment with the number of %s; leave one out",
                         path, list->unread[0].name);
    }
    if (status != TR_OK) {
        tr_segment_list_clear(list);
    }
    return status;
}
