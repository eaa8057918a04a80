#include "lua/json_decode.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/core.h"
#include "lua/failure.h"
#include "tracereel/record.h"
#include "tracereel/status.h"
#include "json/json_reader.h"

enum { MAX_LEVELS = 1000 }; /* of C's stack and Lua's */

/* What one decoding needs at hand. */
typedef struct tr_lua_json_text {
    tr_json_reader reader;
    char *scratch; /* room for the whole text and a byte 0, owned by Lua */
    int null_index;
    int object_metatable_index;
} tr_lua_json_text;

static void push_value(lua_State *L, tr_lua_json_text *text, int level);

/* Pushes a text that is written so; an empty one where it cannot be. */
static void push_unescaped(lua_State *L, tr_lua_json_text *text, tr_text raw) {
    uint32_t length = 0;
    if (raw.length_bytes == 0 || memchr(raw.bytes, '\\', raw.length_bytes) == NULL) {
        lua_pushlstring(L, raw.length_bytes == 0 ? "" : raw.bytes, raw.length_bytes);
        return;
    }
    (void)tr_json_reader_unescape(&text->reader, raw, text->scratch, &length);
    lua_pushlstring(L, text->scratch, length);
}

/* Up to so many members or elements wait on the stack, so that their table is made as large as they need. */
enum { WAITING = 64 };

static void push_object(lua_State *L, tr_lua_json_text *text, int level) {
    tr_text raw = {NULL, 0};
    int base = lua_gettop(L);
    int count = 0;
    tr_lua_check_stack(L, 2 * WAITING + LUA_MINSTACK, "JSON nested too deeply");
    (void)tr_json_reader_enter_object(&text->reader);
    while (count < WAITING && tr_json_reader_next_member(&text->reader, &raw)) {
        push_unescaped(L, text, raw);
        push_value(L, text, level);
        count++;
    }
    lua_createtable(L, 0, count);
    for (int i = 0; i < count; i++) { /* of two with one name the last counts */
        lua_pushvalue(L, base + 2 * i + 1);
        lua_pushvalue(L, base + 2 * i + 2);
        lua_rawset(L, -3);
    }
    lua_pushvalue(L, text->object_metatable_index);
    lua_setmetatable(L, -2);
    lua_copy(L, -1, base + 1);
    lua_settop(L, base + 1);
    while (count == WAITING && tr_json_reader_next_member(&text->reader, &raw)) {
        push_unescaped(L, text, raw);
        push_value(L, text, level);
        lua_rawset(L, -3);
    }
}

static void push_array(lua_State *L, tr_lua_json_text *text, int level) {
    int base = lua_gettop(L);
    lua_Integer count = 0;
    tr_lua_check_stack(L, WAITING + LUA_MINSTACK, "JSON nested too deeply");
    (void)tr_json_reader_enter_array(&text->reader);
    while (count < WAITING && tr_json_reader_next_element(&text->reader)) {
        push_value(L, text, level);
        count++;
    }
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_pushvalue(L, base + (int)i);
        lua_rawseti(L, -2, i);
    }
    lua_copy(L, -1, base + 1);
    lua_settop(L, base + 1);
    while (count >= WAITING && tr_json_reader_next_element(&text->reader)) {
        push_value(L, text, level);
        lua_rawseti(L, -2, ++count);
    }
}

static void push_number(lua_State *L, tr_lua_json_text *text) {
    tr_text digits;
    if (!tr_json_reader_number(&text->reader, &digits)) {
        lua_pushnil(L);
        return;
    }
    memcpy(text->scratch, digits.bytes, digits.length_bytes);
    text->scratch[digits.length_bytes] = '\0';
    (void)lua_stringtonumber(L, text->scratch);
    bool is_whole = strpbrk(text->scratch, "-.eE") == NULL;
    if (is_whole && !lua_isinteger(L, -1) && lua_tonumber(L, -1) <= 0x1p64) {
        tr_json_reader again = tr_json_reader_begin(text->scratch, digits.length_bytes, 0, NULL);
        uint64_t value = 0;
        if (tr_json_reader_unsigned(&again, UINT64_MAX, &value)) {
            lua_pop(L, 1);
            tr_lua_push_unsigned(L, value);
        }
    }
}

static void push_text(lua_State *L, tr_lua_json_text *text) {
    tr_text raw = {NULL, 0};
    (void)tr_json_reader_raw_text(&text->reader, &raw);
    push_unescaped(L, text, raw);
}

/* Pushes one value, or anything where the reader has failed. There is room on the stack for what is neither an object
 * nor an array, and for a few values besides. */
static void push_value(lua_State *L, tr_lua_json_text *text, int level) {
    char next = tr_json_reader_peek(&text->reader);
    if ((next == '{' || next == '[') && level == MAX_LEVELS) {
        tr_json_reader_fail(&text->reader, "nested too deeply: more than %d levels", (int)MAX_LEVELS);
        lua_pushnil(L);
    } else if (next == '{') {
        push_object(L, text, level + 1);
    } else if (next == '[') {
        push_array(L, text, level + 1);
    } else if (next == '"') {
        push_text(L, text);
    } else if (tr_json_reader_word(&text->reader, "null")) {
        lua_pushvalue(L, text->null_index);
    } else if (tr_json_reader_word(&text->reader, "true")) {
        lua_pushboolean(L, true);
    } else if (tr_json_reader_word(&text->reader, "false")) {
        lua_pushboolean(L, false);
    } else if (next == '-' || (next >= '0' && next <= '9')) {
        push_number(L, text);
    } else {
        tr_json_reader_skip(&text->reader); /* says what is wrong */
        lua_pushnil(L);
    }
}

bool tr_lua_push_json_value(lua_State *L, const char *bytes, size_t length) {
    tr_error error = {{0}};
    tr_lua_json_text text = {.reader = tr_json_reader_begin(bytes, length, 0, &error)};
    text.scratch = lua_newuserdatauv(L, length + 1, 0); /* scratch */
    int scratch_index = lua_gettop(L);
    tr_lua_push_core_value(L, TR_CORE_NULL);
    text.null_index = lua_gettop(L);
    tr_lua_push_core_value(L, TR_CORE_OBJECT_METATABLE);
    text.object_metatable_index = lua_gettop(L);
    push_value(L, &text, 0);
    tr_json_reader_finish(&text.reader);
    bool is_read = text.reader.status == TR_OK;
    if (!is_read) {
        lua_pushstring(L, error.message);
    }
    lua_replace(L, scratch_index);
    lua_settop(L, scratch_index);
    return is_read;
}

int tr_lua_json_decode(lua_State *L) {
    if (lua_type(L, 1) != LUA_TSTRING) {
        return luaL_error(L, "json_decode: a string expected, got %s", tr_lua_push_got(L, 1));
    }
    size_t length = 0;
    const char *bytes = lua_tolstring(L, 1, &length);
    if (tr_lua_push_json_value(L, bytes, length)) {
        return 1;
    }
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}
