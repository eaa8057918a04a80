/* A JSON text as a Lua value. Integers from 2^63 to 2^64-1 become the negative integers of the same 64 bits, as Lua has
 * a record's schema_hash; larger ones become floats. Of a name that an object has twice, the last value counts. */
#ifndef TRACEREEL_LUA_JSON_DECODE_H
#define TRACEREEL_LUA_JSON_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

/* The Lua function json_decode(text) -> value, or nil and what is wrong. */
int tr_lua_json_decode(lua_State *L);
/* Pushes the value of a JSON text and returns true, or pushes what is wrong with the text and returns false. */
bool tr_lua_push_json_value(lua_State *L, const char *bytes, size_t length);

#endif
