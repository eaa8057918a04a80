#include "tracereel/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/bytes.h"
#include "bytes/digits.h"
#include "bytes/utf8.h"
#include "record/record_view.h"
#include "json/room.h"
#include "json/special_bytes.h"

/* As long as the longest name of a record type, with the final zero. */
union type_name {
#define TYPE_NAME_MEMBER(number, constant, name, meanings) char name[sizeof #name];
    TR_RECORD_TYPES(TYPE_NAME_MEMBER)
#undef TYPE_NAME_MEMBER
};

enum {
    FIRST_CAPACITY_BYTES = 512,
    ESCAPED_BYTES = 6,                 /* one byte of text becomes at most this many: \u001f */
    TEXT_PIECE_BYTES = 1024,           /* text is escaped in pieces, so that room for the worst case stays small */
    NUMBER_BYTES = TR_UNSIGNED_DIGITS, /* -9223372036854775808, too */
    DOUBLE_BYTES = 32,                 /* -2.2250738585072014e-308 and some room */
    /* An object of tr_json_record without its two texts: at most 364 and the name of its type. */
    RECORD_FIXED_BYTES = 496 + sizeof(union type_name),
    TRACE_ID_QUOTED_BYTES = TR_TRACE_ID_TEXT_BYTES + 1
};

/* The put_ functions write at `out`, where the caller has reserved enough room, and return the end of what they wrote.
 */
#define PUT_LITERAL(out, literal) put_bytes((out), (literal), sizeof(literal) - 1)

static inline char *put_bytes(char *out, const char *bytes, size_t length) {
    memcpy(out, bytes, length);
    return out + length;
}

void tr_json_init(tr_json *json) {
    *json = (tr_json){NULL, 0, 0, false, false};
}

void tr_json_free(tr_json *json) {
    free(json->bytes);
    tr_json_init(json);
}

void tr_json_reset(tr_json *json) {
    json->length_bytes = 0;
    json->needs_comma = false;
    json->out_of_memory = false;
}

tr_status tr_json_status(const tr_json *json) {
    return json->out_of_memory ? TR_ERROR_MEMORY : TR_OK;
}

bool tr_json_grow(tr_json *json, size_t needed_bytes) {
    size_t capacity = json->capacity_bytes == 0 ? FIRST_CAPACITY_BYTES : json->capacity_bytes;
    while (capacity - json->length_bytes < needed_bytes && capacity <= SIZE_MAX / 2) {
        capacity *= 2;
    }
    char *bytes = capacity - json->length_bytes < needed_bytes ? NULL : realloc(json->bytes, capacity);
    if (bytes == NULL) {
        json->out_of_memory = true;
        return false;
    }
    json->bytes = bytes;
    json->capacity_bytes = capacity;
    return true;
}

/* tr_json_reserve() for a value or a key: writes the comma before it if needed, and notes that the next one needs a
 * comma. */
static inline char *begin_value(tr_json *json, size_t needed_bytes) {
    char *out = tr_json_reserve(json, needed_bytes + 1);
    if (out != NULL && json->needs_comma) {
        *out++ = ',';
    }
    json->needs_comma = true;
    return out;
}

static void put_value(tr_json *json, const char *bytes, size_t length) {
    char *out = begin_value(json, length);
    if (out != NULL) {
        tr_json_commit(json, put_bytes(out, bytes, length));
    }
}

static void begin_container(tr_json *json, char bracket) {
    put_value(json, &bracket, 1);
    json->needs_comma = false;
}

static void end_container(tr_json *json, char bracket) {
    json->needs_comma = false;
    put_value(json, &bracket, 1);
}

void tr_json_begin_object(tr_json *json) {
    begin_container(json, '{');
}

void tr_json_end_object(tr_json *json) {
    end_container(json, '}');
}

void tr_json_begin_array(tr_json *json) {
    begin_container(json, '[');
}

void tr_json_end_array(tr_json *json) {
    end_container(json, ']');
}

