/* One node of a trace: as Lua has it, a copy of its state at the moment when it was asked for. */
#ifndef TRACEREEL_LUA_NODE_H
#define TRACEREEL_LUA_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "lua/scalar.h"
#include "tracereel/trace.h"

#define TR_LUA_NODE "tracereel.node"

/* What a node's fields are read from: where it stands in its trace, or copies of that. */
typedef struct tr_node_view {
    const tr_node *node;
    const tr_attempt *last; /* its last attempt, `with_instances`: of all; NULL: it has none */
    uint32_t place;         /* in the trace's `nodes` */
    uint32_t last_place;    /* of `last`, in the trace's `attempts`; TR_NODE_NONE: it has no attempts */
    uint64_t duration_ns;   /* of `last`; 0 without it */
    uint32_t error_list_count;
    bool has_instances; /* it is the node itself: its attempts are those of all its instances, too */
} tr_node_view;

/* `with_instances`: and of the attempts and errors of its instances. Valid until the trace changes. */
tr_node_view tr_lua_view_node(const tr_trace *trace, const tr_node *node, bool with_instances);
/* Pushes a copy of a node's state at that moment. The trace's handle is at `handle_index`, the type's metatable at
 * `metatable_index`. */
void tr_lua_push_node(lua_State *L, const tr_node_view *view, int handle_index, int metatable_index);
/* The fields' names, by number; `*count` of them. */
const char *const *tr_lua_node_fields(int *count);
tr_field_form tr_lua_node_field_form(int field);
/* `names` is the number of lua/node_names.h. A scalar is nil where the field is a table. */
tr_scalar tr_lua_node_scalar(lua_State *L, const tr_trace *trace, uint32_t names, const tr_node_view *view, int field);
void tr_lua_push_node_field(lua_State *L, const tr_trace *trace, uint32_t names, const tr_node_view *view, int field);
/* The message of its latest error; nil where it has none. */
tr_scalar tr_lua_node_error(const tr_trace *trace, const tr_node_view *view);
void tr_lua_open_node(lua_State *L);

#endif
