/* JSON texts as Lua values, and Lua values as JSON texts. */
#ifndef TRACEREEL_LUA_JSON_H
#define TRACEREEL_LUA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

/* Lua functions: json(value) -> text, json_decode(text) -> value, or nil and what is wrong. */
int tr_lua_json(lua_State *L);
int tr_lua_json_decode(lua_State *L);
/* Pushes the value of a JSON text and returns true, or pushes what is wrong with the text and returns false. */
bool tr_lua_push_json_value(lua_State *L, const char *bytes, size_t length);
/* Pushes the table that a JSON object decodes to; nil where the text is none. */
void tr_lua_push_object(lua_State *L, const char *text, uint32_t length);

#endif
