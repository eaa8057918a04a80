/* Lua files that were compiled when the program was built: compiling them is most of what a start takes. tools/
 * precompile.lua writes them into one file. What is in it counts only for the very bytes that it was made from, at the
 * very path, and for the very release of Lua: a file that was changed, moved, or that another Lua is to run is compiled
 * as any other. Paths and lines are kept, for messages and tracebacks. */
#ifndef TRACEREEL_LUA_HOST_PRECOMPILED_H
#define TRACEREEL_LUA_HOST_PRECOMPILED_H

#include <stdbool.h>

#include <lua.h>

/* Uses that file from now on, where it is there and of this release. Nothing is said where it is not: it only saves
 * time. */
void tr_host_use_precompiled(const char *path);

/* Pushes the function of a Lua file and returns true; or false, where it has to be compiled, or cannot be read. Raises
 * where memory runs out. */
bool tr_host_load_precompiled(lua_State *L, const char *path);

#endif
