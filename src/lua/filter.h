/* Filters: which records a handler table or records() wants to see. */
#ifndef TRACEREEL_LUA_FILTER_H
#define TRACEREEL_LUA_FILTER_H

#include <stdint.h>

#include <lua.h>

#include "tracereel/replay.h"

/* The names of the filter's keys. */
#define TR_FILTER_KEYS(X) X(types) X(nodes) X(traces) X(since_ns) X(until_ns)

/* Pushes a userdata with the filter that the table at `index` describes, and returns it. Pushes nil and returns NULL if
 * it lets everything pass. Ignores keys that are not a filter's. Nodes can be called by their `names` (number of
 * lua/node_names.h). */
const tr_filter *tr_lua_push_filter(lua_State *L, int index, uint32_t names);
/* Raises if the table has a key that is not a filter's. */
void tr_lua_check_filter_keys(lua_State *L, int index);

#endif
