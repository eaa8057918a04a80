/* Layouts: texts with places for values, prepared once and filled often. */
#ifndef TRACEREEL_LUA_LAYOUT_H
#define TRACEREEL_LUA_LAYOUT_H

#include <lua.h>

/* The Lua function layout(names, items) -> fill(block, value, ...): writes the items to a block of text, with the
 * values by the names in their order, and returns how many bytes that were. An item is
 *
 *     "text"                                as it is
 *     { kind, path }                        the value as layout_value.h writes it
 *     { "microseconds", path, path }        those from the second to the first
 *     { "if", path, items, items }          the first items where the value is neither nil nor false, else the others
 *     { "each", path, name, items, text }   the items for each value of a list, under that name, with the text between
 *
 * A path is a name, or a name and a field of it: "attempt.start_ns". */
int tr_lua_new_layout(lua_State *L);

#endif
