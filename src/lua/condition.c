#include "lua/condition.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/field_kind.h"

/* What is read of one field's condition: the table of conditions is `owner`'s `where`. */
typedef struct reading {
    const char *owner;
    const char *name; /* of the field */
    tr_field_kind kind;
    int index; /* of what it must be */
} reading;

_Noreturn static void refuse(lua_State *L, const reading *at, const char *problem) {
    luaL_error(L, "%s: where: %s: %s", at->owner, at->name, problem);
    abort(); /* luaL_error does not return, but does not say so */
}

/* ---- fields ---- */

void tr_lua_to_scalar_field(lua_State *L, int index, const char *owner, const char *what, tr_event_field *field) {
    *field = (tr_event_field){0};
    if (lua_type(L, index) != LUA_TSTRING) {
        luaL_error(L, "%s: %s: the name of a field expected, such as \"node_id\", got %s", owner, what,
                   tr_lua_push_got(L, index));
    }
    const char *name = lua_tostring(L, index);
    if (strlen(name) != lua_rawlen(L, index) || !tr_event_field_find(name, field)) {
        luaL_error(L, "%s: %s: %s", owner, what, tr_event_field_push_unknown(L, name));
    }
    if (field->object == TR_EVENT_CODE) {
        luaL_error(L, "%s: %s: a record can have several violations, and so no one code: a `violation` handler has it",
                   owner, what);
    }
    if (field->form == TR_FIELD_TABLE) {
        luaL_error(L, "%s: %s: %s is not one value: a number, a text, true or false expected", owner, what, name);
    }
}

/* ---- values ---- */

static const char *push_names(lua_State *L, const tr_field_kind *kind) {
    luaL_Buffer list;
    luaL_buffinit(L, &list);
    for (unsigned i = 0; i < kind->name_count; i++) {
        luaL_addstring(&list, i == 0 ? "" : ", ");
        luaL_addstring(&list, kind->name_of(i));
    }
    luaL_pushresult(&list);
    return lua_tostring(L, -1);
}

static tr_scalar to_name(lua_State *L, const reading *at, int index) {
    const char *wanted = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    for (unsigned i = 0; i < at->kind.name_count; i++) {
        if (strcmp(at->kind.name_of(i), wanted) == 0) {
            return tr_scalar_name(at->kind.name_of(i));
        }
    }
    const char *got = tr_lua_push_got(L, index);
    refuse(L, at, lua_pushfstring(L, "one of %s expected, got %s", push_names(L, &at->kind), got));
}

static const char *const expected[] = {
    [TR_SCALAR_BOOLEAN] = "true or false",
    [TR_SCALAR_INTEGER] = "a whole number",
    [TR_SCALAR_TEXT] = "a text",
};

_Noreturn static void refuse_kind(lua_State *L, const reading *at, int index) {
    refuse(L, at, lua_pushfstring(L, "%s expected, got %s", expected[at->kind.kind], tr_lua_push_got(L, index)));
}

static lua_Integer to_integer(lua_State *L, const reading *at, int index) {
    int is_integer = 0;
    lua_Integer integer = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &is_integer) : 0;
    if (!is_integer) {
        refuse_kind(L, at, index);
    }
    return integer;
}

/* The value at `index` as one of the field's kind. An id is put at `id`; a text stays Lua's. */
static tr_scalar to_scalar(lua_State *L, const reading *at, int index, uint8_t *id) {
    switch (at->kind.kind) {
    case TR_SCALAR_NAME:
        return to_name(L, at, index);
    case TR_SCALAR_ID:
        tr_lua_to_trace_id(L, index, lua_pushfstring(L, "%s: where: %s", at->owner, at->name), id);
        lua_pop(L, 1);
        return tr_scalar_id(id);
    case TR_SCALAR_BOOLEAN:
        if (!lua_isboolean(L, index)) {
            refuse_kind(L, at, index);
        }
        return tr_scalar_boolean(lua_toboolean(L, index));
    case TR_SCALAR_TEXT:
        if (lua_type(L, index) != LUA_TSTRING) {
            refuse_kind(L, at, index);
        }
        return tr_scalar_of(L, index);
    default:
        return (tr_scalar){TR_SCALAR_INTEGER, {.integer = to_integer(L, at, index)}};
    }
}

/* ---- one condition ---- */

enum condition_form { FORM_VALUE, FORM_LIST, FORM_RANGE };

static const char *const forms = "a value, a list of values, or { min = ..., max = ... } expected";