void tr_json_key(tr_json *json, const char *name) {
    size_t length = strlen(name);
    char *out = begin_value(json, length + 3);
    if (out != NULL) {
        *out++ = '"';
        out = put_bytes(out, name, length);
        tr_json_commit(json, PUT_LITERAL(out, "\":"));
    }
    json->needs_comma = false;
}

void tr_json_unsigned(tr_json *json, uint64_t value) {
    char *out = begin_value(json, NUMBER_BYTES);
    if (out != NULL) {
        tr_json_commit(json, tr_put_unsigned(out, value));
    }
}

void tr_json_signed(tr_json *json, int64_t value) {
    char *out = begin_value(json, NUMBER_BYTES);
    if (out == NULL) {
        return;
    }
    uint64_t magnitude = (uint64_t)value;
    if (value < 0) {
        *out++ = '-';
        magnitude = 0 - magnitude;
    }
    tr_json_commit(json, tr_put_unsigned(out, magnitude));
}

void tr_json_bool(tr_json *json, bool value) {
    if (value) {
        put_value(json, "true", 4);
    } else {
        put_value(json, "false", 5);
    }
}

void tr_json_null(tr_json *json) {
    put_value(json, "null", 4);
}

/* Copies the output of printf, with a point for the locale's decimal separator (of one or more bytes). */
static char *put_with_point(char *out, const char *text) {
    while (*text != '\0') {
        size_t plain = strspn(text, "0123456789+-e");
        out = put_bytes(out, text, plain);
        text += plain;
        if (*text != '\0') {
            *out++ = '.';
            text += strcspn(text, "0123456789+-e");
        }
    }
    return out;
}

void tr_json_double(tr_json *json, double value) {
    if (!isfinite(value)) {
        tr_json_null(json);
        return;
    }
    char text[DOUBLE_BYTES];
    /* Any 15 digits survive a normal double, so fewer can be the shortest form only of a subnormal one. */
    int precision = isnormal(value) ? 15 : 1;
    do {
        snprintf(text, sizeof text, "%.*g", precision, value);
    } while (strtod(text, NULL) != value && ++precision <= 17);
    char *out = begin_value(json, DOUBLE_BYTES);
    if (out == NULL) {
        return;
    }
    out = put_with_point(out, text);
    if (strspn(text, "-0123456789") == strlen(text)) {
        out = PUT_LITERAL(out, ".0"); /* so that it reads back as a number with a fraction */
    }
    tr_json_commit(json, out);
}

/* The same of each byte that cannot appear unescaped in what is written: also 80 and above. */
static inline uint64_t special_bytes(uint64_t word) {
    return tr_json_special_bytes(word) | (word & TR_EVERY_BYTE(0x80));
}

static char *put_escape(char *out, uint8_t byte) {
    static const char short_forms[0x60] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
    *out++ = '\\';
    if (short_forms[byte] != 0) {
        *out++ = short_forms[byte];
        return out;
    }
    out = PUT_LITERAL(out, "u00");
    *out++ = (char)('0' + (byte >> 4));
    *out++ = "0123456789abcdef"[byte & 15];
    return out;
}

static char *put_character(char *out, const uint8_t **at, const uint8_t *end) {
    bool valid;
    size_t length = tr_utf8_scan(*at, (size_t)(end - *at), &valid);
    out = valid ? put_bytes(out, (const char *)*at, length) : PUT_LITERAL(out, "\xef\xbf\xbd");
    *at += length;
    return out;
}

/* Escapes from `*from` up to `piece_end`, or a few bytes further, but never past `end`. */
static char *put_escaped(char *out, const uint8_t **from, const uint8_t *piece_end, const uint8_t *end) {
    const uint8_t *at = *from;
    while (at < piece_end) {
        if (end - at >= 8) {
            uint64_t special = special_bytes(tr_load_u64(at));
            memcpy(out, at, 8);
            size_t plain = special == 0 ? 8 : (size_t)__builtin_ctzll(special) / 8;
            out += plain;
            at += plain;
            if (special == 0) {
                continue;
            }
        }
        if (*at >= 0x80) {
            out = put_character(out, &at, end);
        } else if (*at < 0x20 || *at == '"' || *at == '\\') {
            out = put_escape(out, *at++);
        } else {
            *out++ = (char)*at++;
        }
    }
    *from = at;
    return out;
}

