/* The module "tracereel.host": what the command line needs of the program around it. */
#ifndef TRACEREEL_LUA_HOST_H
#define TRACEREEL_LUA_HOST_H

#include <lua.h>

int luaopen_tracereel_host(lua_State *L);

#endif