/* What is at `at->index`; raises where it is none of the three. */
static enum condition_form form_of(lua_State *L, const reading *at) {
    if (!lua_istable(L, at->index)) {
        return FORM_VALUE;
    }
    size_t length = (size_t)lua_rawlen(L, at->index);
    size_t other_count = 0;
    size_t limit_count = 0;
    lua_pushnil(L);
    while (lua_next(L, at->index) != 0) { /* key, value */
        lua_pop(L, 1);
        bool is_text = lua_type(L, -1) == LUA_TSTRING;
        bool is_limit = is_text && (strcmp(lua_tostring(L, -1), "min") == 0 || strcmp(lua_tostring(L, -1), "max") == 0);
        limit_count += is_limit;
        other_count += !is_limit;
    }
    if (other_count != length || (length > 0) == (limit_count > 0)) {
        refuse(L, at, forms);
    }
    if (length > UINT16_MAX) {
        refuse(L, at, "at most 65535 values expected");
    }
    return length > 0 ? FORM_LIST : FORM_RANGE;
}

/* Returns whether there is such a limit. */
static bool read_limit(lua_State *L, const reading *at, const char *name, lua_Integer *limit) {
    lua_pushstring(L, name);
    bool is_there = lua_rawget(L, at->index) != LUA_TNIL;
    if (is_there) {
        *limit = to_integer(L, at, lua_gettop(L));
    }
    lua_pop(L, 1);
    return is_there;
}

static void read_range(lua_State *L, const reading *at, tr_condition *condition) {
    if (at->kind.kind != TR_SCALAR_INTEGER) {
        refuse(L, at, "only whole numbers have `min` and `max`");
    }
    condition->is_range = true;
    condition->min = LUA_MININTEGER;
    condition->max = LUA_MAXINTEGER;
    bool has_min = read_limit(L, at, "min", &condition->min);
    bool has_max = read_limit(L, at, "max", &condition->max);
    if (has_min && has_max && condition->min > condition->max) {
        refuse(L, at, "min is above max: no record is left");
    }
}

/* Reads the values of a condition that is no range to `values`; the table of texts that must stay is at `texts_index`.
 */
static uint32_t read_values(lua_State *L, const reading *at, int texts_index, tr_scalar *values,
                            uint8_t (*ids)[TR_TRACE_ID_BYTES]) {
    bool is_list = lua_istable(L, at->index);
    uint32_t count = is_list ? (uint32_t)lua_rawlen(L, at->index) : 1;
    for (uint32_t i = 0; i < count; i++) {
        if (is_list) {
            lua_rawgeti(L, at->index, (lua_Integer)i + 1);
        } else {
            lua_pushvalue(L, at->index);
        }
        values[i] = to_scalar(L, at, lua_gettop(L), ids[i]);
        lua_rawseti(L, texts_index, (lua_Integer)lua_rawlen(L, texts_index) + 1);
    }
    return count;
}

/* ---- all of them ---- */

enum { MAX_CONDITIONS = 64 };

static int compare_names(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The names of the fields in the table at `index`, in their order; they live as long as they are its keys. */
static uint32_t list_names(lua_State *L, int index, const char *owner, const char *names[MAX_CONDITIONS]) {
    uint32_t count = 0;
    tr_event_field field;
    lua_pushnil(L); /* a key that is no text */
    int other_index = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING) {
            tr_lua_keep_first(L, lua_gettop(L), other_index);
        } else if (count < MAX_CONDITIONS) {
            names[count++] = lua_tostring(L, -1);
        } else {
            luaL_error(L, "%s: where: at most %d fields expected", owner, (int)MAX_CONDITIONS);
        }
    }
    if (!lua_isnil(L, other_index)) {
        tr_lua_to_scalar_field(L, other_index, owner, "where", &field);
    }
    lua_pop(L, 1);
    qsort(names, count, sizeof *names, compare_names);
    return count;
}

/* Makes `at` say of the table at `index` what the field with that name must be, and pushes that. */
static void push_wanted(lua_State *L, int index, const char *name, reading *at, tr_event_field *field) {
    lua_pushstring(L, name);
    tr_lua_to_scalar_field(L, lua_gettop(L), at->owner, "where", field);
    lua_rawget(L, index); /* what it must be */
    at->name = name;
    at->kind = tr_field_kind_of(name);
    at->index = lua_gettop(L);
}

