/* The tokens of a Lua text that holds data: literals, and what tables are written with. They are taken apart as Lua
 * does it, with its escapes, long texts, comments and numbers. */
#ifndef TRACEREEL_LUA_DATA_TOKEN_H
#define TRACEREEL_LUA_DATA_TOKEN_H

#include <stddef.h>

#include <lua.h>

typedef enum tr_data_kind {
    TR_DATA_END,
    TR_DATA_OPEN_BRACE,
    TR_DATA_CLOSE_BRACE,
    TR_DATA_OPEN_BRACKET,
    TR_DATA_CLOSE_BRACKET,
    TR_DATA_EQUALS,
    TR_DATA_COMMA,
    TR_DATA_SEMICOLON,
    TR_DATA_MINUS,
    TR_DATA_NUMBER,
    TR_DATA_TEXT,
    TR_DATA_NAME, /* none of Lua's reserved words */
    TR_DATA_NIL,
    TR_DATA_TRUE,
    TR_DATA_FALSE,
    TR_DATA_RETURN,
    TR_DATA_OTHER /* what no data has */
} tr_data_kind;

enum { TR_DATA_QUOTED = -1 };

typedef struct tr_data_reader {
    lua_State *L;
    const char *at;  /* after the token */
    const char *end; /* of the text */
    const char *name;
    long line; /* at `at` */
    tr_data_kind kind;
    const char *token;
    size_t token_bytes;
    long token_line; /* where it begins */
    int text_level;  /* of a long text, the number of its equals signs; TR_DATA_QUOTED otherwise */
} tr_data_reader;

/* The text must outlive the reader. */
tr_data_reader tr_data_begin(lua_State *L, const char *bytes, size_t length, const char *name);
/* Goes on to the next token. Raises where a token is not whole. */
void tr_data_next(tr_data_reader *reader);
/* Goes on to the next token if the one at hand is of that kind; otherwise raises. */
void tr_data_expect(tr_data_reader *reader, tr_data_kind kind, const char *what);
/* Raise an error at the token at hand. */
_Noreturn void tr_data_fail(tr_data_reader *reader, const char *format, ...);
_Noreturn void tr_data_fail_expected(tr_data_reader *reader, const char *what);

#endif
