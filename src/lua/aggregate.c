#include "lua/aggregate.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/aggregate_result.h"
#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/field_kind.h"
#include "lua/options.h"
#include "lua/type.h"

tr_lua_aggregate *tr_lua_test_aggregate(lua_State *L, int index) {
    return luaL_testudata(L, index, TR_LUA_AGGREGATE);
}

/* ---- filling ---- */

static inline bool pack(tr_packed *packed, const tr_scalar *scalar) {
    switch (scalar->kind) {
    case TR_SCALAR_NIL:
        return tr_packed_add_head(packed, TR_PACKED_NONE, 0);
    case TR_SCALAR_BOOLEAN:
        return tr_packed_add_head(packed, TR_PACKED_BOOLEAN, scalar->value.boolean);
    case TR_SCALAR_INTEGER:
        return tr_packed_add_word(packed, TR_PACKED_INTEGER, (uint64_t)scalar->value.integer);
    case TR_SCALAR_NAME:
        return tr_packed_add_word(packed, TR_PACKED_NAME, (uintptr_t)scalar->value.name);
    case TR_SCALAR_TEXT:
        return tr_packed_add_text(packed, scalar->value.text);
    case TR_SCALAR_ID:
        return tr_packed_add(packed, &(tr_packed_value){TR_PACKED_ID, {.id = scalar->value.id}});
    }
    return false;
}

static inline tr_scalar read_field(lua_State *L, const tr_event_field *field, tr_event_view *view,
                                   const tr_lua_slots *slots) {
    if (field->way == TR_EVENT_BY_NUMBERS) {
        return tr_scalar_unsigned((uint64_t)tr_lua_record_number(&view->event->record, field->number));
    }
    return tr_event_field_scalar(L, view, slots, field);
}

/* Puts the fields' values into the list. Returns false where one of the first `needed` is nil. */
static bool pack_fields(lua_State *L, tr_packed *packed, const tr_field_list *fields, uint32_t needed,
                        tr_event_view *view, const tr_lua_slots *slots) {
    packed->word_count = 0;
    for (uint32_t i = 0; i < fields->count; i++) {
        tr_scalar scalar = read_field(L, &fields->items[i], view, slots);
        bool is_missing = scalar.kind == TR_SCALAR_NIL && i < needed;
        bool is_packed = is_missing || pack(packed, &scalar);
        if (fields->items[i].form == TR_FIELD_MADE) {
            lua_pop(L, 1);
        }
        if (!is_packed) {
            tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
        }
        if (is_missing) {
            return false;
        }
    }
    return true;
}

static bool has_rows(const tr_lua_aggregate *self) {
    return self->aggregate.kind == TR_AGGREGATE_FIRST || self->aggregate.kind == TR_AGGREGATE_LAST;
}

static inline void tell_memory(lua_State *L, tr_lua_aggregate *self) {
    size_t scratch_words = (size_t)self->key_words.capacity + self->value_words.capacity;
    size_t bytes = tr_aggregate_memory_bytes(&self->aggregate) + scratch_words * sizeof(uint64_t);
    if (bytes != self->told_bytes) {
        tr_lua_tell_memory(L, &self->told_bytes, bytes);
    }
}

/* Adds the event if it is one that the aggregate looks at. */
static void add_event(lua_State *L, tr_lua_aggregate *self, tr_event_view *view, const tr_lua_slots *slots) {
    if (!tr_conditions_hold(L, self->conditions, view, slots) ||
        !pack_fields(L, &self->key_words, &self->key, self->key.count, view, slots)) {
        return;
    }
    tr_status status;
    if (has_rows(self)) {
        if (!pack_fields(L, &self->value_words, &self->value, 1, view, slots)) {
            return;
        }
        status = tr_aggregate_add_row(&self->aggregate, &self->key_words, &self->value_words);
    } else {
        tr_scalar value = tr_scalar_unsigned(0);
        if (self->value.count > 0) {
            value = read_field(L, &self->value.items[0], view, slots);
            if (self->value.items[0].form == TR_FIELD_MADE) {
                lua_pop(L, 1);
            }
        }
        if (value.kind != TR_SCALAR_INTEGER) {
            return;
        }
        status = tr_aggregate_add(&self->aggregate, &self->key_words, (uint64_t)value.value.integer);
    }
    if (status != TR_OK) {
        tr_lua_raise_status(L, status, NULL);
    }
    tell_memory(L, self);
}

