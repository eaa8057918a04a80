/* The names of nodes, as a log's flow has them. A table of names has, by node number, the node's name, and by name the
 * number, or `false` where several nodes have it. Tables are numbered, so that a record or a trace keeps nothing but
 * that number; 0: no names are known. */
#ifndef TRACEREEL_LUA_NODE_NAMES_H
#define TRACEREEL_LUA_NODE_NAMES_H

#include <stdint.h>

#include <lua.h>

#include "lua/scalar.h"

/* The number of the table of names at `index`, or of none where it is nil. The table is kept from then on. */
uint32_t tr_lua_number_names(lua_State *L, int index);
/* The node's name, or nil; the table of names keeps it. */
tr_scalar tr_lua_node_name(lua_State *L, uint32_t names, uint32_t node_id);
/* The node that a value means: its number, or, as a text, its name. Raises an error that names the field where it is
 * neither, where no names are known, and where several nodes have the name. `*is_there` is false where the names are
 * known and this is none of them. */
uint32_t tr_lua_to_node(lua_State *L, int index, const char *field, uint32_t names, int *is_there);

#endif
