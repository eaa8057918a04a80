/* Histograms as userdata. */
#ifndef TRACEREEL_LUA_HISTOGRAM_H
#define TRACEREEL_LUA_HISTOGRAM_H

#include <lua.h>

#include "tracereel/histogram.h"

#define TR_LUA_HISTOGRAM "tracereel.histogram"

/* Returns the histogram at `index`; raises if there is none. */
tr_histogram *tr_lua_check_histogram(lua_State *L, int index);
/* Pushes an empty one. */
tr_histogram *tr_lua_push_histogram(lua_State *L);
/* The histogram at `index` may have grown. */
void tr_lua_tell_histogram_memory(lua_State *L, int index);

/* The Lua function histogram(). */
int tr_lua_new_histogram(lua_State *L);
void tr_lua_open_histogram(lua_State *L);

#endif
