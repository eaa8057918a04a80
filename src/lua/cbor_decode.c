#include "lua/cbor.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "bytes/utf8.h"
#include "lua/arguments.h"
#include "lua/cbor_float.h"
#include "lua/cbor_object.h"
#include "lua/core.h"

typedef struct cbor_decoder {
    lua_State *L;
    const uint8_t *bytes;
    size_t length;
    size_t at;
    int null_index;
    int object_metatable_index;
    bool is_in_object; /* the fields of one are read */
    char problem[160];
} cbor_decoder;

/* The first byte of a value, and its number: what it is, how long, or how many. */
typedef struct value_head {
    size_t at;
    unsigned initial;
    enum tr_cbor_major major;
    uint64_t number;
} value_head;

static bool push_value(cbor_decoder *decoder, int level);

__attribute__((format(printf, 3, 4))) static bool refuse(cbor_decoder *decoder, size_t at, const char *format, ...) {
    va_list arguments;
    int length = snprintf(decoder->problem, sizeof decoder->problem, "at byte %zu: ", at);
    va_start(arguments, format);
    (void)vsnprintf(decoder->problem + length, sizeof decoder->problem - (size_t)length, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- heads ---- */

static size_t bytes_left(const cbor_decoder *decoder) {
    return decoder->length - decoder->at;
}

static bool read_head(cbor_decoder *decoder, value_head *head) {
    enum { FIRST_WIDE = 24, MAX_WIDE = 27 };
    *head = (value_head){.at = decoder->at};
    if (bytes_left(decoder) == 0) {
        return refuse(decoder, decoder->at, "it ends where a value was expected");
    }
    head->initial = decoder->bytes[decoder->at++];
    head->major = (enum tr_cbor_major)(head->initial >> 5);
    unsigned info = head->initial & 0x1f;
    if (info > MAX_WIDE) {
        return refuse(decoder, head->at, "a first byte 0x%02x has no meaning here", head->initial);
    }
    size_t wide = info < FIRST_WIDE ? 0 : (size_t)1 << (info - FIRST_WIDE);
    if (wide > bytes_left(decoder)) {
        return refuse(decoder, head->at, "it ends within a number of %zu bytes", wide);
    }
    head->number = wide == 0 ? info : 0;
    for (size_t i = 0; i < wide; i++) {
        head->number = head->number << 8 | decoder->bytes[decoder->at++];
    }
    bool is_shortest = wide == 0 || (wide == 1 ? head->number >= FIRST_WIDE : head->number >> (4 * wide) != 0);
    if (head->major != TR_CBOR_SIMPLE && !is_shortest) {
        return refuse(decoder, head->at, "a number is not in its shortest form");
    }
    return true;
}

/* ---- single values ---- */

static bool push_integer(cbor_decoder *decoder, const value_head *head) {
    if (head->number > INT64_MAX) {
        return refuse(decoder, head->at, "an integer does not fit into 64 bits");
    }
    uint64_t bits = head->major == TR_CBOR_UNSIGNED ? head->number : ~head->number;
    lua_pushinteger(decoder->L, (lua_Integer)bits);
    return true;
}

static bool push_text(cbor_decoder *decoder, const value_head *head) {
    if (head->number > bytes_left(decoder)) {
        return refuse(decoder, head->at, "it ends within a text");
    }
    size_t length = (size_t)head->number;
    const uint8_t *text = decoder->bytes + decoder->at;
    bool is_text = tr_utf8_is_valid(text, length);
    if (is_text != (head->major == TR_CBOR_TEXT)) {
        return refuse(decoder, head->at,
                      is_text ? "bytes are UTF-8, which a text string holds" : "a text string is not UTF-8");
    }
    lua_pushlstring(decoder->L, (const char *)text, length);
    decoder->at += length;
    return true;
}

static bool push_float(cbor_decoder *decoder, const value_head *head) {
    uint64_t bits = head->number;
    uint32_t small = 0;
    bool is_shorter = false;
    if (head->initial == TR_CBOR_HALF) {
        bits = tr_float_widen((uint32_t)head->number, tr_float_half);
    } else if (head->initial == TR_CBOR_SINGLE) {
        bits = tr_float_widen((uint32_t)head->number, tr_float_single);
        is_shorter = tr_float_shrink(bits, tr_float_half, &small);
    } else {
        is_shorter = tr_float_shrink(bits, tr_float_single, &small);
    }
    if (is_shorter) {
        return refuse(decoder, head->at, "a float is not in its shortest form");
    }
    lua_Number number = 0;
    memcpy(&number, &bits, sizeof number);
    lua_pushnumber(decoder->L, number);
    return true;
}

static bool push_simple(cbor_decoder *decoder, const value_head *head) {
    switch (head->initial) {
    case TR_CBOR_FALSE:
    case TR_CBOR_TRUE:
        lua_pushboolean(decoder->L, head->initial == TR_CBOR_TRUE);
        return true;
    case TR_CBOR_NULL:
        lua_pushvalue(decoder->L, decoder->null_index);
        return true;
    case TR_CBOR_HALF:
    case TR_CBOR_SINGLE:
    case TR_CBOR_DOUBLE:
        return push_float(decoder, head);
    default:
        return refuse(decoder, head->at, "a first byte 0x%02x has no meaning here", head->initial);
    }
}

/* ---- tables ---- */

/* A count from a file reserves no more than this; a table that is larger grows as it is filled. */
enum { MAX_RESERVED = 64 };

static bool check_count(cbor_decoder *decoder, const value_head *head, size_t bytes_each) {
    if (head->number > bytes_left(decoder) / bytes_each) {
        return refuse(decoder, head->at, "it ends within a table");
    }
    return true;
}

static int reserved(uint64_t count) {
    return count < MAX_RESERVED ? (int)count : MAX_RESERVED;
}

static bool push_array(cbor_decoder *decoder, const value_head *head, int level) {
    if (!check_count(decoder, head, 1)) {
        return false;
    }
    lua_createtable(decoder->L, reserved(head->number), 0);
    for (uint64_t i = 1; i <= head->number; i++) {
        if (!push_value(decoder, level)) {
            return false;
        }
        lua_rawseti(decoder->L, -2, (lua_Integer)i);
    }
    return true;
}

typedef struct byte_span {
    size_t at;
    size_t length;
} byte_span;

static bool comes_after(const cbor_decoder *decoder, byte_span key, byte_span before) {
    size_t shared = key.length < before.length ? key.length : before.length;
    int order = memcmp(decoder->bytes + before.at, decoder->bytes + key.at, shared);
    return order < 0 || (order == 0 && before.length < key.length);
}

/* Pushes a key and tells where its bytes are. */
static bool push_key(cbor_decoder *decoder, byte_span *span) {
    lua_State *L = decoder->L;
    value_head head;
    bool is_read = false;
    if (!read_head(decoder, &head)) {
        return false;
    }
    if (head.major == TR_CBOR_UNSIGNED || head.major == TR_CBOR_NEGATIVE) {
        is_read = push_integer(decoder, &head);
    } else if (head.major == TR_CBOR_TEXT || head.major == TR_CBOR_BYTES) {
        is_read = push_text(decoder, &head);
    } else if (head.major == TR_CBOR_SIMPLE && head.initial != TR_CBOR_NULL) {
        is_read = push_simple(decoder, &head);
    } else {
        return refuse(decoder, head.at, "a key is an integer, a float, a text or a boolean");
    }
    if (!is_read) {
        return false;
    }
    *span = (byte_span){head.at, decoder->at - head.at};
    if (lua_type(L, -1) == LUA_TNUMBER && !lua_isinteger(L, -1)) {
        int is_whole = 0;
        (void)lua_tointegerx(L, -1, &is_whole);
        lua_Number number = lua_tonumber(L, -1);
        if (is_whole || number != number) {
            return refuse(decoder, head.at, "a key that is a float is neither whole nor NaN");
        }
    }
    return true;
}

/* Reads the members of a map into the table on top of the stack. Returns false where it is not right; tells whether its
 * keys are 1..n. */
static bool read_members(cbor_decoder *decoder, const value_head *head, int level, bool *is_sequence) {
    lua_State *L = decoder->L;
    byte_span before = {0, 0};
    *is_sequence = true;
    for (uint64_t i = 1; i <= head->number; i++) {
        byte_span key = {0, 0};
        if (!push_key(decoder, &key)) {
            return false;
        }
        if (i > 1 && !comes_after(decoder, key, before)) {
            return refuse(decoder, key.at, "the keys of a table are not in their order");
        }
        before = key;
        *is_sequence &= lua_isinteger(L, -1) && (uint64_t)lua_tointeger(L, -1) == i;
        if (!push_value(decoder, level)) {
            return false;
        }
        lua_rawset(L, -3);
    }
    return true;
}

static bool push_map(cbor_decoder *decoder, const value_head *head, int level, bool is_object) {
    bool is_sequence = false;
    if (!check_count(decoder, head, 2)) {
        return false;
    }
    lua_createtable(decoder->L, 0, reserved(head->number));
    if (!read_members(decoder, head, level, &is_sequence)) {
        return false;
    }
    if (is_sequence && !is_object) {
        return refuse(decoder, head->at, "a table with the keys 1 to %llu is not an array",
                      (unsigned long long)head->number);
    }
    return true;
}

/* Makes an object of the fields on top of the stack. */
static bool make_object(cbor_decoder *decoder, const value_head *tag, lua_CFunction from) {
    lua_State *L = decoder->L;
    lua_pushcfunction(L, from);
    lua_insert(L, -2);
    int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_OK) {
        return true;
    }
    if (status != LUA_ERRRUN || lua_type(L, -1) != LUA_TSTRING) {
        lua_error(L); /* memory */
    }
    return refuse(decoder, tag->at, "%s", lua_tostring(L, -1));
}

static bool push_object(cbor_decoder *decoder, const value_head *tag, lua_CFunction from, int level) {
    value_head head;
    if (!read_head(decoder, &head)) {
        return false;
    }
    bool is_empty = head.major == TR_CBOR_ARRAY && head.number == 0;
    if (!is_empty && head.major != TR_CBOR_MAP) {
        return refuse(decoder, head.at, "a tag %llu is not of such a value", (unsigned long long)tag->number);
    }
    decoder->is_in_object = true;
    bool is_read = is_empty ? push_array(decoder, &head, level) : push_map(decoder, &head, level, false);
    decoder->is_in_object = false;
    return is_read && make_object(decoder, tag, from);
}

static bool push_tagged(cbor_decoder *decoder, const value_head *tag, int level) {
    lua_State *L = decoder->L;
    value_head head;
    bool is_object = tag->number == TR_CBOR_TAG_OBJECT;
    lua_CFunction from = tr_cbor_object_from(tag->number);
    if (decoder->is_in_object) {
        return refuse(decoder, tag->at, "a tag %llu is within an object", (unsigned long long)tag->number);
    } else if (from != NULL) {
        return push_object(decoder, tag, from, level);
    } else if (!is_object && tag->number != TR_CBOR_TAG_ARRAY) {
        return refuse(decoder, tag->at, "a tag %llu is not known", (unsigned long long)tag->number);
    }
    if (!read_head(decoder, &head)) {
        return false;
    }
    if (head.major == TR_CBOR_MAP) {
        if (!push_map(decoder, &head, level, is_object)) {
            return false;
        }
    } else if (head.major == TR_CBOR_ARRAY && !is_object) {
        if (!push_array(decoder, &head, level)) {
            return false;
        }
    } else {
        return refuse(decoder, head.at, "a tag %llu is not of such a value", (unsigned long long)tag->number);
    }
    if (is_object) {
        lua_pushvalue(L, decoder->object_metatable_index);
    } else {
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "array");
        lua_setfield(L, -2, "__jsontype");
    }
    lua_setmetatable(L, -2);
    return true;
}

