/* A Lua value as JSON text. */
#ifndef TRACEREEL_LUA_JSON_H
#define TRACEREEL_LUA_JSON_H

#include <lua.h>

/* The Lua function json(value) -> text. */
int tr_lua_json(lua_State *L);

#endif
