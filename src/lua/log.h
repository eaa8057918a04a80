/* A log: where it is, how to read it, and its latest cursor. */
#ifndef TRACEREEL_LUA_LOG_H
#define TRACEREEL_LUA_LOG_H

#include <lua.h>

#include "lua/cursor.h"

/* The Lua function open(path, options). */
int tr_lua_open_log(lua_State *L);
/* The Lua function opener(finish): an open(path, options) that calls finish(log, path, options) before it returns the
 * log. Wrong arguments are reported with the line of its own caller. */
int tr_lua_new_opener(lua_State *L);
/* The Lua function name_nodes(names, log): the names of the log's nodes; without a log, of all logs, records and states
 * that are made from here on. `names`: see lua/node_names.h; nil: none are known. */
int tr_lua_name_nodes(lua_State *L);
/* Pushes a cursor of the log at index 1 that has not begun, which becomes the log's latest. Raises where index 1 is no
 * log. */
tr_lua_cursor *tr_lua_push_fresh_cursor(lua_State *L);
void tr_lua_open_log_type(lua_State *L);

#endif
