/* Sorting tables by numbers in them. */
#ifndef TRACEREEL_LUA_SORT_BY_H
#define TRACEREEL_LUA_SORT_BY_H

#include <lua.h>

/* The Lua function sort_by(list, field, field): sorts a list of tables by one or two of their fields, unsigned
 * integers, in place; what is equal stays in its order. A field with a `-` before its name: the largest first. */
int tr_lua_sort_by(lua_State *L);

#endif
