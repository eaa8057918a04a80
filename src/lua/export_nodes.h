/* What every export says of the nodes of a trace, as tables that are whole when they are made. */
#ifndef TRACEREEL_LUA_EXPORT_NODES_H
#define TRACEREEL_LUA_EXPORT_NODES_H

#include <lua.h>

/* The Lua function export_nodes(trace) -> a list of nodes as lua/tracereel/export/stats.lua describes them: with their
 * id, instance, status, error and attempts; and start_ns and end_ns where they have attempts. */
int tr_lua_export_nodes(lua_State *L);

#endif
