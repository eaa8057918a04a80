#include "lua/json.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/core.h"
#include "lua/failure.h"
#include "lua/rec.h"
#include "lua/trace.h"
#include "tracereel/json.h"
#include "tracereel/trace.h"

enum { MAX_LEVELS = 128 };

/* A key of an object, as it is sorted. */
typedef struct tr_lua_json_key {
    const char *name; /* NULL: the key is `number` */
    size_t length;
    lua_Integer number;
} tr_lua_json_key;

static void write_value(lua_State *L, tr_json *json, int index, int level);

static int compare_keys(const void *left_pointer, const void *right_pointer) {
    const tr_lua_json_key *left = left_pointer;
    const tr_lua_json_key *right = right_pointer;
    if (left->name == NULL && right->name == NULL) {
        return (left->number > right->number) - (left->number < right->number);
    }
    if (left->name == NULL || right->name == NULL) {
        return left->name == NULL ? -1 : 1; /* numbers first */
    }
    int order = memcmp(left->name, right->name, left->length < right->length ? left->length : right->length);
    return order != 0 ? order : (left->length > right->length) - (left->length < right->length);
}

typedef struct tr_lua_json_shape {
    lua_Integer count;
    bool has_names;
    bool has_numbers;
    bool is_sequence; /* its keys are 1..count */
} tr_lua_json_shape;

static tr_lua_json_shape look_at_keys(lua_State *L, int index) {
    tr_lua_json_shape shape = {0, false, false, true};
    int wrong_type = LUA_TNONE;
    lua_Integer length = (lua_Integer)lua_rawlen(L, index);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1); /* key */
        shape.count++;
        if (lua_type(L, -1) == LUA_TSTRING) {
            shape.has_names = true;
        } else if (lua_isinteger(L, -1)) {
            shape.has_numbers = true;
            shape.is_sequence &= lua_tointeger(L, -1) >= 1 && lua_tointeger(L, -1) <= length;
        } else {
            int type = lua_type(L, -1);
            wrong_type = wrong_type == LUA_TNONE || type < wrong_type ? type : wrong_type;
        }
    }
    if (wrong_type != LUA_TNONE) {
        luaL_error(L, "JSON keys are strings or integers; this table has a %s as a key", lua_typename(L, wrong_type));
    }
    shape.is_sequence &= !shape.has_names && shape.count == length;
    return shape;
}

/* Whether the table was marked as an object, as this module and others do. */
static bool is_marked_object(lua_State *L, int index) {
    bool is_object = false;
    if (luaL_getmetafield(L, index, "__jsontype") != LUA_TNIL) {
        is_object = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "object") == 0;
        lua_pop(L, 1);
    }
    return is_object;
}

static void write_array(lua_State *L, tr_json *json, int index, lua_Integer count, int level) {
    tr_json_begin_array(json);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        write_value(L, json, lua_gettop(L), level + 1);
        lua_pop(L, 1);
    }
    tr_json_end_array(json);
}

/* As a name of an object, 1 is "1": there cannot be both. */
static void check_number(lua_State *L, int index, lua_Integer number) {
    lua_pushfstring(L, "%I", (LUAI_UACINT)number);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, index) != LUA_TNIL) {
        luaL_error(L, "this table has both %s and \"%s\" as a key, which JSON cannot tell apart", lua_tostring(L, -2),
                   lua_tostring(L, -2));
    }
    lua_pop(L, 2);
}

static void write_object(lua_State *L, tr_json *json, int index, const tr_lua_json_shape *shape, int level) {
    tr_lua_json_key *keys = lua_newuserdatauv(L, (size_t)shape->count * sizeof *keys, 0); /* keys */
    size_t filled = 0;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) { /* keys, key, value */
        lua_pop(L, 1);
        tr_lua_json_key *key = &keys[filled++];
        memset(key, 0, sizeof *key);
        if (lua_type(L, -1) == LUA_TSTRING) {
            key->name = lua_tolstring(L, -1, &key->length); /* alive as long as it is in the table */
        } else {
            key->number = lua_tointeger(L, -1);
        }
    }
    qsort(keys, filled, sizeof *keys, compare_keys);
    tr_json_begin_object(json);
    for (size_t i = 0; i < filled; i++) {
        if (keys[i].name == NULL) {
            if (shape->has_names) {
                check_number(L, index, keys[i].number);
            }
            lua_pushinteger(L, keys[i].number);
        } else {
            lua_pushlstring(L, keys[i].name, keys[i].length);
        }
        lua_pushvalue(L, -1);
        lua_rawget(L, index); /* keys, key, value */
        size_t length = 0;
        const char *name = (lua_insert(L, -2), lua_tolstring(L, -1, &length)); /* keys, value, key */
        tr_json_key_text(json, name, length);
        write_value(L, json, lua_gettop(L) - 1, level + 1);
        lua_pop(L, 2);
    }
    tr_json_end_object(json);
    lua_pop(L, 1);
}

static void write_table(lua_State *L, tr_json *json, int index, int level) {
    tr_lua_push_core_value(L, TR_CORE_NULL);
    bool is_null = lua_rawequal(L, index, -1);
    lua_pop(L, 1);
    if (is_null) {
        tr_json_null(json);
        return;
    }
    if (level >= MAX_LEVELS) {
        luaL_error(L, "tables are nested deeper than %d levels (does one contain itself?)", (int)MAX_LEVELS);
    }
    tr_lua_check_stack(L, LUA_MINSTACK, "tables nested too deeply");
    tr_lua_json_shape shape = look_at_keys(L, index);
    if (shape.is_sequence && !is_marked_object(L, index)) {
        write_array(L, json, index, shape.count, level);
    } else {
        write_object(L, json, index, &shape, level);
    }
}

static void write_userdata(lua_State *L, tr_json *json, int index) {
    const tr_lua_rec *rec = tr_lua_test_rec(L, index);
    const tr_trace *trace = rec == NULL ? tr_lua_test_trace(L, index) : NULL;
    if (rec != NULL) {
        tr_json_record(json, &rec->view.record);
    } else if (trace != NULL) {
        tr_json_trace(json, trace);
    } else {
        luaL_error(L, "%s has no JSON form", tr_lua_push_got(L, index));
    }
}

/* Writes the value at the absolute `index`. */
static void write_value(lua_State *L, tr_json *json, int index, int level) {
    size_t length = 0;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        tr_json_null(json);
        break;
    case LUA_TBOOLEAN:
        tr_json_bool(json, lua_toboolean(L, index));
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            tr_json_signed(json, lua_tointeger(L, index));
        } else {
            tr_json_double(json, lua_tonumber(L, index));
        }
        break;
    case LUA_TSTRING: {
        const char *text = lua_tolstring(L, index, &length);
        tr_json_text(json, text, length);
        break;
    }
    case LUA_TTABLE:
        write_table(L, json, index, level);
        break;
    case LUA_TUSERDATA:
        write_userdata(L, json, index);
        break;
    default:
        luaL_error(L, "a %s has no JSON form", luaL_typename(L, index));
    }
}

int tr_lua_json(lua_State *L) {
    tr_lua_core *core = tr_lua_core_of(L);
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    tr_json_reset(&core->json);
    write_value(L, &core->json, 1, 0);
    tr_lua_push_json(L, core);
    return 1;
}