void tr_lua_aggregate_event(lua_State *L, tr_lua_aggregate *const *aggregates, uint32_t count,
                            const tr_lua_cursor *cursor, const tr_event *event, const tr_lua_slots *slots) {
    tr_event_view view;
    tr_lua_view_event(&view, cursor, event, NULL);
    unsigned type = (unsigned)tr_record_type_of(&event->record);
    for (uint32_t i = 0; i < count; i++) {
        if ((aggregates[i]->conditions->types >> type & 1u) != 0) {
            add_event(L, aggregates[i], &view, slots);
        }
    }
}

/* ---- declaring ---- */

enum value_form { NO_VALUE, ONE_INTEGER, SEVERAL_VALUES };

typedef struct aggregate_form {
    const char *name;
    tr_aggregate_kind kind;
    enum value_form value;
    bool is_list;
} aggregate_form;

static tr_lua_aggregate *check_aggregate(lua_State *L) {
    return tr_lua_check_object(L, 1, TR_LUA_AGGREGATE);
}

/* Reads a field's name, or a list of names, from the option of the table at 1. */
static void read_fields(lua_State *L, const char *owner, const char *option, tr_field_list *fields) {
    lua_pushstring(L, option);
    if (lua_rawget(L, 1) == LUA_TTABLE) {
        int index = lua_gettop(L);
        size_t count = (size_t)lua_rawlen(L, index);
        size_t key_count = 0;
        for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
            key_count++;
        }
        if (key_count != count || count > TR_AGGREGATE_MAX_FIELDS) {
            luaL_error(L, "%s: %s: a list of at most %d names of fields expected", owner, option,
                       (int)TR_AGGREGATE_MAX_FIELDS);
        }
        for (size_t i = 0; i < count; i++) {
            lua_rawgeti(L, index, (lua_Integer)i + 1);
            tr_lua_to_scalar_field(L, lua_gettop(L), owner, option, &fields->items[fields->count++]);
            lua_pop(L, 1);
        }
    } else if (!lua_isnil(L, -1)) {
        tr_lua_to_scalar_field(L, lua_gettop(L), owner, option, &fields->items[fields->count++]);
    }
    lua_pop(L, 1);
}

static void read_value(lua_State *L, const aggregate_form *form, tr_lua_aggregate *self) {
    if (form->value == NO_VALUE) {
        return;
    }
    read_fields(L, form->name, "value", &self->value);
    if (form->value == SEVERAL_VALUES) {
        if (self->value.count == 0) {
            luaL_error(L,
                       "%s needs `value`, the fields of a row, such as { \"timestamp_ns\", \"trace_id\" }: the rows "
                       "are in the order of these",
                       form->name);
        }
        return;
    }
    if (self->value.count != 1) {
        luaL_error(L, "%s needs `value`, one field, such as \"node.duration_ns\"", form->name);
    }
    lua_pushstring(L, "value");
    if (lua_rawget(L, 1) == LUA_TTABLE) {
        lua_rawgeti(L, -1, 1);
        lua_replace(L, -2);
    }
    if (tr_field_kind_of(lua_tostring(L, -1)).kind != TR_SCALAR_INTEGER) {
        luaL_error(L, "%s: value: %s is no number", form->name, lua_tostring(L, -1));
    }
    lua_pop(L, 1);
}

static uint32_t read_count(lua_State *L, const aggregate_form *form) {
    enum { MAX_ROWS = 1000 };
    if (!form->is_list) {
        return 1;
    }
    lua_pushliteral(L, "count");
    lua_rawget(L, 1);
    int is_integer = 0;
    lua_Integer count = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &is_integer) : 0;
    if (!is_integer || count < 1 || count > MAX_ROWS) {
        luaL_error(L, "%s needs `count`, how many rows there are at most, from 1 to %d, got %s", form->name,
                   (int)MAX_ROWS, tr_lua_push_got(L, -1));
    }
    lua_pop(L, 1);
    return (uint32_t)count;
}

