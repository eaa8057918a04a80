/* A line on standard error that says how far reading is, from its first second on. Only the program has it. */
#ifndef TRACEREEL_LUA_HOST_PROGRESS_H
#define TRACEREEL_LUA_HOST_PROGRESS_H

#include <lua.h>

/* The Lua function begin_progress(): from here on, until end_progress. Does nothing where the system has no timer
 * left. */
int tr_host_begin_progress(lua_State *L);

/* The Lua function clear_progress(): removes the line, which comes again after a moment. */
int tr_host_clear_progress(lua_State *L);

/* The Lua function end_progress(): removes the line. Does nothing where it was not begun. */
int tr_host_end_progress(lua_State *L);

#endif
