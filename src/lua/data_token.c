#include "lua/data_token.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/data_bytes.h"

/* ---- errors ---- */

_Noreturn static void raise(tr_data_reader *reader, const char *format, va_list arguments) {
    lua_State *L = reader->L;
    lua_pushfstring(L, "%s:%I: ", reader->name, (LUAI_UACINT)reader->token_line);
    lua_pushvfstring(L, format, arguments);
    lua_concat(L, 2);
    lua_error(L);
    __builtin_unreachable();
}

void tr_data_fail(tr_data_reader *reader, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    raise(reader, format, arguments);
}

void tr_data_fail_expected(tr_data_reader *reader, const char *what) {
    enum { SHOWN_BYTES = 40 };
    if (reader->kind == TR_DATA_END) {
        tr_data_fail(reader, "%s expected, but the file ends; only data can stand in it", what);
    }
    size_t shown = reader->token_bytes < SHOWN_BYTES ? reader->token_bytes : SHOWN_BYTES;
    lua_pushlstring(reader->L, reader->token, shown);
    tr_data_fail(reader, "%s expected, got %s%s; only data can stand in it, nothing is run", what,
                 lua_tostring(reader->L, -1), shown < reader->token_bytes ? "..." : "");
}

/* ---- between tokens ---- */

static char peek(const tr_data_reader *reader, ptrdiff_t after) {
    return reader->end - reader->at > after ? reader->at[after] : '\0';
}

/* Goes over a line's end, of which two bytes are one where they differ. */
static void skip_newline(tr_data_reader *reader) {
    char first = *reader->at++;
    if (reader->at < reader->end && tr_data_is_newline(*reader->at) && *reader->at != first) {
        reader->at++;
    }
    reader->line++;
}

/* At `[`: how many equals signs a long bracket has; -1 where there is none. */
static int long_bracket(const tr_data_reader *reader) {
    int level = 0;
    while (peek(reader, 1 + level) == '=') {
        level++;
    }
    return peek(reader, 1 + level) == '[' ? level : -1;
}

/* At the first bracket: goes after the last one. Raises where the file ends first. */
static void skip_long(tr_data_reader *reader, int level, const char *what) {
    reader->at += level + 2;
    while (reader->at < reader->end) {
        if (*reader->at == ']') {
            int signs = 0;
            while (peek(reader, 1 + signs) == '=') {
                signs++;
            }
            if (signs == level && peek(reader, 1 + signs) == ']') {
                reader->at += level + 2;
                return;
            }
            reader->at += 1 + signs;
        } else if (tr_data_is_newline(*reader->at)) {
            skip_newline(reader);
        } else {
            reader->at++;
        }
    }
    tr_data_fail(reader, "a %s has no end", what);
}

static void skip_line(tr_data_reader *reader) {
    while (reader->at < reader->end && !tr_data_is_newline(*reader->at)) {
        reader->at++;
    }
}

static void skip_comment(tr_data_reader *reader) {
    reader->token_line = reader->line;
    reader->at += 2;
    int level = peek(reader, 0) == '[' ? long_bracket(reader) : -1;
    if (level >= 0) {
        skip_long(reader, level, "comment");
    } else {
        skip_line(reader);
    }
}

static void skip_to_token(tr_data_reader *reader) {
    while (reader->at < reader->end) {
        if (tr_data_is_newline(*reader->at)) {
            skip_newline(reader);
        } else if (tr_data_is_space(*reader->at)) {
            reader->at++;
        } else if (*reader->at == '-' && peek(reader, 1) == '-') {
            skip_comment(reader);
        } else {
            return;
        }
    }
}

/* ---- tokens ---- */

/* The first byte after a backslash within quotes is no end of anything: goes over what belongs to it. */
static void skip_escape(tr_data_reader *reader) {
    reader->at++;
    if (reader->at == reader->end) {
        return;
    }
    if (tr_data_is_newline(*reader->at)) {
        skip_newline(reader);
    } else if (*reader->at++ == 'z') {
        while (reader->at < reader->end && tr_data_is_space(*reader->at)) {
            if (tr_data_is_newline(*reader->at)) {
                skip_newline(reader);
            } else {
                reader->at++;
            }
        }
    }
}

static void scan_quoted(tr_data_reader *reader) {
    char quote = *reader->at++;
    while (reader->at < reader->end && *reader->at != quote) {
        if (*reader->at == '\\') {
            skip_escape(reader);
        } else if (tr_data_is_newline(*reader->at)) {
            break;
        } else {
            reader->at++;
        }
    }
    if (reader->at == reader->end || *reader->at != quote) {
        tr_data_fail(reader, "a text has no end: %c expected", quote);
    }
    reader->at++;
    reader->kind = TR_DATA_TEXT;
    reader->text_level = TR_DATA_QUOTED;
}