static void check_options(lua_State *L, const aggregate_form *form) {
    tr_lua_option options[4] = {{"key", NULL}, {"where", NULL}};
    tr_lua_options known = {form->name, "option", options, 2};
    if (!lua_istable(L, 1)) {
        luaL_error(L,
                   "%s: a table expected, such as %s { key = \"node_id\", where = { type = \"node_done\" } }, got %s",
                   form->name, form->name, lua_isnone(L, 1) ? "nothing" : tr_lua_push_got(L, 1));
    }
    if (form->value != NO_VALUE) {
        options[known.count++] = (tr_lua_option){"value", NULL};
    }
    if (form->is_list) {
        options[known.count++] = (tr_lua_option){"count", NULL};
    }
    tr_lua_read_options(L, 1, &known, NULL);
}

static int declare(lua_State *L, const aggregate_form *form) {
    lua_settop(L, lua_isnone(L, 1) ? 0 : 1);
    check_options(L, form);
    tr_lua_aggregate *self = lua_newuserdatauv(L, sizeof *self, 1); /* self */
    memset(self, 0, sizeof *self);
    luaL_setmetatable(L, TR_LUA_AGGREGATE);
    self->name = form->name;
    self->is_list = form->is_list;
    read_fields(L, form->name, "key", &self->key);
    read_value(L, form, self);
    self->aggregate.kind = form->kind;
    self->aggregate.row_values = self->value.count;
    self->aggregate.max_rows = read_count(L, form);
    lua_pushliteral(L, "where");
    lua_rawget(L, 1); /* self, where */
    self->conditions = tr_lua_push_conditions(L, lua_gettop(L), form->name);
    lua_setiuservalue(L, 2, 1);
    lua_settop(L, 2);
    return 1;
}

static const aggregate_form count_by = {"count_by", TR_AGGREGATE_COUNT, NO_VALUE, false};
static const aggregate_form sum_by = {"sum_by", TR_AGGREGATE_SUM, ONE_INTEGER, false};
static const aggregate_form histogram_by = {"histogram_by", TR_AGGREGATE_HISTOGRAM, ONE_INTEGER, false};
static const aggregate_form top_by = {"top_by", TR_AGGREGATE_LAST, SEVERAL_VALUES, true};
static const aggregate_form first_by = {"first_by", TR_AGGREGATE_FIRST, SEVERAL_VALUES, false};
static const aggregate_form last_by = {"last_by", TR_AGGREGATE_LAST, SEVERAL_VALUES, false};

#define AGGREGATE_FUNCTION(name)                                                                                       \
    int tr_lua_##name(lua_State *L) {                                                                                  \
        return declare(L, &(name));                                                                                    \
    }
TR_LUA_AGGREGATES(AGGREGATE_FUNCTION)
#undef AGGREGATE_FUNCTION

/* ---- the type ---- */

static int aggregate_index(lua_State *L) {
    return tr_lua_index_method(L, "an aggregate");
}

static int aggregate_result(lua_State *L) {
    const tr_lua_aggregate *self = check_aggregate(L);
    lua_settop(L, 1);
    tr_lua_push_aggregate_result(L, self);
    return 1;
}

static int aggregate_tostring(lua_State *L) {
    const tr_lua_aggregate *self = check_aggregate(L);
    lua_pushfstring(L, "%s of %I groups", self->name, (LUAI_UACINT)self->aggregate.table.group_count);
    return 1;
}

static int aggregate_finalize(lua_State *L) {
    tr_lua_aggregate *self = check_aggregate(L);
    tr_aggregate_free(&self->aggregate);
    tr_packed_free(&self->key_words);
    tr_packed_free(&self->value_words);
    tell_memory(L, self);
    return 0;
}

void tr_lua_open_aggregate(lua_State *L) {
    static const luaL_Reg methods[] = {{"result", aggregate_result}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__tostring", aggregate_tostring}, {"__gc", aggregate_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_AGGREGATE, NULL, 0, methods, metamethods, aggregate_index, 0);
}
