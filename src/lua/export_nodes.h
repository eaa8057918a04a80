/* What every export says of the nodes of a trace, as tables that are whole when they are made. */
#ifndef TRACEREEL_LUA_EXPORT_NODES_H
#define TRACEREEL_LUA_EXPORT_NODES_H

#include <lua.h>

/* The Lua function export_nodes(trace, exit_iterations, wanted) -> nodes, start_ns, end_ns: a list of nodes as
 * lua/tracereel/export/stats.lua describes them, and the times of all nodes, nil where the trace has none. `wanted`
 * says of ids of nodes whether they are to be in the list; nil: all are. `exit_iterations` are the numbers in the
 * trace's loop_exit records, in their order, or nil. */
int tr_lua_export_nodes(lua_State *L);

#endif
