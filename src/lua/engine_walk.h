/* How the engine's reader gets through a segment. */
#ifndef TRACEREEL_LUA_ENGINE_WALK_H
#define TRACEREEL_LUA_ENGINE_WALK_H

#include <lua.h>

/* The Lua function engine_walk(path, name). */
int tr_lua_engine_walk(lua_State *L);

#endif
