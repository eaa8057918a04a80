#include "lua/export_text.h"

#include <string.h>

#include <lauxlib.h>

#include "bytes/digits.h"

static char *put_argument(lua_State *L, char *out, int argument) {
    size_t length = 0;
    const char *text = lua_tolstring(L, argument, &length);
    memcpy(out, text, length);
    return out + length;
}

/* How long the object of the arguments is. */
static size_t object_bytes(lua_State *L, int count) {
    size_t all = 2;
    for (int key = 1; key < count; key += 2) {
        if (lua_toboolean(L, key + 1)) {
            size_t key_bytes = 0, value_bytes = 0;
            luaL_checklstring(L, key, &key_bytes);
            luaL_checklstring(L, key + 1, &value_bytes);
            all += key_bytes + value_bytes + 4;
        }
    }
    return all;
}

int tr_lua_json_object(lua_State *L) {
    int count = lua_gettop(L) & ~1; /* a last value that is nil may not be there */
    luaL_Buffer buffer;
    char *begin = luaL_buffinitsize(L, &buffer, object_bytes(L, count));
    char *out = begin;
    *out++ = '{';
    for (int key = 1; key < count; key += 2) {
        if (!lua_toboolean(L, key + 1)) {
            continue;
        }
        if (out > begin + 1) {
            *out++ = ',';
        }
        *out++ = '"';
        out = put_argument(L, out, key);
        *out++ = '"';
        *out++ = ':';
        out = put_argument(L, out, key + 1);
    }
    *out++ = '}';
    luaL_pushresultsize(&buffer, (size_t)(out - begin));
    return 1;
}

int tr_lua_decimal(lua_State *L) {
    enum { MAX_PLACES = 9 };
    uint64_t value = (uint64_t)luaL_checkinteger(L, 1);
    lua_Integer places = luaL_checkinteger(L, 2);
    luaL_argcheck(L, places > 0 && places <= MAX_PLACES, 2, "must be 1 to 9");
    uint64_t unit = 1;
    for (lua_Integer i = 0; i < places; i++) {
        unit *= 10;
    }
    char text[TR_UNSIGNED_DIGITS + 1 + MAX_PLACES + 1];
    char *point = tr_put_unsigned(text, value / unit);
    char *end =
        tr_put_unsigned(point, value % unit + unit); /* the unit's 1 makes all places; the point takes its place */
    *point = '.';
    lua_pushlstring(L, text, (size_t)(end - text));
    return 1;
}

int tr_lua_quoted_digits(lua_State *L) {
    char text[TR_UNSIGNED_DIGITS + 2];
    text[0] = '"';
    char *end = tr_put_unsigned(text + 1, (uint64_t)luaL_checkinteger(L, 1));
    *end++ = '"';
    lua_pushlstring(L, text, (size_t)(end - text));
    return 1;
}
