#include "lua/fields.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"

/* ---- reading ---- */

tr_fields tr_fields_of(lua_State *L, int index, const char *what) {
    if (!lua_istable(L, index)) {
        luaL_error(L, "%s: expected a table, got %s", what, tr_lua_push_got(L, index));
    }
    return (tr_fields){.what = what, .index = lua_absindex(L, index)};
}

/* Pushes the field, and returns whether it is there. */
static bool push_field(lua_State *L, tr_fields *fields, const char *name) {
    lua_pushstring(L, name);
    bool is_there = lua_rawget(L, fields->index) != LUA_TNIL;
    fields->taken_count += is_there;
    return is_there;
}

static _Noreturn void raise_wrong(lua_State *L, const tr_fields *fields, const char *name, const char *expected) {
    luaL_error(L, "%s: %s must be %s, is %s", fields->what, name, expected, tr_lua_push_got(L, -1));
    __builtin_unreachable();
}

uint64_t tr_fields_unsigned(lua_State *L, tr_fields *fields, const char *name) {
    uint64_t value = 0;
    if (push_field(L, fields, name)) {
        value = lua_isinteger(L, -1) ? (uint64_t)lua_tointeger(L, -1) : 0;
        if (value == 0) {
            raise_wrong(L, fields, name, "an integer other than 0");
        }
    }
    lua_pop(L, 1);
    return value;
}

uint32_t tr_fields_small(lua_State *L, tr_fields *fields, const char *name, uint32_t max) {
    uint64_t value = tr_fields_unsigned(L, fields, name);
    if (value > max) {
        luaL_error(L, "%s: %s must be at most %I, is %I", fields->what, name, (LUAI_UACINT)max, (LUAI_UACINT)value);
    }
    return (uint32_t)value;
}

bool tr_fields_flag(lua_State *L, tr_fields *fields, const char *name) {
    bool is_set = push_field(L, fields, name);
    if (is_set && (!lua_isboolean(L, -1) || !lua_toboolean(L, -1))) {
        raise_wrong(L, fields, name, "true");
    }
    lua_pop(L, 1);
    return is_set;
}

bool tr_fields_bytes(lua_State *L, tr_fields *fields, const char *name, void *bytes, size_t size) {
    bool is_there = push_field(L, fields, name);
    if (is_there) {
        size_t length = 0;
        const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : NULL;
        if (text != NULL && length == size) {
            memcpy(bytes, text, size);
        } else {
            luaL_error(L, "%s: %s must be a text of %I bytes", fields->what, name, (LUAI_UACINT)size);
        }
    }
    lua_pop(L, 1);
    return is_there;
}

void tr_fields_push_text(lua_State *L, tr_fields *fields, const char *name) {
    if (push_field(L, fields, name) && lua_type(L, -1) != LUA_TSTRING) {
        raise_wrong(L, fields, name, "a text");
    }
}

bool tr_fields_push_table(lua_State *L, tr_fields *fields, const char *name) {
    if (!push_field(L, fields, name)) {
        lua_pop(L, 1);
        return false;
    }
    if (!lua_istable(L, -1)) {
        raise_wrong(L, fields, name, "a table");
    }
    return true;
}

/* How many keys the table at an index has, up to `max` + 1. */
static uint64_t count_keys(lua_State *L, int index, uint64_t max) {
    uint64_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        if (++count > max) {
            lua_pop(L, 1);
            break;
        }
    }
    return count;
}

uint32_t tr_fields_push_list(lua_State *L, tr_fields *fields, const char *name, uint32_t max) {
    if (!push_field(L, fields, name)) {
        return 0;
    }
    lua_Unsigned count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    if (count == 0 || count > max || count_keys(L, lua_gettop(L), count) != count) {
        luaL_error(L, "%s: %s must be a list of 1 to %I values", fields->what, name, (LUAI_UACINT)max);
    }
    return (uint32_t)count;
}

void tr_fields_end(lua_State *L, const tr_fields *fields) {
    if (count_keys(L, fields->index, (uint64_t)fields->taken_count) != (uint64_t)fields->taken_count) {
        luaL_error(L, "%s: has fields that are not known, or were left out", fields->what);
    }
}

uint64_t tr_fields_at(lua_State *L, const tr_fields *fields, uint32_t place) {
    lua_rawgeti(L, -1, (lua_Integer)place);
    if (!lua_isinteger(L, -1)) {
        raise_wrong(L, fields, "a value of a list", "an integer");
    }
    uint64_t value = (uint64_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return value;
}

/* ---- writing ---- */

void tr_fields_set_unsigned(lua_State *L, const char *name, uint64_t value) {
    if (value != 0) {
        tr_lua_set_unsigned(L, name, value);
    }
}

void tr_fields_set_flag(lua_State *L, const char *name, bool value) {
    if (value) {
        tr_lua_set_flag(L, name, true);
    }
}

void tr_fields_append(lua_State *L, lua_Integer *place, uint64_t value) {
    tr_lua_push_unsigned(L, value);
    lua_rawseti(L, -2, ++*place);
}
