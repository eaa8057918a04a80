/* luaopen_tracereel_core: the module that init.lua builds on. */
#ifndef TRACEREEL_LUA_MODULE_H
#define TRACEREEL_LUA_MODULE_H

#include <lua.h>

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
int luaopen_tracereel_core(lua_State *L);

#endif