/* As Lua does: all that a number could have, and what follows it directly, which then makes it none. */
static void scan_number(tr_data_reader *reader) {
    bool is_hex = peek(reader, 0) == '0' && (peek(reader, 1) == 'x' || peek(reader, 1) == 'X');
    char exponent = is_hex ? 'p' : 'e';
    reader->at += is_hex ? 2 : 0;
    while (reader->at < reader->end) {
        char byte = *reader->at;
        if ((byte | 0x20) == exponent) {
            reader->at++;
            if (peek(reader, 0) == '-' || peek(reader, 0) == '+') {
                reader->at++;
            }
        } else if (tr_data_hex_digit(byte) >= 0 || byte == '.' || tr_data_is_letter(byte)) {
            reader->at++;
        } else {
            break;
        }
    }
    reader->kind = TR_DATA_NUMBER;
}

typedef struct word {
    const char *name;
    tr_data_kind kind;
} word;

static const word reserved_words[] = {
    {"nil", TR_DATA_NIL},      {"true", TR_DATA_TRUE},   {"false", TR_DATA_FALSE},  {"return", TR_DATA_RETURN},
    {"and", TR_DATA_OTHER},    {"break", TR_DATA_OTHER}, {"do", TR_DATA_OTHER},     {"else", TR_DATA_OTHER},
    {"elseif", TR_DATA_OTHER}, {"end", TR_DATA_OTHER},   {"for", TR_DATA_OTHER},    {"function", TR_DATA_OTHER},
    {"goto", TR_DATA_OTHER},   {"if", TR_DATA_OTHER},    {"in", TR_DATA_OTHER},     {"local", TR_DATA_OTHER},
    {"not", TR_DATA_OTHER},    {"or", TR_DATA_OTHER},    {"repeat", TR_DATA_OTHER}, {"then", TR_DATA_OTHER},
    {"until", TR_DATA_OTHER},  {"while", TR_DATA_OTHER},
};

static void scan_word(tr_data_reader *reader) {
    while (reader->at < reader->end && (tr_data_is_letter(*reader->at) || tr_data_is_digit(*reader->at))) {
        reader->at++;
    }
    size_t length = (size_t)(reader->at - reader->token);
    reader->kind = TR_DATA_NAME;
    for (size_t i = 0; i < sizeof reserved_words / sizeof *reserved_words; i++) {
        const char *name = reserved_words[i].name;
        if (strlen(name) == length && memcmp(name, reader->token, length) == 0) {
            reader->kind = reserved_words[i].kind;
        }
    }
}

static void scan_sign(tr_data_reader *reader) {
    int level = *reader->at == '[' ? long_bracket(reader) : -1;
    if (level >= 0) {
        skip_long(reader, level, "text");
        reader->kind = TR_DATA_TEXT;
        reader->text_level = level;
        return;
    }
    switch (*reader->at++) {
    case '{':
        reader->kind = TR_DATA_OPEN_BRACE;
        break;
    case '}':
        reader->kind = TR_DATA_CLOSE_BRACE;
        break;
    case '[':
        reader->kind = TR_DATA_OPEN_BRACKET;
        break;
    case ']':
        reader->kind = TR_DATA_CLOSE_BRACKET;
        break;
    case '=':
        reader->kind = peek(reader, 0) == '=' ? TR_DATA_OTHER : TR_DATA_EQUALS;
        break;
    case ',':
        reader->kind = TR_DATA_COMMA;
        break;
    case ';':
        reader->kind = TR_DATA_SEMICOLON;
        break;
    case '-':
        reader->kind = TR_DATA_MINUS;
        break;
    default:
        reader->kind = TR_DATA_OTHER;
    }
}

void tr_data_next(tr_data_reader *reader) {
    skip_to_token(reader);
    reader->token = reader->at;
    reader->token_line = reader->line;
    char first = peek(reader, 0);
    if (reader->at == reader->end) {
        reader->kind = TR_DATA_END;
    } else if (first == '"' || first == '\'') {
        scan_quoted(reader);
    } else if (tr_data_is_digit(first) || (first == '.' && tr_data_is_digit(peek(reader, 1)))) {
        scan_number(reader);
    } else if (tr_data_is_letter(first)) {
        scan_word(reader);
    } else {
        scan_sign(reader);
    }
    reader->token_bytes = (size_t)(reader->at - reader->token);
}

void tr_data_expect(tr_data_reader *reader, tr_data_kind kind, const char *what) {
    if (reader->kind != kind) {
        tr_data_fail_expected(reader, what);
    }
    tr_data_next(reader);
}

tr_data_reader tr_data_begin(lua_State *L, const char *bytes, size_t length, const char *name) {
    tr_data_reader reader = {.L = L, .at = bytes, .end = bytes + length, .name = name, .line = 1, .token_line = 1};
    if (peek(&reader, 0) == '\xEF' && peek(&reader, 1) == '\xBB' && peek(&reader, 2) == '\xBF') {
        reader.at += 3; /* as Lua's own loader of files, which takes a first line with # for a comment, too */
    }
    if (peek(&reader, 0) == '#') {
        skip_line(&reader);
    }
    return reader;
}
