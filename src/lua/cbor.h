/* Lua values as bytes and back, for another process: CBOR (RFC 8949) in its deterministic form (4.2.1), so that equal
 * values are equal bytes on every machine.
 *
 * Integers, floats and booleans are what they are; `tracereel.null` is null, and nil, which only a whole value can be,
 * is undefined. A text is a text string where it is UTF-8, a byte string where not. A table with the keys 1..n is an
 * array, an empty one too; any other table is a map, whose keys are integers, floats, texts and booleans. A table whose
 * metatable says `__jsontype`, and nothing else, is tagged; so are the fields of a histogram and of a timing.
 * Metatables of other kinds, functions, threads and other userdata cannot be said. A table that is in two places is two
 * tables afterwards. */
#ifndef TRACEREEL_LUA_CBOR_H
#define TRACEREEL_LUA_CBOR_H

#include <stdint.h>

#include <lua.h>

/* The first three bits of a value. */
enum tr_cbor_major {
    TR_CBOR_UNSIGNED,
    TR_CBOR_NEGATIVE,
    TR_CBOR_BYTES,
    TR_CBOR_TEXT,
    TR_CBOR_ARRAY,
    TR_CBOR_MAP,
    TR_CBOR_TAG,
    TR_CBOR_SIMPLE
};

/* Its first byte, where that is all of it, and the first byte of floats. */
enum tr_cbor_initial {
    TR_CBOR_FALSE = 0xf4,
    TR_CBOR_TRUE = 0xf5,
    TR_CBOR_NULL = 0xf6,
    TR_CBOR_UNDEFINED = 0xf7,
    TR_CBOR_HALF = 0xf9,
    TR_CBOR_SINGLE = 0xfa,
    TR_CBOR_DOUBLE = 0xfb
};

/* The numbers of tags, of those that anybody may use: "tr" and a number. */
enum tr_cbor_tag {
    TR_CBOR_TAG_OBJECT = 0x74720001,    /* of a map: its table's `__jsontype` is "object" */
    TR_CBOR_TAG_ARRAY = 0x74720002,     /* of an array or a map: its table's `__jsontype` is "array" */
    TR_CBOR_TAG_HISTOGRAM = 0x74720003, /* of a histogram's fields, without tags in them */
    TR_CBOR_TAG_TIMING = 0x74720004     /* of a timing's */
};

enum { TR_CBOR_MAX_LEVELS = 1000 }; /* of C's stack and Lua's */

/* The Lua function cbor_encode(value, name) -> bytes. Raises a failure of kind "script" that names the first part that
 * cannot be said: `name.rows[3]`; "value" where no name is given. */
int tr_lua_cbor_encode(lua_State *L);
/* The Lua function cbor_decode(bytes) -> value; or nil and what is wrong. Refuses what cbor_encode would have written
 * otherwise, so that a value has one form. */
int tr_lua_cbor_decode(lua_State *L);

#endif
