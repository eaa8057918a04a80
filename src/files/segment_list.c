#include "files/segment_list.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "files/inflater.h"

enum { SEQUENCE_DIGITS = 16 };

/* Parses PREFIX HEX, or PREFIX + HEX, and sets `*rest` after the digits: what Rust's u64::from_str_radix accepts, as
 * XERV does. Any number of digits is accepted, but not a number that does not fit. */
static bool parse_number(const char *name, const char *prefix, uint64_t *number, const char **rest) {
    size_t prefix_length = strlen(prefix);
    if (strncmp(name, prefix, prefix_length) != 0) {
        return false;
    }
    const char *digits = name + prefix_length + (name[prefix_length] == '+');
    size_t count = strspn(digits, "0123456789abcdefABCDEF");
    errno = 0;
    *number = strtoull(digits, NULL, 16);
    *rest = digits + count;
    return count > 0 && errno == 0;
}

bool tr_segment_name_parse(const char *name, uint64_t *sequence, bool *compressed) {
    const char *rest;
    uint64_t number;
    if (!parse_number(name, "wal_", &number, &rest)) {
        return false;
    }
    static const char extension[] = ".log";
    const size_t extension_length = sizeof extension - 1;
    tr_coding coding = tr_coding_of_name(rest);
    if (strncmp(rest, extension, extension_length) != 0 ||
        strcmp(rest + extension_length, tr_coding_suffix(coding)) != 0) {
        return false;
    }
    *sequence = number;
    *compressed = coding != TR_CODING_PLAIN;
    return true;
}

static bool snapshot_name_parse(const char *name, uint64_t *number, bool *compressed) {
    const char *rest;
    *compressed = false;
    return parse_number(name, "snapshot_", number, &rest) && strcmp(rest, ".snap") == 0;
}

void tr_segment_name_format(uint64_t sequence, char out[TR_SEGMENT_NAME_BYTES]) {
    snprintf(out, TR_SEGMENT_NAME_BYTES, "wal_%016" PRIx64 ".log", sequence);
}

tr_status tr_segment_list_add(tr_segment_list *list, const char *name, uint64_t sequence, bool compressed) {
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        tr_segment *items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL) {
            return TR_ERROR_MEMORY;
        }
        list->items = items;
        list->capacity = capacity;
    }
    char *copy = strdup(name);
    if (copy == NULL) {
        return TR_ERROR_MEMORY;
    }
    list->items[list->count++] = (tr_segment){.name = copy, .sequence = sequence, .compressed = compressed};
    return TR_OK;
}

tr_status tr_segment_list_set_source(tr_segment_list *list, const char *source, bool is_command) {
    tr_segment *segment = &list->items[list->count - 1];
    segment->source = strdup(source);
    segment->is_command = is_command;
    return segment->source != NULL ? TR_OK : TR_ERROR_MEMORY;
}

static void clear_segment(tr_segment *segment) {
    free(segment->name);
    free(segment->source);
}

void tr_segment_list_clear(tr_segment_list *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        clear_segment(&list->items[i]);
    }
    for (uint32_t i = 0; i < list->unread_count; i++) {
        clear_segment(&list->unread[i]);
    }
    free(list->items);
    free(list->unread);
    *list = (tr_segment_list){0};
}

static bool has_usual_width(const char *name) {
    return strcspn(name, ".") == strlen("wal_") + SEQUENCE_DIGITS && strchr(name, '+') == NULL;
}

/* By number; within one number the preferred file comes first. */
static int compare(const void *left, const void *right) {
    const tr_segment *a = left;
    const tr_segment *b = right;
    if (a->sequence != b->sequence) {
        return a->sequence < b->sequence ? -1 : 1;
    }
    if (a->compressed != b->compressed) {
        return a->compressed ? 1 : -1;
    }
    if (has_usual_width(a->name) != has_usual_width(b->name)) {
        return has_usual_width(a->name) ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

static uint32_t count_numbers(const tr_segment_list *sorted) {
    uint32_t numbers = 0;
    for (uint32_t i = 0; i < sorted->count; i++) {
        numbers += i == 0 || sorted->items[i].sequence != sorted->items[i - 1].sequence;
    }
    return numbers;
}

/* Keeps the first file of each number in the sorted list; moves the others to `unread`. */
static tr_status set_others_aside(tr_segment_list *list) {
    uint32_t numbers = count_numbers(list);
    if (numbers == list->count) {
        return TR_OK;
    }
    list->unread = malloc((list->count - numbers) * sizeof *list->unread);
    if (list->unread == NULL) {
        return TR_ERROR_MEMORY;
    }
    uint32_t kept = 1;
    for (uint32_t i = 1; i < list->count; i++) {
        if (list->items[i].sequence == list->items[kept - 1].sequence) {
            list->unread[list->unread_count++] = list->items[i];
        } else {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
    return TR_OK;
}

tr_status tr_segment_list_sort(tr_segment_list *list) {
    if (list->count == 0) {
        return TR_OK;
    }
    qsort(list->items, list->count, sizeof *list->items, compare);
    return set_others_aside(list);
}

static tr_status read_directory(const char *directory, bool (*parse)(const char *, uint64_t *, bool *), DIR *stream,
                                tr_segment_list *list, tr_error *error) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            return errno == 0 ? TR_OK : tr_fail_system(error, "%s: cannot list it", directory);
        }
        uint64_t sequence;
        bool compressed;
        if (parse(entry->d_name, &sequence, &compressed) &&
            tr_segment_list_add(list, entry->d_name, sequence, compressed) != TR_OK) {
            return tr_fail_memory(error, "listing a log's segments");
        }
    }
}

static tr_status list_directory(const char *directory, bool (*parse)(const char *, uint64_t *, bool *),
                                bool may_be_absent, tr_segment_list *list, tr_error *error) {
    *list = (tr_segment_list){0};
    DIR *stream = opendir(directory);
    if (stream == NULL) {
        bool absent = errno == ENOENT || errno == ENOTDIR;
        return absent && may_be_absent ? TR_OK : tr_fail_system(error, "%s: cannot list it", directory);
    }
    tr_status status = read_directory(directory, parse, stream, list, error);
    closedir(stream);
    if (status == TR_OK && tr_segment_list_sort(list) != TR_OK) {
        status = tr_fail_memory(error, "listing a log's segments");
    }
    if (status != TR_OK) {
        tr_segment_list_clear(list);
    }
    return status;
}

static uint32_t keep_plain(tr_segment *items, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].compressed) {
            clear_segment(&items[i]);
        } else {
            items[kept++] = items[i];
        }
    }
    return kept;
}

void tr_segment_list_drop_compressed(tr_segment_list *list) {
    list->count = keep_plain(list->items, list->count);
    list->unread_count = keep_plain(list->unread, list->unread_count);
}

void tr_segment_list_drop_after(tr_segment_list *list, uint64_t sequence) {
    while (list->count > 0 && list->items[list->count - 1].sequence > sequence) {
        clear_segment(&list->items[--list->count]);
    }
}

tr_status tr_segment_list_read(const char *directory, tr_segment_list *list, tr_error *error) {
    return list_directory(directory, tr_segment_name_parse, false, list, error);
}

tr_status tr_snapshot_list_read(const char *directory, tr_segment_list *list, tr_error *error) {
    char *path = NULL;
    if (asprintf(&path, "%s/snapshots", directory) < 0) {
        *list = (tr_segment_list){0};
        return tr_fail_memory(error, "looking for snapshots");
    }
    tr_status status = list_directory(path, snapshot_name_parse, true, list, error);
    free(path);
    return status;
}
