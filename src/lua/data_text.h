/* Lua text as data: `return` and one literal. Nothing in it is run. */
#ifndef TRACEREEL_LUA_DATA_TEXT_H
#define TRACEREEL_LUA_DATA_TEXT_H

#include <lua.h>

/* The Lua function read_data(text, name) -> the value that Lua's own load and a call would give. Raises a text, which
 * begins with the name and the line, where the text is anything else than literals. Its time grows with the text. */
int tr_lua_read_data(lua_State *L);

#endif