static uint32_t types_of(const tr_condition *condition) {
    uint32_t types = 0;
    for (uint32_t i = 0; i < condition->value_count; i++) {
        for (unsigned type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
            types |= condition->values[i].value.name == tr_record_type_name(type) ? 1u << type : 0;
        }
    }
    return types;
}

const tr_conditions *tr_lua_push_conditions(lua_State *L, int index, const char *owner) {
    const char *names[MAX_CONDITIONS];
    uint32_t value_count = 0;
    reading at = {.owner = owner};
    tr_event_field field;
    bool has_any = !lua_isnoneornil(L, index);
    if (has_any && !lua_istable(L, index)) {
        luaL_error(L, "%s: where: a table expected, such as { type = \"node_done\" }, got %s", owner,
                   tr_lua_push_got(L, index));
    }
    uint32_t count = has_any ? list_names(L, index, owner, names) : 0;
    for (uint32_t i = 0; i < count; i++) {
        push_wanted(L, index, names[i], &at, &field);
        enum condition_form form = form_of(L, &at);
        value_count += form == FORM_VALUE ? 1 : form == FORM_LIST ? (uint32_t)lua_rawlen(L, at.index) : 0;
        lua_pop(L, 1);
    }
    size_t items_bytes = offsetof(tr_conditions, items) + count * sizeof(tr_condition);
    tr_conditions *conditions =
        lua_newuserdatauv(L, items_bytes + value_count * (sizeof(tr_scalar) + TR_TRACE_ID_BYTES), 1);
    lua_newtable(L); /* conditions, texts */
    int texts_index = lua_gettop(L);
    tr_scalar *values = (tr_scalar *)(void *)((char *)conditions + items_bytes);
    uint8_t(*ids)[TR_TRACE_ID_BYTES] = (void *)(values + value_count);
    conditions->types = UINT32_MAX;
    conditions->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        tr_condition *condition = &conditions->items[conditions->count];
        *condition = (tr_condition){.values = values};
        push_wanted(L, index, names[i], &at, &condition->field);
        if (form_of(L, &at) == FORM_RANGE) {
            read_range(L, &at, condition);
        } else {
            condition->value_count = read_values(L, &at, texts_index, values, ids);
            values += condition->value_count;
            ids += condition->value_count;
        }
        lua_pop(L, 1);
        if (strcmp(names[i], "type") == 0) {
            conditions->types = types_of(condition);
        } else {
            conditions->count++;
        }
    }
    lua_setiuservalue(L, -2, 1); /* conditions */
    return conditions;
}

/* ---- asking ---- */

/* Of one kind. */
static bool is_equal(const tr_scalar *left, const tr_scalar *right) {
    switch (left->kind) {
    case TR_SCALAR_NIL:
        return false;
    case TR_SCALAR_BOOLEAN:
        return left->value.boolean == right->value.boolean;
    case TR_SCALAR_INTEGER:
        return left->value.integer == right->value.integer;
    case TR_SCALAR_NAME:
        return left->value.name == right->value.name;
    case TR_SCALAR_TEXT:
        return left->value.text.length_bytes == right->value.text.length_bytes &&
               (left->value.text.length_bytes == 0 ||
                memcmp(left->value.text.bytes, right->value.text.bytes, left->value.text.length_bytes) == 0);
    case TR_SCALAR_ID:
        return memcmp(left->value.id, right->value.id, TR_TRACE_ID_BYTES) == 0;
    }
    return false;
}

static bool holds(const tr_condition *condition, const tr_scalar *value) {
    if (condition->is_range) {
        return value->kind == TR_SCALAR_INTEGER && value->value.integer >= condition->min &&
               value->value.integer <= condition->max;
    }
    for (uint32_t i = 0; i < condition->value_count; i++) {
        if (condition->values[i].kind == value->kind && is_equal(value, &condition->values[i])) {
            return true;
        }
    }
    return false;
}

bool tr_conditions_hold(lua_State *L, const tr_conditions *conditions, tr_event_view *view, const tr_lua_slots *slots) {
    for (uint32_t i = 0; i < conditions->count; i++) {
        const tr_condition *condition = &conditions->items[i];
        tr_scalar value = tr_event_field_scalar(L, view, slots, &condition->field);
        bool does_hold = holds(condition, &value);
        if (condition->field.form == TR_FIELD_MADE) {
            lua_pop(L, 1);
        }
        if (!does_hold) {
            return false;
        }
    }
    return true;
}