/* Appends the text in quotes. The caller has written the comma. */
static void append_text(tr_json *json, const char *bytes, size_t length) {
    const uint8_t *at = (const uint8_t *)(length > 0 ? bytes : "");
    const uint8_t *end = at + length;
    char *out = tr_json_reserve(json, 1);
    if (out == NULL) {
        return;
    }
    *out++ = '"';
    tr_json_commit(json, out);
    do {
        size_t piece = (size_t)(end - at) < TEXT_PIECE_BYTES ? (size_t)(end - at) : TEXT_PIECE_BYTES;
        out = tr_json_reserve(json, (piece + 8) * ESCAPED_BYTES + 1); /* 8: a piece may be overrun by a word */
        if (out == NULL) {
            return;
        }
        out = put_escaped(out, &at, at + piece, end);
        tr_json_commit(json, out);
    } while (at < end);
    *out++ = '"';
    tr_json_commit(json, out);
}

void tr_json_text(tr_json *json, const char *bytes, size_t length) {
    char *out = begin_value(json, 0);
    if (out != NULL) {
        tr_json_commit(json, out);
        append_text(json, bytes, length);
    }
}

void tr_json_key_text(tr_json *json, const char *bytes, size_t length) {
    tr_json_text(json, bytes, length);
    json->needs_comma = false;
    char *out = tr_json_reserve(json, 1);
    if (out != NULL) {
        *out++ = ':';
        tr_json_commit(json, out);
    }
}

static char *put_trace_id(char *out, const uint8_t id[TR_TRACE_ID_BYTES]) {
    *out++ = '"';
    tr_trace_id_format(id, out);
    out += TR_TRACE_ID_TEXT_BYTES - 1;
    *out++ = '"'; /* overwrites the final zero */
    return out;
}

void tr_json_trace_id(tr_json *json, const uint8_t id[TR_TRACE_ID_BYTES]) {
    char *out = begin_value(json, TRACE_ID_QUOTED_BYTES);
    if (out != NULL) {
        tr_json_commit(json, put_trace_id(out, id));
    }
}

/* Writes a record's text or null, and reserves room for the record's fixed part after it. Returns NULL on allocation
 * failure. */
static char *append_optional_text(tr_json *json, char *out, tr_text text) {
    if (text.length_bytes == 0) {
        return PUT_LITERAL(out, "null");
    }
    tr_json_commit(json, out);
    append_text(json, text.bytes, text.length_bytes);
    return tr_json_reserve(json, RECORD_FIXED_BYTES);
}

#define PUT_NUMBER(out, name) tr_put_unsigned(PUT_LITERAL((out), ",\"" #name "\":"), tr_view_##name(record))

void tr_json_record(tr_json *json, const tr_record *record) {
    char *out = begin_value(json, RECORD_FIXED_BYTES);
    if (out == NULL) {
        return;
    }
    out = append_optional_text(json, PUT_LITERAL(out, "{\"error_message\":"), tr_view_error_message(record));
    if (out == NULL) {
        return;
    }
    out = PUT_NUMBER(out, iteration);
    out = append_optional_text(json, PUT_LITERAL(out, ",\"metadata\":"), tr_view_metadata(record));
    if (out == NULL) {
        return;
    }
    out = PUT_NUMBER(out, node_id);
    out = PUT_NUMBER(out, output_offset);
    out = PUT_NUMBER(out, output_size);
    out = PUT_NUMBER(out, schema_hash);
    out = PUT_NUMBER(out, timestamp_ns);
    out = put_trace_id(PUT_LITERAL(out, ",\"trace_id\":"), tr_view_trace_id(record));
    const char *type = tr_record_type_name(tr_view_type(record));
    out = put_bytes(PUT_LITERAL(out, ",\"type\":\""), type, strlen(type));
    tr_json_commit(json, PUT_LITERAL(out, "\"}"));
}
