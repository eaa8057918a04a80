/* What the metadata of a trace's latest trace_start says, which imported logs say much in. */
#ifndef TRACEREEL_LUA_TRACE_METADATA_H
#define TRACEREEL_LUA_TRACE_METADATA_H

#include <lua.h>

#include "tracereel/trace.h"

/* Each pushes one value. The handle is at stack index 1. */

/* Decoded once for each trace_start: a handle keeps it with the life that it is of. */
void tr_lua_push_metadata_table(lua_State *L, const tr_trace *trace);
/* A member of it; nil where it is of another kind. */
void tr_lua_push_metadata_field(lua_State *L, const tr_trace *trace, const char *name, int kind);
void tr_lua_push_parent(lua_State *L, const tr_trace *trace);
void tr_lua_push_parent_node(lua_State *L, const tr_trace *trace);

#endif
