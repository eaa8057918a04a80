/* A histogram as a plain table, and back: what processes hand to each other. */
#ifndef TRACEREEL_LUA_HISTOGRAM_FIELDS_H
#define TRACEREEL_LUA_HISTOGRAM_FIELDS_H

#include <lua.h>

#include "lua/fields.h"
#include "tracereel/histogram.h"

/* Pushes its numbers, by their names, and `buckets`: number, count, number, count, ... */
void tr_lua_push_histogram_fields(lua_State *L, const tr_histogram *histogram);
/* Pushes a userdata with the histogram that the table at `index` says. Raises where none can hold that. */
tr_histogram *tr_lua_push_histogram_from(lua_State *L, int index);

/* The Lua functions histogram_fields(histogram) and histogram_from(fields). */
int tr_lua_histogram_fields(lua_State *L);
int tr_lua_histogram_from(lua_State *L);

#endif
