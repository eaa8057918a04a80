/* What one Lua state has once. */
#ifndef TRACEREEL_LUA_CORE_H
#define TRACEREEL_LUA_CORE_H

#include <stdint.h>

#include <lua.h>

#include "lua/keys.h"
#include "tracereel/json.h"

typedef struct tr_lua_core {
    const tr_keys *rec_keys; /* the fields of records and traces by name; their metatables keep them */
    const tr_keys *trace_keys;
    tr_json json;          /* for one text at a time; its memory is kept from use to use */
    uint32_t script_index; /* whose `trace.data` is shown: the handler table that runs, from 0 */
    uint32_t names;        /* of nodes, for what is opened from here on: see lua/node_names.h */
} tr_lua_core;

/* Lua values that belong to the core, as its user values. */
enum tr_lua_core_value {
    TR_CORE_SEGMENT_NAMES = 1, /* table: number -> name and name -> number */
    TR_CORE_NULL,              /* JSON null as a Lua value */
    TR_CORE_OBJECT_METATABLE,  /* marks a table as a JSON object, whatever its keys are */
    TR_CORE_DURATION_PARSER,   /* function(text) -> ns or nil, problem; or nil */
    TR_CORE_PLANS_READER,      /* function(text) -> list: what tr_trace.plans says */
    TR_CORE_OUTPUT_READER,     /* function(trace, node_id, form) -> output or nil, problem; or nil */
    TR_CORE_RECORD_KEYS,       /* tr_keys: the names of the fields that a record can be made from */
    TR_CORE_NODE_NAMES,        /* table: number -> names and names -> number, of lua/node_names.h */
    TR_CORE_VALUES = TR_CORE_NODE_NAMES
};

/* Never raises. */
tr_lua_core *tr_lua_core_of(lua_State *L);
void tr_lua_push_core_value(lua_State *L, enum tr_lua_core_value value);
/* Sets it to the value on top of the stack, which is popped. */
void tr_lua_set_core_value(lua_State *L, enum tr_lua_core_value value);
/* Makes the core. Call before everything else. */
void tr_lua_open_core(lua_State *L);

/* Pushes the text written into core->json as a Lua string. Raises if memory ran out while it was written. */
void tr_lua_push_json(lua_State *L, tr_lua_core *core);

#endif
