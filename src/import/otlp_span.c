#include "import/otlp_span.h"

#include <stdlib.h>
#include <string.h>

#include "import/row_attempt.h"
#include "record/text.h"

enum { MAX_DIGITS = 19 }; /* so many fit into 64 bits without a sign, whichever they are */

bool tr_otlp_has_escapes(tr_text raw) {
    return raw.length_bytes > 0 && memchr(raw.bytes, '\\', raw.length_bytes) != NULL;
}

/* ---- texts and numbers ---- */

/* A text in UTF-8. */
static bool read_text(tr_json_reader *reader, tr_otlp_attributes *owner, tr_text *text) {
    tr_text raw;
    if (tr_json_reader_peek(reader) != '"' || !tr_json_reader_raw_text(reader, &raw)) {
        return false;
    }
    *text = raw;
    if (tr_otlp_has_escapes(raw)) {
        if (owner->unescaped_capacity_bytes - owner->unescaped_bytes < raw.length_bytes) {
            return false; /* there is room for the whole rest of the JSON, unless there is no memory for it */
        }
        char *out = owner->unescaped + owner->unescaped_bytes;
        if (!tr_json_reader_unescape(reader, raw, out, &text->length_bytes)) {
            return false;
        }
        text->bytes = out;
        owner->unescaped_bytes += text->length_bytes;
    }
    return tr_row_text_is_clean(*text, false);
}

