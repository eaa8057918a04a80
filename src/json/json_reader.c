#include "json/json_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bytes/bytes.h"
#include "bytes/fail.h"
#include "json/special_bytes.h"

enum { DEPTH_MAX = 32 };

tr_json_reader tr_json_reader_begin(const char *text, size_t length, size_t begin_offset, tr_error *error) {
    return (tr_json_reader){
        .begin = text, .at = text, .end = text + length, .begin_offset = begin_offset, .error = error};
}

void tr_json_reader_fail(tr_json_reader *reader, const char *format, ...) {
    if (reader->status == TR_OK) {
        char words[256];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(words, sizeof words, format, arguments);
        va_end(arguments);
        size_t offset = reader->begin_offset + (size_t)(reader->at - reader->begin);
        reader->status = tr_fail(reader->error, TR_ERROR_INVALID, "offset %zu: %s", offset, words);
    }
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

char tr_json_reader_peek(tr_json_reader *reader) {
    if (reader->at < reader->end && (unsigned char)*reader->at > ' ' && reader->status == TR_OK) {
        return *reader->at;
    }
    while (reader->at < reader->end && is_blank(*reader->at)) {
        reader->at++;
    }
    return reader->status == TR_OK && reader->at < reader->end ? *reader->at : '\0';
}

static void fail_expected(tr_json_reader *reader, const char *expected) {
    char found = tr_json_reader_peek(reader);
    if (reader->at == reader->end) {
        tr_json_reader_fail(reader, "expected %s, but the JSON ends early", expected);
    } else {
        tr_json_reader_fail(reader,
                            found > 0x20 && found < 0x7f ? "expected %s, found '%c'" : "expected %s, found byte %d",
                            expected, (unsigned char)found);
    }
}

static bool take(tr_json_reader *reader, char wanted, const char *name) {
    if (tr_json_reader_peek(reader) != wanted) {
        fail_expected(reader, name);
        return false;
    }
    reader->at++;
    return true;
}

bool tr_json_reader_enter_object(tr_json_reader *reader) {
    reader->is_first = true;
    return take(reader, '{', "an object");
}

bool tr_json_reader_enter_array(tr_json_reader *reader) {
    reader->is_first = true;
    return take(reader, '[', "an array");
}

/* Whether another member or element follows. If none does, moves past the closing mark. */
static bool comes_another(tr_json_reader *reader, char closing, const char *expected) {
    char next = tr_json_reader_peek(reader);
    if (next == closing) {
        reader->at++;
        reader->is_first = false;
        return false;
    }
    if (reader->is_first) {
        reader->is_first = false;
        return reader->status == TR_OK;
    }
    return take(reader, ',', expected);
}

bool tr_json_reader_next_element(tr_json_reader *reader) {
    return reader->status == TR_OK && comes_another(reader, ']', "a comma or the end of the array");
}

/* The first byte from `at` on that is a quotation mark, a backslash or a control; `end` where there is none. */
static const char *next_special(const char *at, const char *end) {
    while (end - at >= 8) {
        uint64_t special = tr_json_special_bytes(tr_load_u64((const uint8_t *)at));
        if (special != 0) {
            return at + __builtin_ctzll(special) / 8;
        }
        at += 8;
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20) {
        at++;
    }
    return at;
}

/* The bytes between two quotation marks. */
static bool take_quoted(tr_json_reader *reader, const char *expected, tr_text *raw) {
    if (!take(reader, '"', expected)) {
        return false;
    }
    const char *begin = reader->at;
    const char *end = reader->end;
    const char *at = next_special(begin, end);
    while (at < end && *at == '\\') {
        at = next_special(at + (end - at > 1 ? 2 : 1), end);
    }
    reader->at = at;
    if (at < end && *at != '"') {
        tr_json_reader_fail(reader, "a text holds a control byte");
        return false;
    }
    if (reader->at >= reader->end || reader->at - begin > (ptrdiff_t)UINT32_MAX) {
        reader->at = reader->end;
        fail_expected(reader, "the end of a text");
        return false;
    }
    *raw = (tr_text){begin, (uint32_t)(reader->at - begin)};
    reader->at++;
    reader->is_first = false;
    return true;
}

bool tr_json_reader_next_member(tr_json_reader *reader, tr_text *name) {
    return reader->status == TR_OK && comes_another(reader, '}', "a comma or the end of the object") &&
           take_quoted(reader, "a member's name", name) && take(reader, ':', "a colon");
}

static bool is_digit(const tr_json_reader *reader) {
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

static bool take_digits(tr_json_reader *reader) {
    if (!is_digit(reader)) {
        fail_expected(reader, "a digit");
        return false;
    }
    while (is_digit(reader)) {
        reader->at++;
    }
    return true;
}

static bool next_is_one_of(const tr_json_reader *reader, const char *bytes) {
    return reader->at < reader->end && *reader->at != '\0' && strchr(bytes, *reader->at) != NULL;
}

bool tr_json_reader_unsigned(tr_json_reader *reader, uint64_t maximum, uint64_t *value) {
    (void)tr_json_reader_peek(reader);
    const char *begin = reader->at;
    uint64_t number = 0;
    bool fits = is_digit(reader);
    for (; fits && is_digit(reader); reader->at++) {
        uint64_t digit = (uint64_t)(*reader->at - '0');
        fits = number <= (maximum - digit) / 10 && digit <= maximum;
        number = number * 10 + digit;
    }
    bool has_zero_before_digits = reader->at - begin > 1 && *begin == '0';
    if (!fits || has_zero_before_digits || next_is_one_of(reader, ".eE")) {
        reader->at = begin;
        tr_json_reader_fail(reader, "expected a number from 0 to %" PRIu64, maximum);
        return false;
    }
    reader->is_first = false;
    *value = number;
    return reader->status == TR_OK;
}

bool tr_json_reader_word(tr_json_reader *reader, const char *word) {
    size_t length = strlen(word);
    if (tr_json_reader_peek(reader) != *word || (size_t)(reader->end - reader->at) < length ||
        memcmp(reader->at, word, length) != 0) {
        return false;
    }
    reader->at += length;
    reader->is_first = false;
    return true;
}

/* The four hex digits at `at`, or -1. */
static long hex4(const char *at, const char *end) {
    long value = 0;
    for (int i = 0; i < 4; i++, at++) {
        char c = at < end ? *at : ' ';
        char lower = (char)(c | 0x20);
        int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
        if (digit < 0) {
            return -1;
        }
        value = value << 4 | digit;
    }
    return value;
}

static char *put_utf8(char *out, unsigned long code) {
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    *out++ = (char)(leads[more] | code >> (6 * more));
    while (more-- > 0) {
        *out++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
    }
    return out;
}

/* Decodes one escape; `at` is after its backslash. Half of a surrogate pair becomes U+FFFD. Returns what follows, or
 * NULL. */
static const char *unescape(const char *at, const char *end, char **out) {
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *simple = *at != '\0' ? strchr(names, *at) : NULL;
    if (simple != NULL) {
        *(*out)++ = meanings[simple - names];
        return at + 1;
    }
    long code = *at == 'u' ? hex4(at + 1, end) : -1;
    if (code < 0) {
        return NULL;
    }
    at += 5;
    bool is_half = code >= 0xd800 && code < 0xe000;
    long low = code < 0xdc00 && is_half && end - at > 2 && at[0] == '\\' && at[1] == 'u' ? hex4(at + 2, end) : -1;
    if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
    } else if (is_half) {
        code = 0xfffd;
    }
    *out = put_utf8(*out, (unsigned long)code);
    return at;
}

bool tr_json_reader_unescape(tr_json_reader *reader, tr_text raw, char *out, uint32_t *length_bytes) {
    char *begin = out;
    const char *end = raw.bytes + raw.length_bytes;
    for (const char *at = raw.bytes; at < end;) {
        if (*at != '\\') {
            *out++ = *at++;
            continue;
        }
        const char *next = unescape(at + 1, end, &out);
        if (next == NULL) {
            reader->at = at;
            tr_json_reader_fail(reader, "a text holds an escape that JSON does not know");
            return false;
        }
        at = next;
    }
    *length_bytes = (uint32_t)(out - begin);
    return true;
}

bool tr_json_has_known_escapes(const char *text, size_t length) {
    const char *end = text + length;
    const char *at = length == 0 ? NULL : memchr(text, '\\', length);
    while (at != NULL) {
        char character[4];
        char *out = character;
        at = at + 1 < end ? unescape(at + 1, end, &out) : NULL;
        if (at == NULL) {
            return false;
        }
        at = memchr(at, '\\', (size_t)(end - at));
    }
    return true;
}

bool tr_json_reader_raw_text(tr_json_reader *reader, tr_text *raw) {
    return take_quoted(reader, "a text", raw);
}

bool tr_json_reader_text(tr_json_reader *reader, char *out, uint32_t *length_bytes) {
    tr_text raw;
    return take_quoted(reader, "a text", &raw) && tr_json_reader_unescape(reader, raw, out, length_bytes);
}

bool tr_json_reader_number(tr_json_reader *reader, tr_text *digits) {
    (void)tr_json_reader_peek(reader);
    const char *begin = reader->at;
    reader->at += next_is_one_of(reader, "-");
    bool is_zero = next_is_one_of(reader, "0");
    reader->at += is_zero;
    bool whole = is_zero || take_digits(reader);
    if (whole && next_is_one_of(reader, ".")) {
        reader->at++;
        whole = take_digits(reader);
    }
    if (whole && next_is_one_of(reader, "eE")) {
        reader->at++;
        reader->at += next_is_one_of(reader, "+-");
        (void)take_digits(reader);
    }
    reader->is_first = false;
    if (reader->at - begin > (ptrdiff_t)UINT32_MAX) {
        tr_json_reader_fail(reader, "a number has more than %" PRIu32 " digits", UINT32_MAX);
    }
    if (reader->status != TR_OK) {
        return false;
    }
    *digits = (tr_text){begin, (uint32_t)(reader->at - begin)};
    return true;
}

static void skip(tr_json_reader *reader, int depth) {
    tr_text raw;
    char next = tr_json_reader_peek(reader);
    if (depth == DEPTH_MAX) {
        tr_json_reader_fail(reader, "the JSON is nested too deeply");
    } else if (next == '{') {
        tr_json_reader_enter_object(reader);
        while (tr_json_reader_next_member(reader, &raw)) {
            skip(reader, depth + 1);
        }
    } else if (next == '[') {
        tr_json_reader_enter_array(reader);
        while (tr_json_reader_next_element(reader)) {
            skip(reader, depth + 1);
        }
    } else if (next == '"') {
        (void)take_quoted(reader, "a text", &raw);
    } else if (next == '-' || is_digit(reader)) {
        (void)tr_json_reader_number(reader, &raw);
    } else if (!tr_json_reader_word(reader, "null") && !tr_json_reader_word(reader, "true") &&
               !tr_json_reader_word(reader, "false")) {
        fail_expected(reader, "a value");
    }
}

void tr_json_reader_skip(tr_json_reader *reader) {
    skip(reader, 0);
}

void tr_json_reader_finish(tr_json_reader *reader) {
    (void)tr_json_reader_peek(reader);
    if (reader->at < reader->end) {
        tr_json_reader_fail(reader, "unexpected bytes follow the JSON value");
    }
}
