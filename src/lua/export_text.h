/* Pieces of the texts that exports write. */
#ifndef TRACEREEL_LUA_EXPORT_TEXT_H
#define TRACEREEL_LUA_EXPORT_TEXT_H

#include <lua.h>

/* Lua functions.
 * json_object(key, value, ...): `{"key":value,...}`; keys need no escaping, values are JSON texts or integers; one that
 * is nil or false leaves its key out. */
int tr_lua_json_object(lua_State *L);
/* decimal(n, places): the unsigned number n / 10^places with so many decimals, exactly. */
int tr_lua_decimal(lua_State *L);
/* digits(n): of the unsigned number, in quotes. */
int tr_lua_quoted_digits(lua_State *L);

#endif
