/* tostring and string.format without addresses: a table, function, thread or userdata that has no text is
 * "table: 1", with the number of its first appearance. The same script then prints the same on every run. The third
 * function begins with 1 again. */
#ifndef TRACEREEL_LUA_VALUE_TEXT_H
#define TRACEREEL_LUA_VALUE_TEXT_H

#include <lua.h>

/* The Lua function text_functions() -> tostring, format, begin_numbers. */
int tr_lua_new_text_functions(lua_State *L);

#endif
