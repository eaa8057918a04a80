/* An asker: what asks a recovery script about a trace after each of its records, as long as nothing has to be said. */
#ifndef TRACEREEL_LUA_ASKER_H
#define TRACEREEL_LUA_ASKER_H

#include <lua.h>

/* The Lua method history:asker. */
int tr_lua_new_asker(lua_State *L);
void tr_lua_open_asker(lua_State *L);

#endif