/* ---- values ---- */

/* Pushes one value. Where it is not right, returns false and may leave other values on the stack. */
static bool push_value(cbor_decoder *decoder, int level) {
    value_head head;
    if (!read_head(decoder, &head)) {
        return false;
    }
    bool is_table = head.major == TR_CBOR_ARRAY || head.major == TR_CBOR_MAP || head.major == TR_CBOR_TAG;
    if (is_table && level == TR_CBOR_MAX_LEVELS) {
        return refuse(decoder, head.at, "tables are nested deeper than %d levels", (int)TR_CBOR_MAX_LEVELS);
    }
    luaL_checkstack(decoder->L, LUA_MINSTACK, "tables nested too deeply");
    switch (head.major) {
    case TR_CBOR_UNSIGNED:
    case TR_CBOR_NEGATIVE:
        return push_integer(decoder, &head);
    case TR_CBOR_BYTES:
    case TR_CBOR_TEXT:
        return push_text(decoder, &head);
    case TR_CBOR_ARRAY:
        return push_array(decoder, &head, level + 1);
    case TR_CBOR_MAP:
        return push_map(decoder, &head, level + 1, false);
    case TR_CBOR_TAG:
        return push_tagged(decoder, &head, level + 1);
    case TR_CBOR_SIMPLE:
        break;
    }
    return push_simple(decoder, &head);
}

