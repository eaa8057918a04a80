/* A histogram, as a userdata that owns it. */
#ifndef TRACEREEL_LUA_HISTOGRAM_H
#define TRACEREEL_LUA_HISTOGRAM_H

#include <lua.h>

int tr_lua_new_histogram(lua_State *L);
void tr_lua_open_histogram(lua_State *L);

#endif
