/* What an aggregate has gathered, as tables and histograms. */
#ifndef TRACEREEL_LUA_AGGREGATE_RESULT_H
#define TRACEREEL_LUA_AGGREGATE_RESULT_H

#include <lua.h>

#include "lua/aggregate.h"

/* Pushes a table with a level for each field of the key; without one, the one value. All of it is new. */
void tr_lua_push_aggregate_result(lua_State *L, const tr_lua_aggregate *self);

#endif
