/* Where `require` finds modules. Lua's own searchers open a file to see whether it is there, so that to them a module
 * is missing where only memory is, or a descriptor; these raise then. */
#ifndef TRACEREEL_LUA_HOST_MODULES_H
#define TRACEREEL_LUA_HOST_MODULES_H

#include <lua.h>

/* Puts these searchers in the place of Lua's own. */
void tr_host_set_searchers(lua_State *L);

#endif
