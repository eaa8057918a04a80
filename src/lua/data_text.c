#include "lua/data_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/data_literal.h"
#include "lua/data_token.h"
#include "lua/failure.h"

/* Tables within tables: Lua's own reader takes 200 levels of everything. */
enum { MAX_LEVELS = 150 };
/* Lua puts the items of a list into their table when that many have been read, and at its end. Where a key is given
 * twice this decides which value counts. */
enum { ITEMS_PER_FLUSH = 50 };

static void push_value(lua_State *L, tr_data_reader *reader, int level);

/* Puts the items on top of the stack into the table below them. */
static void flush_items(lua_State *L, int table_index, lua_Integer *item_count, int *waiting_count) {
    lua_Integer first = *item_count + 1;
    *item_count += *waiting_count;
    for (int i = *waiting_count; i > 0; i--) {
        lua_rawseti(L, table_index, first + i - 1);
    }
    *waiting_count = 0;
}

/* `[key] = value` or `name = value`; the key is on top of the stack. */
static void push_keyed(lua_State *L, tr_data_reader *reader, int table_index, int level) {
    tr_data_expect(reader, TR_DATA_EQUALS, "\"=\" and a value");
    push_value(L, reader, level); /* key, value */
    lua_rawset(L, table_index);
}

static void push_bracket_key(lua_State *L, tr_data_reader *reader, int level) {
    tr_data_next(reader);
    push_value(L, reader, level); /* key */
    if (lua_isnil(L, -1)) {
        tr_data_fail(reader, "a key cannot be nil");
    }
    tr_data_expect(reader, TR_DATA_CLOSE_BRACKET, "\"]\" after a key");
}

static void push_table(lua_State *L, tr_data_reader *reader, int level) {
    lua_Integer item_count = 0;
    int waiting_count = 0;
    if (level == MAX_LEVELS) {
        tr_data_fail(reader, "tables within tables, more than %d deep", (int)MAX_LEVELS);
    }
    tr_lua_check_stack(L, ITEMS_PER_FLUSH + LUA_MINSTACK, "tables within tables");
    lua_newtable(L); /* table, waiting items... */
    int table_index = lua_gettop(L);
    tr_data_next(reader);
    while (reader->kind != TR_DATA_CLOSE_BRACE) {
        if (waiting_count == ITEMS_PER_FLUSH) {
            flush_items(L, table_index, &item_count, &waiting_count);
        }
        if (reader->kind == TR_DATA_OPEN_BRACKET) {
            push_bracket_key(L, reader, level + 1);
            push_keyed(L, reader, table_index, level + 1);
        } else if (reader->kind == TR_DATA_NAME) {
            lua_pushlstring(L, reader->token, reader->token_bytes);
            tr_data_next(reader);
            push_keyed(L, reader, table_index, level + 1);
        } else {
            push_value(L, reader, level + 1);
            waiting_count++;
        }
        if (reader->kind == TR_DATA_COMMA || reader->kind == TR_DATA_SEMICOLON) {
            tr_data_next(reader);
        } else if (reader->kind != TR_DATA_CLOSE_BRACE) {
            tr_data_fail_expected(reader, "\",\" or \"}\"");
        }
    }
    tr_data_next(reader);
    flush_items(L, table_index, &item_count, &waiting_count);
}

/* Integers wrap around, as Lua's do. */
static void push_negated(lua_State *L) {
    if (lua_isinteger(L, -1)) {
        lua_pushinteger(L, (lua_Integer)(0U - (uint64_t)lua_tointeger(L, -1)));
    } else {
        lua_pushnumber(L, -lua_tonumber(L, -1));
    }
    lua_replace(L, -2);
}

static void push_number(lua_State *L, tr_data_reader *reader) {
    bool is_negative = false;
    while (reader->kind == TR_DATA_MINUS) {
        is_negative = !is_negative;
        tr_data_next(reader);
    }
    if (reader->kind != TR_DATA_NUMBER) {
        tr_data_fail_expected(reader, "a number after \"-\"");
    }
    tr_data_push_number(reader);
    tr_data_next(reader);
    if (is_negative) {
        push_negated(L);
    }
}

/* Pushes the value that begins with the token at hand, and goes on to the token after it. */
static void push_value(lua_State *L, tr_data_reader *reader, int level) {
    switch (reader->kind) {
    case TR_DATA_OPEN_BRACE:
        push_table(L, reader, level);
        return;
    case TR_DATA_TEXT:
        tr_data_push_text(reader);
        break;
    case TR_DATA_NIL:
        lua_pushnil(L);
        break;
    case TR_DATA_TRUE:
    case TR_DATA_FALSE:
        lua_pushboolean(L, reader->kind == TR_DATA_TRUE);
        break;
    case TR_DATA_MINUS:
    case TR_DATA_NUMBER:
        push_number(L, reader);
        return;
    default:
        tr_data_fail_expected(reader, "a value (a text, a number, true, false, nil or a table)");
    }
    tr_data_next(reader);
}

int tr_lua_read_data(lua_State *L) {
    size_t length = 0;
    const char *bytes = luaL_checklstring(L, 1, &length);
    tr_data_reader reader = tr_data_begin(L, bytes, length, luaL_checkstring(L, 2));
    lua_settop(L, 2);
    tr_data_next(&reader);
    tr_data_expect(&reader, TR_DATA_RETURN, "\"return\" and a table");
    push_value(L, &reader, 0); /* text, name, value */
    if (reader.kind == TR_DATA_SEMICOLON) {
        tr_data_next(&reader);
    }
    if (reader.kind != TR_DATA_END) {
        tr_data_fail_expected(&reader, "the end of the file");
    }
    return 1;
}
