/* Aggregates as userdata: `tracereel.count_by{ ... }` and its kin. A replay fills them without a call of Lua. */
#ifndef TRACEREEL_LUA_AGGREGATE_H
#define TRACEREEL_LUA_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "aggregate/aggregate.h"
#include "aggregate/packed.h"
#include "lua/condition.h"
#include "lua/event_field.h"

#define TR_LUA_AGGREGATE "tracereel.aggregate"

enum { TR_AGGREGATE_MAX_FIELDS = 16 };

typedef struct tr_field_list {
    uint32_t count;
    tr_event_field items[TR_AGGREGATE_MAX_FIELDS];
} tr_field_list;

typedef struct tr_lua_aggregate {
    const char *name; /* "count_by" */
    tr_aggregate aggregate;
    bool is_list; /* a result of rows is a list of them, and not the one row */
    tr_field_list key;
    tr_field_list value;             /* of rows all, otherwise one or none */
    const tr_conditions *conditions; /* user value 1 keeps them */
    tr_packed key_words;             /* of the record that is looked at */
    tr_packed value_words;
    size_t told_bytes;
} tr_lua_aggregate;

/* Returns the aggregate at `index`; NULL if it is something else. */
tr_lua_aggregate *tr_lua_test_aggregate(lua_State *L, int index);
/* Adds the event to those of so many aggregates that look at it. Raises only if memory runs out. */
void tr_lua_aggregate_event(lua_State *L, tr_lua_aggregate *const *aggregates, uint32_t count,
                            const tr_lua_cursor *cursor, const tr_event *event, const tr_lua_slots *slots);

/* The Lua functions. */
#define TR_LUA_AGGREGATES(X) X(count_by) X(sum_by) X(histogram_by) X(top_by) X(first_by) X(last_by)
#define TR_LUA_AGGREGATE_FUNCTION(name) int tr_lua_##name(lua_State *L);
TR_LUA_AGGREGATES(TR_LUA_AGGREGATE_FUNCTION)
#undef TR_LUA_AGGREGATE_FUNCTION

void tr_lua_open_aggregate(lua_State *L);

#endif
