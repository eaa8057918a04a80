/* One node of a trace: a copy of its state at the moment when it was asked for. */
#ifndef TRACEREEL_LUA_NODE_H
#define TRACEREEL_LUA_NODE_H

#include <stdbool.h>

#include <lua.h>

#include "tracereel/trace.h"

#define TR_LUA_NODE "tracereel.node"

/* Pushes a copy of a node's state, `with_instances`: and of the attempts and errors of its instances. The trace's
 * handle is at `handle_index`, the type's metatable at `metatable_index`. */
void tr_lua_push_node(lua_State *L, const tr_trace *trace, const tr_node *node, bool with_instances, int handle_index,
                      int metatable_index);
void tr_lua_open_node(lua_State *L);

#endif