/* nil is no value of a table: it stands alone. */
static bool push_whole(cbor_decoder *decoder) {
    if (decoder->length == 1 && decoder->bytes[0] == TR_CBOR_UNDEFINED) {
        lua_pushnil(decoder->L);
        return true;
    }
    if (!push_value(decoder, 0)) {
        return false;
    }
    if (bytes_left(decoder) > 0) {
        return refuse(decoder, decoder->at, "bytes follow the value: %zu", bytes_left(decoder));
    }
    return true;
}

int tr_lua_cbor_decode(lua_State *L) {
    if (lua_type(L, 1) != LUA_TSTRING) {
        return luaL_error(L, "cbor_decode: a string expected, got %s", tr_lua_push_got(L, 1));
    }
    lua_settop(L, 1);
    cbor_decoder decoder = {.L = L, .null_index = 2, .object_metatable_index = 3};
    decoder.bytes = (const uint8_t *)lua_tolstring(L, 1, &decoder.length);
    tr_lua_push_core_value(L, TR_CORE_NULL);
    tr_lua_push_core_value(L, TR_CORE_OBJECT_METATABLE);
    if (push_whole(&decoder)) {
        return 1;
    }
    lua_settop(L, 1);
    lua_pushnil(L);
    lua_pushstring(L, decoder.problem);
    return 2;
}
