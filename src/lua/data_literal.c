#include "lua/data_literal.h"

#include <stdint.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/data_bytes.h"

void tr_data_push_number(tr_data_reader *reader) {
    lua_State *L = reader->L;
    lua_pushlstring(L, reader->token, reader->token_bytes);
    const char *text = lua_tostring(L, -1);
    if (strlen(text) != reader->token_bytes || lua_stringtonumber(L, text) != reader->token_bytes + 1) {
        tr_data_fail(reader, "malformed number %s", text);
    }
    lua_remove(L, -2);
}

/* The number of up to `max_digits` digits at `*at`. Returns how many there are. */
static int read_digits(const char **at, const char *end, int base, int max_digits, uint32_t *value) {
    int count = 0;
    *value = 0;
    while (count < max_digits && *at < end) {
        int digit = tr_data_hex_digit(**at);
        if (digit < 0 || digit >= base) {
            break;
        }
        *value = *value * (uint32_t)base + (uint32_t)digit;
        (*at)++;
        count++;
    }
    return count;
}

static void add_utf8(luaL_Buffer *buffer, uint32_t code) {
    if (code < 0x80) {
        luaL_addchar(buffer, (char)code);
        return;
    }
    char bytes[8];
    int count = 0;
    uint32_t first_max = 0x3f; /* the largest that fits into the first byte */
    do {
        bytes[count++] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
        first_max >>= 1;
    } while (code > first_max);
    bytes[count++] = (char)((~first_max << 1) | code);
    while (count > 0) {
        luaL_addchar(buffer, bytes[--count]);
    }
}

/* After `\u`: `{XXX}`, up to 2^31. */
static void add_code_point(tr_data_reader *reader, luaL_Buffer *buffer, const char **at, const char *end) {
    uint32_t code = 0;
    bool is_open = *at < end && *(*at)++ == '{';
    while (is_open && *at < end && **at == '0' && end - *at > 1 && tr_data_hex_digit((*at)[1]) >= 0) {
        (*at)++;
    }
    if (!is_open || read_digits(at, end, 16, 8, &code) == 0 || code > 0x7FFFFFFFU || *at == end || *(*at)++ != '}') {
        tr_data_fail(reader, "a text: \\u is followed by {XXX}, a hexadecimal number below 2^31");
    }
    add_utf8(buffer, code);
}

static void skip_spaces(const char **at, const char *end) {
    while (*at < end && tr_data_is_space(**at)) {
        (*at)++;
    }
}

/* After a backslash. */
static void add_escape(tr_data_reader *reader, luaL_Buffer *buffer, const char **at, const char *end) {
    static const char letters[] = "abfnrtv\\\"'";
    static const char meanings[] = "\a\b\f\n\r\t\v\\\"'";
    char letter = **at;
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    uint32_t value = 0;
    if (found != NULL) {
        luaL_addchar(buffer, meanings[found - letters]);
        (*at)++;
    } else if (tr_data_is_newline(letter)) {
        luaL_addchar(buffer, '\n');
        (*at)++;
        *at += *at < end && tr_data_is_newline(**at) && **at != letter ? 1 : 0;
    } else if (letter == 'x') {
        (*at)++;
        if (read_digits(at, end, 16, 2, &value) != 2) {
            tr_data_fail(reader, "a text: \\x is followed by two hexadecimal digits");
        }
        luaL_addchar(buffer, (char)value);
    } else if (letter == 'z') {
        (*at)++;
        skip_spaces(at, end);
    } else if (letter == 'u') {
        (*at)++;
        add_code_point(reader, buffer, at, end);
    } else {
        if (read_digits(at, end, 10, 3, &value) == 0 || value > UINT8_MAX) {
            tr_data_fail(reader, "a text: an escape like \\n, \\65, \\x41, \\u{41} or \\z expected after \\");
        }
        luaL_addchar(buffer, (char)value);
    }
}

static void push_quoted(tr_data_reader *reader) {
    const char *at = reader->token + 1;
    const char *end = reader->token + reader->token_bytes - 1;
    const char *escape = memchr(at, '\\', (size_t)(end - at));
    if (escape == NULL) {
        lua_pushlstring(reader->L, at, (size_t)(end - at));
        return;
    }
    luaL_Buffer buffer;
    luaL_buffinit(reader->L, &buffer);
    while (escape != NULL) {
        luaL_addlstring(&buffer, at, (size_t)(escape - at));
        at = escape + 1;
        add_escape(reader, &buffer, &at, end);
        escape = memchr(at, '\\', (size_t)(end - at));
    }
    luaL_addlstring(&buffer, at, (size_t)(end - at));
    luaL_pushresult(&buffer);
}

/* A line's end right after the first bracket is left out, and every other is one line feed. */
static void push_long(tr_data_reader *reader) {
    const char *at = reader->token + reader->text_level + 2;
    const char *end = reader->token + reader->token_bytes - reader->text_level - 2;
    luaL_Buffer buffer;
    luaL_buffinit(reader->L, &buffer);
    for (bool is_first = true; at < end; is_first = false) {
        char byte = *at++;
        if (!tr_data_is_newline(byte)) {
            luaL_addchar(&buffer, byte);
            continue;
        }
        at += at < end && tr_data_is_newline(*at) && *at != byte ? 1 : 0;
        if (!is_first) {
            luaL_addchar(&buffer, '\n');
        }
    }
    luaL_pushresult(&buffer);
}

void tr_data_push_text(tr_data_reader *reader) {
    if (reader->text_level == TR_DATA_QUOTED) {
        push_quoted(reader);
    } else {
        push_long(reader);
    }
}
