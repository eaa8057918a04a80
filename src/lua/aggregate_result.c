#include "lua/aggregate_result.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/histogram.h"

static void push_value(lua_State *L, const tr_packed_value *value) {
    switch (value->kind) {
    case TR_PACKED_NONE:
        lua_pushnil(L);
        return;
    case TR_PACKED_BOOLEAN:
        lua_pushboolean(L, value->as.boolean);
        return;
    case TR_PACKED_INTEGER:
        lua_pushinteger(L, value->as.integer);
        return;
    case TR_PACKED_NAME:
        lua_pushstring(L, value->as.name);
        return;
    case TR_PACKED_TEXT:
        lua_pushlstring(L, value->as.text.bytes, value->as.text.length_bytes);
        return;
    case TR_PACKED_ID:
        tr_lua_push_trace_id(L, value->as.id);
    }
}

/* ---- the values of groups ---- */

static void push_histogram(lua_State *L, const tr_histogram *from) {
    tr_histogram *histogram = tr_lua_push_histogram(L);
    if (from != NULL && tr_histogram_merge(histogram, from) != TR_OK) {
        tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    tr_lua_tell_histogram_memory(L, -1);
}

/* "trace.status", as it was declared. */
static void push_field_name(lua_State *L, const tr_event_field *field) {
    static const char *const prefixes[] = {
#define OBJECT_PREFIX(constant, name, prefix) prefix,
        TR_EVENT_OBJECTS(OBJECT_PREFIX)
#undef OBJECT_PREFIX
    };
    lua_pushfstring(L, "%s%s", prefixes[field->object], field->name);
}

static void push_row(lua_State *L, const tr_lua_aggregate *self, const uint64_t *row) {
    lua_createtable(L, 0, (int)self->value.count);
    for (uint32_t i = 0; i < self->value.count; i++) {
        tr_packed_value value;
        row = tr_packed_read(row, &value);
        push_field_name(L, &self->value.items[i]);
        push_value(L, &value);
        lua_rawset(L, -3);
    }
}

static void push_rows(lua_State *L, const tr_lua_aggregate *self, const tr_aggregate_rows *rows) {
    uint32_t count = rows == NULL ? 0 : rows->count;
    if (!self->is_list && count > 0) {
        push_row(L, self, rows->rows[0]);
    } else if (!self->is_list) {
        lua_pushnil(L);
    } else {
        lua_createtable(L, (int)count, 0);
        for (uint32_t i = 0; i < count; i++) {
            push_row(L, self, rows->rows[i]);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
    }
}

/* Of a group, or of none where nothing was added. */
static void push_group_value(lua_State *L, const tr_lua_aggregate *self, const tr_group *group) {
    switch (self->aggregate.kind) {
    case TR_AGGREGATE_COUNT:
    case TR_AGGREGATE_SUM:
        tr_lua_push_unsigned(L, group == NULL ? 0 : group->value.number);
        return;
    case TR_AGGREGATE_HISTOGRAM:
        push_histogram(L, group == NULL ? NULL : group->value.object);
        return;
    case TR_AGGREGATE_FIRST:
    case TR_AGGREGATE_LAST:
        push_rows(L, self, group == NULL ? NULL : group->value.object);
    }
}

/* ---- the result ---- */

/* Replaces the table on top by the one that it has under the key above it, which is made where there is none. */
static void enter_table(lua_State *L) {
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TNIL) { /* table, key, nil */
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5); /* table, key, inner */
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

/* Puts the group's value where its key says in the table on top. */
static void set_group(lua_State *L, const tr_lua_aggregate *self, const tr_group *group) {
    const uint64_t *words = group->key;
    lua_pushvalue(L, -1); /* result, table */
    for (uint32_t i = 0; i < self->key.count; i++) {
        tr_packed_value value;
        words = tr_packed_read(words, &value);
        push_value(L, &value);
        if (i + 1 < self->key.count) {
            enter_table(L);
        }
    } /* result, table, key */
    push_group_value(L, self, group);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

void tr_lua_push_aggregate_result(lua_State *L, const tr_lua_aggregate *self) {
    const tr_group_table *table = &self->aggregate.table;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    if (self->key.count == 0) {
        push_group_value(L, self, table->group_count == 0 ? NULL : &table->groups[0]);
        return;
    }
    lua_newtable(L); /* result */
    for (uint32_t i = 0; i < table->group_count; i++) {
        set_group(L, self, &table->groups[i]);
    }
}
