/* table.sort, stable. Lua's own takes its pivots by the clock where the parts of a long array come out uneven, so that
 * elements which the comparison calls equal come in another order on another run. */
#ifndef TRACEREEL_LUA_SORT_H
#define TRACEREEL_LUA_SORT_H

#include <lua.h>

/* The Lua function sort(list, compare). */
int tr_lua_sort(lua_State *L);

#endif
