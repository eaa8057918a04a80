/* Traces that are named by a text. */
#ifndef TRACEREEL_LUA_TRACE_TEXT_H
#define TRACEREEL_LUA_TRACE_TEXT_H

#include <lua.h>

/* Lua function: trace_id_of(text) -> the id, as its text. */
int tr_lua_trace_id_of(lua_State *L);

#endif
