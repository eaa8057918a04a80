#include "trace/imported_fields.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "record/record_view.h"
#include "json/json_reader.h"

/* X(name of the member, its kind: TEXT, TIME or NUMBER). */
#define FIELDS(X)                                                                                                      \
    X(instance, TEXT)                                                                                                  \
    X(wait, TEXT)                                                                                                      \
    X(kind, TEXT)                                                                                                      \
    X(resource, TEXT)                                                                                                  \
    X(outcome, TEXT)                                                                                                   \
    X(scheduled_ns, TIME)                                                                                              \
    X(attempt, NUMBER)

typedef enum field_kind { TEXT, TIME, NUMBER } field_kind;

static const struct {
    const char *name;
    uint8_t name_bytes;
    uint8_t kind;
    uint16_t offset;
} known[] = {
#define KNOWN(name, kind) {#name, sizeof #name - 1, kind, offsetof(tr_imported_fields, name)},
    FIELDS(KNOWN)
#undef KNOWN
};

enum { KNOWN_COUNT = sizeof known / sizeof *known };

/* The bytes that the texts of one record take when they are unescaped: never more than its metadata. */
static char *scratch_of(struct tr_trace_home *home, size_t bytes) {
    if (bytes > home->scratch_bytes) {
        char *grown = realloc(home->scratch, bytes);
        if (grown == NULL) {
            return NULL;
        }
        home->scratch = grown;
        home->scratch_bytes = bytes;
    }
    return home->scratch;
}

/* The next value as a text; length 0 where it is something else. `*at` is where unescaped bytes go. */
static tr_text read_text(tr_json_reader *reader, char **at) {
    uint32_t length = 0;
    if (tr_json_reader_peek(reader) != '"') {
        tr_json_reader_skip(reader);
    } else if (tr_json_reader_text(reader, *at, &length)) {
        tr_text text = {*at, length};
        *at += length;
        return text;
    }
    return (tr_text){0};
}

/* The next value as a number; 0 where it is something else. */
static uint64_t read_number(tr_json_reader *reader, uint64_t maximum) {
    tr_text digits = {0};
    uint64_t value = 0;
    char first = tr_json_reader_peek(reader);
    if (first < '0' || first > '9') {
        tr_json_reader_skip(reader);
        return 0;
    }
    if (tr_json_reader_number(reader, &digits)) {
        tr_json_reader whole = tr_json_reader_begin(digits.bytes, digits.length_bytes, 0, NULL);
        (void)tr_json_reader_unsigned(&whole, maximum, &value);
        tr_json_reader_finish(&whole);
        value = whole.status == TR_OK ? value : 0;
    }
    return value;
}

/* The place of a name in `known`; KNOWN_COUNT where it is none of them. */
static int find_known(const char *name, size_t length_bytes) {
    int i = 0;
    while (i < KNOWN_COUNT && (length_bytes != known[i].name_bytes || memcmp(name, known[i].name, length_bytes) != 0)) {
        i++;
    }
    return i;
}

/* Of a name that occurs twice the last one counts, as in readers that fill a table. */
static void read_member(tr_json_reader *reader, tr_text name, tr_imported_fields *fields, char **at) {
    int found = find_known(name.bytes, name.length_bytes);
    if (found == KNOWN_COUNT) {
        tr_json_reader_skip(reader);
        return;
    }
    void *member = (char *)fields + known[found].offset;
    if (known[found].kind == TEXT) {
        *(tr_text *)member = read_text(reader, at);
    } else if (known[found].kind == TIME) {
        *(uint64_t *)member = read_number(reader, UINT64_MAX);
    } else {
        *(uint32_t *)member = (uint32_t)read_number(reader, UINT32_MAX);
    }
}

/* False where no member can have one of the names, as in most metadata of XERV's own, which then need not be read.
 * Without escapes a text in quotes ends at the next quote. */
static bool may_have_fields(tr_text text) {
#define LENGTH_BIT(name, kind) | 1u << (sizeof #name - 1)
    const uint32_t lengths = 0u FIELDS(LENGTH_BIT);
#undef LENGTH_BIT
    const char *at = text.bytes, *end = text.bytes + text.length_bytes;
    if (memchr(at, '\\', text.length_bytes) != NULL) {
        return true;
    }
    while ((at = memchr(at, '"', (size_t)(end - at))) != NULL) {
        const char *first = at + 1, *last = memchr(first, '"', (size_t)(end - first));
        if (last == NULL) {
            return false;
        }
        size_t length_bytes = (size_t)(last - first);
        if (length_bytes < 32 && (lengths >> length_bytes & 1) != 0 && find_known(first, length_bytes) < KNOWN_COUNT) {
            return true;
        }
        at = last + 1;
    }
    return false;
}

bool tr_imported_fields_read(struct tr_trace_home *home, const tr_record *record, tr_imported_fields *fields) {
    *fields = (tr_imported_fields){0};
    tr_text text = tr_view_metadata(record);
    if (!may_have_fields(text)) {
        return true;
    }
    char *at = scratch_of(home, text.length_bytes);
    if (at == NULL) {
        return false;
    }
    tr_json_reader reader = tr_json_reader_begin(text.bytes, text.length_bytes, 0, NULL);
    tr_text name;
    if (tr_json_reader_enter_object(&reader)) {
        while (tr_json_reader_next_member(&reader, &name)) {
            read_member(&reader, name, fields, &at);
        }
    }
    tr_json_reader_finish(&reader);
    if (reader.status != TR_OK) {
        *fields = (tr_imported_fields){0};
    }
    return true;
}