/* Digits as a number, unless they are too many or begin with a zero that says nothing. */
static bool number_of_digits(tr_text digits, uint64_t *number) {
    uint64_t value = 0;
    if (digits.length_bytes == 0 || digits.length_bytes > MAX_DIGITS ||
        (digits.bytes[0] == '0' && digits.length_bytes > 1)) {
        return false;
    }
    for (uint32_t i = 0; i < digits.length_bytes; i++) {
        if (digits.bytes[i] < '0' || digits.bytes[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(digits.bytes[i] - '0');
    }
    *number = value;
    return value <= INT64_MAX;
}

/* A number without a fraction, or a text that is one. */
static bool read_digits(tr_json_reader *reader, tr_text *digits) {
    return tr_json_reader_peek(reader) == '"' ? tr_json_reader_raw_text(reader, digits)
                                              : tr_json_reader_number(reader, digits);
}

static bool read_time(tr_json_reader *reader, uint64_t *ns) {
    tr_text digits;
    return read_digits(reader, &digits) && number_of_digits(digits, ns) && *ns > 0;
}

static bool read_integer(tr_json_reader *reader, int64_t *integer) {
    tr_text digits;
    uint64_t magnitude = 0;
    if (!read_digits(reader, &digits)) {
        return false;
    }
    bool is_negative = digits.length_bytes > 0 && digits.bytes[0] == '-';
    if (is_negative) {
        digits.bytes++;
        digits.length_bytes--;
    }
    if (!number_of_digits(digits, &magnitude) || (is_negative && magnitude == 0)) {
        return false;
    }
    *integer = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

/* ---- attributes ---- */

static bool read_number(tr_json_reader *reader, tr_otlp_attribute *attribute) {
    uint64_t magnitude = 0;
    if (tr_json_reader_peek(reader) == '"' || !tr_json_reader_number(reader, &attribute->text)) {
        return false;
    } else if (number_of_digits(attribute->text, &magnitude)) {
        attribute->type = TR_OTLP_INTEGER; /* as Lua reads it */
        attribute->integer = (int64_t)magnitude;
        return true;
    }
    attribute->type = TR_OTLP_DOUBLE;
    for (uint32_t i = 0; i < attribute->text.length_bytes; i++) {
        char byte = attribute->text.bytes[i];
        if (byte == '.' || byte == 'e' || byte == 'E') {
            return attribute->text.length_bytes <= TR_OTLP_MAX_DIGITS;
        }
    }
    return false; /* a whole number that is negative or large */
}

static bool read_flag(tr_json_reader *reader, tr_otlp_attribute *attribute) {
    attribute->flag = tr_json_reader_word(reader, "true");
    return attribute->flag || tr_json_reader_word(reader, "false");
}

/* The value of the only member of an AnyValue. */
static bool read_any(tr_json_reader *reader, tr_otlp_attributes *owner, tr_text name, tr_otlp_attribute *attribute) {
    if (tr_text_is(name, "stringValue")) {
        attribute->type = TR_OTLP_TEXT;
        return read_text(reader, owner, &attribute->text);
    } else if (tr_text_is(name, "intValue")) {
        attribute->type = TR_OTLP_INTEGER;
        return read_integer(reader, &attribute->integer);
    } else if (tr_text_is(name, "boolValue")) {
        attribute->type = TR_OTLP_FLAG;
        return read_flag(reader, attribute);
    }
    return tr_text_is(name, "doubleValue") && read_number(reader, attribute);
}

/* Reads any value: what is not plain is of the type TR_OTLP_OTHER. */
static void read_value(tr_json_reader *reader, tr_otlp_attributes *owner, tr_otlp_attribute *attribute) {
    tr_json_reader begin = *reader;
    tr_text name;
    tr_text second;
    if (tr_json_reader_peek(reader) == '{' && tr_json_reader_enter_object(reader) &&
        tr_json_reader_next_member(reader, &name) && read_any(reader, owner, name, attribute) &&
        !tr_json_reader_next_member(reader, &second) && reader->status == TR_OK) {
        return;
    }
    attribute->type = TR_OTLP_OTHER;
    *reader = begin;
    tr_json_reader_skip(reader);
}

static tr_otlp_attribute *add_attribute(tr_otlp_attributes *attributes) {
    if (attributes->count == attributes->capacity) {
        size_t capacity = attributes->capacity == 0 ? 16 : attributes->capacity * 2;
        tr_otlp_attribute *list = realloc(attributes->list, capacity * sizeof *list);
        if (list == NULL) {
            return NULL;
        }
        attributes->list = list;
        attributes->capacity = capacity;
    }
    tr_otlp_attribute *added = &attributes->list[attributes->count++];
    memset(added, 0, sizeof *added);
    return added;
}

static bool read_attribute(tr_json_reader *reader, tr_otlp_attributes *attributes) {
    tr_otlp_attribute *attribute = add_attribute(attributes);
    bool has_key = false;
    bool has_value = false;
    tr_text name;
    if (attribute == NULL || tr_json_reader_peek(reader) != '{' || !tr_json_reader_enter_object(reader)) {
        return false;
    }
    while (tr_json_reader_next_member(reader, &name)) {
        if (tr_text_is(name, "key") && !has_key) {
            has_key = read_text(reader, attributes, &attribute->key);
        } else if (tr_text_is(name, "value") && !has_value) {
            has_value = true;
            read_value(reader, attributes, attribute);
        } else {
            return false;
        }
    }
    return has_key && has_value && reader->status == TR_OK;
}

/* Room for all texts of the rest of the JSON, none of which gets longer. */
static void make_unescaped_room(const tr_json_reader *reader, tr_otlp_attributes *attributes) {
    size_t left_bytes = (size_t)(reader->end - reader->at);
    attributes->unescaped_bytes = 0;
    if (attributes->unescaped_capacity_bytes < left_bytes) {
        free(attributes->unescaped);
        attributes->unescaped = malloc(left_bytes);
        attributes->unescaped_capacity_bytes = attributes->unescaped == NULL ? 0 : left_bytes;
    }
}

static bool read_list(tr_json_reader *reader, tr_otlp_attributes *attributes) {
    attributes->count = 0;
    if (tr_json_reader_peek(reader) != '[' || !tr_json_reader_enter_array(reader)) {
        return false;
    }
    while (tr_json_reader_next_element(reader)) {
        if (!read_attribute(reader, attributes)) {
            return false;
        }
    }
    return reader->status == TR_OK;
}

bool tr_otlp_attributes_read(tr_json_reader *reader, tr_otlp_attributes *attributes) {
    make_unescaped_room(reader, attributes);
    return read_list(reader, attributes);
}

void tr_otlp_attributes_free(tr_otlp_attributes *attributes) {
    free(attributes->list);
    free(attributes->unescaped);
    memset(attributes, 0, sizeof *attributes);
}

static int compare_keys(const void *left, const void *right) {
    return tr_text_compare(((const tr_otlp_attribute *)left)->key, ((const tr_otlp_attribute *)right)->key);
}

/* Sorts them. False where one is not plain, or a key is there twice. */
static bool sort_attributes(tr_otlp_attributes *attributes) {
    enum { MAX_ATTRIBUTES = 1024 };
    if (attributes->count > MAX_ATTRIBUTES) {
        return false;
    } else if (attributes->count > 1) {
        qsort(attributes->list, attributes->count, sizeof *attributes->list, compare_keys);
    }
    for (size_t i = 0; i < attributes->count; i++) {
        const tr_otlp_attribute *one = &attributes->list[i];
        if (one->type == TR_OTLP_OTHER || (i > 0 && compare_keys(one - 1, one) == 0)) {
            return false;
        }
    }
    return true;
}

/* ---- the members of a span ---- */

static int digit_of(char byte) {
    char lower = (char)(byte | 0x20);
    return byte >= '0' && byte <= '9' ? byte - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool read_trace_id(tr_json_reader *reader, tr_otlp_span *span) {
    tr_text raw;
    unsigned any = 0;
    if (tr_json_reader_peek(reader) != '"' || !tr_json_reader_raw_text(reader, &raw) ||
        raw.length_bytes != 2 * TR_TRACE_ID_BYTES) {
        return false;
    }
    for (size_t i = 0; i < TR_TRACE_ID_BYTES; i++) {
        int high = digit_of(raw.bytes[2 * i]);
        int low = digit_of(raw.bytes[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        span->trace_id[i] = (uint8_t)(high << 4 | low);
        any |= span->trace_id[i];
    }
    return any != 0;
}

/* An id of zeros, or an empty one, is none. */
static bool read_parent(tr_json_reader *reader, tr_otlp_span *span) {
    tr_text raw;
    if (tr_json_reader_peek(reader) != '"' || !tr_json_reader_raw_text(reader, &raw) || tr_otlp_has_escapes(raw)) {
        return false;
    }
    uint32_t zeros = 0;
    while (zeros < raw.length_bytes && raw.bytes[zeros] == '0') {
        zeros++;
    }
    span->is_root = zeros == raw.length_bytes;
    return true;
}

static bool read_name(tr_json_reader *reader, tr_otlp_span *span) {
    return read_text(reader, &span->attributes, &span->name) && span->name.length_bytes > 0 &&
           tr_row_text_is_clean(span->name, true);
}

/* A number or a text: "STATUS_CODE_ERROR", or 2. */
static bool read_code(tr_json_reader *reader, tr_otlp_span *span) {
    tr_text code;
    bool is_text = tr_json_reader_peek(reader) == '"';
    if (!read_digits(reader, &code) || tr_otlp_has_escapes(code) || (!is_text && code.length_bytes != 1)) {
        return false;
    }
    span->is_error = tr_text_is(code, "2") || tr_text_is(code, "STATUS_CODE_ERROR");
    return true;
}

static bool read_status(tr_json_reader *reader, tr_otlp_span *span) {
    tr_text name;
    bool has_code = false;
    bool has_message = false;
    if (tr_json_reader_peek(reader) != '{' || !tr_json_reader_enter_object(reader)) {
        return false;
    }
    while (tr_json_reader_next_member(reader, &name)) {
        bool is_read = false;
        if (tr_text_is(name, "code") && !has_code) {
            has_code = is_read = read_code(reader, span);
        } else if (tr_text_is(name, "message") && !has_message) {
            has_message = is_read = read_text(reader, &span->attributes, &span->message);
        }
        if (!is_read) {
            return false;
        }
    }
    return reader->status == TR_OK;
}

static bool read_empty_list(tr_json_reader *reader) {
    return tr_json_reader_peek(reader) == '[' && tr_json_reader_enter_array(reader) &&
           !tr_json_reader_next_element(reader) && reader->status == TR_OK;
}

enum {
    HAS_TRACE_ID = 1,
    HAS_PARENT = 2,
    HAS_NAME = 4,
    HAS_START = 8,
    HAS_END = 16,
    HAS_ATTRIBUTES = 32,
    HAS_STATUS = 64,
    HAS_EVENTS = 128,
    HAS_LINKS = 256
};

/* Which member it is; 0 for those that nothing is read of. */
static unsigned member_of(tr_text name) {
    switch (name.length_bytes) {
    case 4:
        return tr_text_is(name, "name") ? HAS_NAME : 0;
    case 5:
        return tr_text_is(name, "links") ? HAS_LINKS : 0;
    case 6:
        return tr_text_is(name, "status") ? HAS_STATUS : tr_text_is(name, "events") ? HAS_EVENTS : 0;
    case 7:
        return tr_text_is(name, "traceId") ? HAS_TRACE_ID : 0;
    case 10:
        return tr_text_is(name, "attributes") ? HAS_ATTRIBUTES : 0;
    case 12:
        return tr_text_is(name, "parentSpanId") ? HAS_PARENT : 0;
    case 15:
        return tr_text_is(name, "endTimeUnixNano") ? HAS_END : 0;
    case 17:
        return tr_text_is(name, "startTimeUnixNano") ? HAS_START : 0;
    default:
        return 0;
    }
}

static bool read_member(tr_json_reader *reader, tr_otlp_span *span, unsigned member) {
    switch (member) {
    case HAS_TRACE_ID:
        return read_trace_id(reader, span);
    case HAS_PARENT:
        return read_parent(reader, span);
    case HAS_NAME:
        return read_name(reader, span);
    case HAS_START:
        return read_time(reader, &span->start_ns);
    case HAS_END:
        return read_time(reader, &span->end_ns);
    case HAS_ATTRIBUTES:
        return read_list(reader, &span->attributes) && sort_attributes(&span->attributes);
    case HAS_STATUS:
        return read_status(reader, span);
    default:
        return read_empty_list(reader); /* events, links */
    }
}

bool tr_otlp_span_read(tr_json_reader *reader, tr_otlp_span *span) {
    static const unsigned needed = HAS_TRACE_ID | HAS_NAME | HAS_START | HAS_END;
    unsigned seen = 0;
    tr_text name;
    make_unescaped_room(reader, &span->attributes);
    span->attributes.count = 0;
    span->message = (tr_text){NULL, 0};
    span->is_root = true;
    span->is_error = false;
    if (tr_json_reader_peek(reader) != '{' || !tr_json_reader_enter_object(reader)) {
        return false;
    }
    while (tr_json_reader_next_member(reader, &name)) {
        unsigned member = member_of(name);
        if (member == 0 && !tr_otlp_has_escapes(name)) {
            tr_json_reader_skip(reader);
        } else if (member == 0 || (seen & member) != 0 || !read_member(reader, span, member)) {
            return false;
        }
        seen |= member;
    }
    return reader->status == TR_OK && (seen & needed) == needed && span->start_ns <= span->end_ns;
}
