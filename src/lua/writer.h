/* A writer of a log, as a userdata that owns it. */
#ifndef TRACEREEL_LUA_WRITER_H
#define TRACEREEL_LUA_WRITER_H

#include <lua.h>

int tr_lua_new_writer(lua_State *L);
void tr_lua_open_writer(lua_State *L);

#endif
