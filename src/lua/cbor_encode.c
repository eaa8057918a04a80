#include "lua/cbor.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "bytes/utf8.h"
#include "lua/arguments.h"
#include "lua/cbor_head.h"
#include "lua/cbor_object.h"
#include "lua/core.h"
#include "lua/failure.h"

/* Where a value is: in a table, under a key on the stack; or the whole value, under no key. */
typedef struct value_place {
    const struct value_place *outer;
    int key_index;
} value_place;

typedef struct cbor_encoder {
    lua_State *L;
    uint8_t *bytes; /* a userdata at buffer_index */
    size_t length;
    size_t capacity;
    int buffer_index;
    int null_index;
} cbor_encoder;

enum { NAME_INDEX = 2 };

static void encode_value(cbor_encoder *encoder, int index, const value_place *place, int level);

/* ---- what cannot be said ---- */

/* Adds `.key` or `[key]` for each place, outermost first, so many of them. */
static void add_path(lua_State *L, luaL_Buffer *path, const value_place *place, int levels) {
    enum { MAX_SHOWN = 12 };
    if (place->outer == NULL) {
        return;
    }
    add_path(L, path, place->outer, levels - 1);
    if (levels > MAX_SHOWN) {
        if (levels == MAX_SHOWN + 1) {
            luaL_addstring(path, "...");
        }
        return;
    }
    size_t length = 0;
    const char *name = lua_type(L, place->key_index) == LUA_TSTRING ? lua_tolstring(L, place->key_index, &length) : "";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    if (length > 0 && strspn(name, letters) == length && (name[0] < '0' || name[0] > '9')) {
        luaL_addchar(path, '.');
        luaL_addlstring(path, name, length);
        return;
    }
    luaL_addchar(path, '[');
    tr_lua_push_got(L, place->key_index);
    luaL_addvalue(path);
    luaL_addchar(path, ']');
}

/* Raises a failure about the value at a place; what is wrong with it is on top of the stack. */
_Noreturn static void refuse(const cbor_encoder *encoder, const value_place *place) {
    lua_State *L = encoder->L;
    int problem_index = lua_gettop(L);
    int levels = 0;
    for (const value_place *at = place; at->outer != NULL; at = at->outer) {
        levels++;
    }
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    luaL_Buffer path;
    luaL_buffinit(L, &path);
    luaL_addstring(&path, lua_tostring(L, NAME_INDEX));
    add_path(L, &path, place, levels);
    luaL_pushresult(&path);
    tr_lua_raise(L, "script", "%s: %s", lua_tostring(L, -1), lua_tostring(L, problem_index));
}

/* ---- bytes ---- */

static void make_room(cbor_encoder *encoder, size_t wanted) {
    enum { FIRST_BYTES = 256 };
    if (wanted > SIZE_MAX / 4 - encoder->length) {
        tr_lua_raise_status(encoder->L, TR_ERROR_MEMORY, NULL);
    }
    size_t capacity = encoder->capacity == 0 ? FIRST_BYTES : encoder->capacity;
    while (capacity - encoder->length < wanted) {
        capacity *= 2;
    }
    uint8_t *bytes = lua_newuserdatauv(encoder->L, capacity, 0);
    if (encoder->length > 0) {
        memcpy(bytes, encoder->bytes, encoder->length);
    }
    lua_replace(encoder->L, encoder->buffer_index);
    encoder->bytes = bytes;
    encoder->capacity = capacity;
}

static void put(cbor_encoder *encoder, const void *bytes, size_t length) {
    if (encoder->capacity - encoder->length < length) {
        make_room(encoder, length);
    }
    if (length > 0) {
        memcpy(encoder->bytes + encoder->length, bytes, length);
        encoder->length += length;
    }
}

static void put_head(cbor_encoder *encoder, enum tr_cbor_major major, uint64_t number) {
    uint8_t head[TR_CBOR_HEAD_BYTES];
    put(encoder, head, tr_cbor_write_head(head, major, number));
}

static void put_byte(cbor_encoder *encoder, uint8_t byte) {
    put(encoder, &byte, 1);
}

static enum tr_cbor_major major_of_text(const char *text, size_t length) {
    return tr_utf8_is_valid((const uint8_t *)text, length) ? TR_CBOR_TEXT : TR_CBOR_BYTES;
}

/* ---- keys ---- */

/* A key as it is sorted: by its bytes, which are a head and, of a text, the text. */
typedef struct map_key {
    uint8_t head[TR_CBOR_HEAD_BYTES];
    uint8_t head_bytes;
    uint8_t type;     /* LUA_TNUMBER, LUA_TSTRING or LUA_TBOOLEAN */
    bool is_integer;  /* of a number */
    const char *text; /* alive as long as it is in the table; NULL: no text */
    size_t length;
    union {
        lua_Integer integer; /* a boolean is 0 or 1 */
        lua_Number number;
    } as;
} map_key;

