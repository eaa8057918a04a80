/* Conditions on the fields of an event, from a table: `where = { type = "node_done", ["trace.open"] = true }`. */
#ifndef TRACEREEL_LUA_CONDITION_H
#define TRACEREEL_LUA_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "lua/event_field.h"

/* What one field must be: one of some values, or within limits. */
typedef struct tr_condition {
    tr_event_field field;
    bool is_range;
    lua_Integer min; /* of a range: both included */
    lua_Integer max;
    uint32_t value_count;
    const tr_scalar *values; /* owned by the userdata that tr_lua_push_conditions pushes */
} tr_condition;

/* All of them must hold. */
typedef struct tr_conditions {
    uint32_t types; /* bits 1 << type: no record of another type passes */
    uint32_t count;
    tr_condition items[];
} tr_conditions;

/* Pushes conditions as a userdata that keeps what they need. The table is at `index`; nil: all records pass. Raises,
 * with `owner` in front, where a field does not exist or cannot be what the table says. */
const tr_conditions *tr_lua_push_conditions(lua_State *L, int index, const char *owner);

/* Whether an event whose type is among `types` passes. */
bool tr_conditions_hold(lua_State *L, const tr_conditions *conditions, tr_event_view *view, const tr_lua_slots *slots);

/* Finds the field whose name is at `index`; raises, with `owner` and `what` in front, where it is none that has a plain
 * value. */
void tr_lua_to_scalar_field(lua_State *L, int index, const char *owner, const char *what, tr_event_field *field);

#endif
