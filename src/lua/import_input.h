/* The input of an importer: rows, lines and JSON, read in pieces; and times. */
#ifndef TRACEREEL_LUA_IMPORT_INPUT_H
#define TRACEREEL_LUA_IMPORT_INPUT_H

#include <lua.h>

/* Lua functions: import_stream(path) -> stream, import_time(fail) -> function(value, zone or unit) -> ns, where
 * fail(message) raises. */
int tr_lua_new_import_stream(lua_State *L);
int tr_lua_new_import_time(lua_State *L);
void tr_lua_open_import_stream(lua_State *L);

#endif