static int compare_keys(const void *left_pointer, const void *right_pointer) {
    const map_key *left = left_pointer;
    const map_key *right = right_pointer;
    /* The first byte says how long a head is, and a text's head how long the text is. */
    int order =
        memcmp(left->head, right->head, left->head_bytes < right->head_bytes ? left->head_bytes : right->head_bytes);
    return order != 0 || left->length == 0 ? order : memcmp(left->text, right->text, left->length);
}

/* Reads the key on top of the stack. */
static map_key read_key(lua_State *L) {
    map_key key = {.type = (uint8_t)lua_type(L, -1)};
    if (key.type == LUA_TSTRING) {
        key.text = lua_tolstring(L, -1, &key.length);
        key.head_bytes = (uint8_t)tr_cbor_write_head(key.head, major_of_text(key.text, key.length), key.length);
    } else if (key.type == LUA_TBOOLEAN) {
        key.as.integer = lua_toboolean(L, -1);
        key.head_bytes = (uint8_t)tr_cbor_write_initial(key.head, key.as.integer ? TR_CBOR_TRUE : TR_CBOR_FALSE, 0, 0);
    } else if (lua_isinteger(L, -1)) {
        key.is_integer = true;
        key.as.integer = lua_tointeger(L, -1);
        key.head_bytes = (uint8_t)tr_cbor_write_integer(key.head, key.as.integer);
    } else {
        key.as.number = lua_tonumber(L, -1);
        key.head_bytes = (uint8_t)tr_cbor_write_float(key.head, key.as.number);
    }
    return key;
}

static void push_key(lua_State *L, const map_key *key) {
    if (key->type == LUA_TSTRING) {
        lua_pushlstring(L, key->text, key->length);
    } else if (key->type == LUA_TBOOLEAN) {
        lua_pushboolean(L, key->as.integer != 0);
    } else if (key->is_integer) {
        lua_pushinteger(L, key->as.integer);
    } else {
        lua_pushnumber(L, key->as.number);
    }
}

/* ---- tables ---- */

typedef struct table_shape {
    size_t count;
    bool is_sequence; /* its keys are 1..count */
} table_shape;

static bool can_be_key(int type) {
    return type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN;
}

static table_shape look_at_keys(const cbor_encoder *encoder, int index, const value_place *place) {
    lua_State *L = encoder->L;
    table_shape shape = {0, true};
    int wrong_type = LUA_TNONE; /* the least of those there are: the order of keys is another in each process */
    lua_Integer length = (lua_Integer)lua_rawlen(L, index);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1); /* key */
        shape.count++;
        int type = lua_type(L, -1);
        if (!can_be_key(type) && (wrong_type == LUA_TNONE || type < wrong_type)) {
            wrong_type = type;
        }
        shape.is_sequence &= lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 && lua_tointeger(L, -1) <= length;
    }
    if (wrong_type != LUA_TNONE) {
        lua_pushfstring(L, "a %s as a key cannot be handed to another process", lua_typename(L, wrong_type));
        refuse(encoder, place);
    }
    shape.is_sequence &= shape.count == (size_t)length;
    return shape;
}

/* Puts the tag of a table whose metatable says `__jsontype` and nothing else. Raises on other metatables. */
static bool put_tag(cbor_encoder *encoder, int index, const value_place *place) {
    lua_State *L = encoder->L;
    uint32_t tag = 0;
    if (!lua_getmetatable(L, index)) {
        return false;
    }
    int metatable = lua_gettop(L);
    lua_pushnil(L);
    if (lua_next(L, metatable) != 0) { /* metatable, key, value */
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        const char *value = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        lua_pop(L, 1);
        bool is_alone = lua_next(L, metatable) == 0;
        if (is_alone && strcmp(key, "__jsontype") == 0) {
            tag = strcmp(value, "object") == 0  ? TR_CBOR_TAG_OBJECT
                  : strcmp(value, "array") == 0 ? TR_CBOR_TAG_ARRAY
                                                : 0;
        }
    }
    if (tag == 0) {
        lua_pushliteral(L, "a table with a metatable cannot be handed to another process");
        refuse(encoder, place);
    }
    lua_settop(L, metatable - 1);
    put_head(encoder, TR_CBOR_TAG, tag);
    return tag == TR_CBOR_TAG_OBJECT;
}

static void put_array(cbor_encoder *encoder, int index, size_t count, const value_place *place, int level) {
    lua_State *L = encoder->L;
    int top = lua_gettop(L);
    put_head(encoder, TR_CBOR_ARRAY, count);
    for (size_t i = 1; i <= count; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_rawgeti(L, index, (lua_Integer)i);
        encode_value(encoder, top + 2, &(value_place){place, top + 1}, level);
        lua_settop(L, top);
    }
}

static void put_map(cbor_encoder *encoder, int index, size_t count, const value_place *place, int level) {
    lua_State *L = encoder->L;
    int top = lua_gettop(L);
    put_head(encoder, TR_CBOR_MAP, count);
    if (count == 0) {
        return;
    }
    if (count > SIZE_MAX / sizeof(map_key)) {
        tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    map_key *keys = lua_newuserdatauv(L, count * sizeof *keys, 0); /* keys */
    size_t filled = 0;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        keys[filled++] = read_key(L);
    }
    qsort(keys, filled, sizeof *keys, compare_keys);
    for (size_t i = 0; i < filled; i++) {
        put(encoder, keys[i].head, keys[i].head_bytes);
        put(encoder, keys[i].text, keys[i].length);
        push_key(L, &keys[i]);
        lua_pushvalue(L, -1);
        lua_rawget(L, index); /* keys, key, value */
        encode_value(encoder, top + 3, &(value_place){place, top + 2}, level);
        lua_settop(L, top + 1);
    }
    lua_settop(L, top);
}

static void put_table(cbor_encoder *encoder, int index, const value_place *place, int level) {
    lua_State *L = encoder->L;
    if (lua_rawequal(L, index, encoder->null_index)) {
        put_byte(encoder, TR_CBOR_NULL);
        return;
    }
    luaL_checkstack(L, LUA_MINSTACK, "tables nested too deeply");
    if (level == TR_CBOR_MAX_LEVELS) {
        lua_pushfstring(L, "tables are nested deeper than %d levels (does one contain itself?)",
                        (int)TR_CBOR_MAX_LEVELS);
        refuse(encoder, place);
    }
    bool is_object = put_tag(encoder, index, place);
    table_shape shape = look_at_keys(encoder, index, place);
    if (shape.is_sequence && !is_object) {
        put_array(encoder, index, shape.count, place, level + 1);
    } else {
        put_map(encoder, index, shape.count, place, level + 1);
    }
}

/* Puts the fields of the userdata at the absolute `index`. Raises where it has none. */
static void put_object(cbor_encoder *encoder, int index, const value_place *place, int level) {
    lua_State *L = encoder->L;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    uint32_t tag = tr_cbor_push_fields(L, index);
    if (tag == 0) {
        lua_pushfstring(L, "%s cannot be handed to another process", tr_lua_push_got(L, index));
        refuse(encoder, place);
    }
    put_head(encoder, TR_CBOR_TAG, tag);
    put_table(encoder, lua_gettop(L), place, level);
    lua_pop(L, 1);
}

/* ---- values ---- */

/* Writes the value at the absolute `index`. */
static void encode_value(cbor_encoder *encoder, int index, const value_place *place, int level) {
    lua_State *L = encoder->L;
    uint8_t head[TR_CBOR_HEAD_BYTES];
    size_t length = 0;
    const char *text = NULL;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        put_byte(encoder, TR_CBOR_UNDEFINED);
        break;
    case LUA_TBOOLEAN:
        put_byte(encoder, lua_toboolean(L, index) ? TR_CBOR_TRUE : TR_CBOR_FALSE);
        break;
    case LUA_TNUMBER:
        put(encoder, head,
            lua_isinteger(L, index) ? tr_cbor_write_integer(head, lua_tointeger(L, index))
                                    : tr_cbor_write_float(head, lua_tonumber(L, index)));
        break;
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &length);
        put_head(encoder, major_of_text(text, length), length);
        put(encoder, text, length);
        break;
    case LUA_TTABLE:
        put_table(encoder, index, place, level);
        break;
    case LUA_TUSERDATA:
        put_object(encoder, index, place, level);
        break;
    default:
        lua_pushfstring(L, "%s cannot be handed to another process", tr_lua_push_got(L, index));
        refuse(encoder, place);
    }
}

int tr_lua_cbor_encode(lua_State *L) {
    luaL_checkany(L, 1);
    luaL_optstring(L, NAME_INDEX, "");
    lua_settop(L, NAME_INDEX);
    if (lua_isnil(L, NAME_INDEX)) {
        lua_pushliteral(L, "value");
        lua_replace(L, NAME_INDEX);
    }
    lua_pushnil(L); /* the buffer's place */
    tr_lua_push_core_value(L, TR_CORE_NULL);
    cbor_encoder encoder = {.L = L, .buffer_index = NAME_INDEX + 1, .null_index = NAME_INDEX + 2};
    encode_value(&encoder, 1, &(value_place){NULL, 0}, 0);
    lua_pushlstring(L, (const char *)encoder.bytes, encoder.length);
    return 1;
}
