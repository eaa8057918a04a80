#include "lua/declared.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/trace.h"
#include "lua/type.h"

#define TR_LUA_DECLARED "tracereel.declared"

enum { DECLARED_USER_VALUE_FUNCTION = 1 };

/* ---- check ---- */

const tr_declared *tr_lua_test_declared(lua_State *L, int index) {
    return luaL_testudata(L, index, TR_LUA_DECLARED);
}

static bool is_of_records(const char *handler) {
    return tr_record_type_from_name(handler, strlen(handler)) >= 0 || strcmp(handler, "record") == 0 ||
           strcmp(handler, "violation") == 0;
}

const char *tr_lua_push_declared_problem(lua_State *L, const tr_declared *declared, const char *handler) {
    if (!is_of_records(handler)) {
        return lua_pushfstring(L, "%s must be a function: tracereel.fields is for handlers of records", handler);
    }
    if (declared->takes[TR_EVENT_CODE] && strcmp(handler, "violation") != 0) {
        return lua_pushfstring(L, "%s cannot take the field 'code', which `violation` alone has", handler);
    }
    return NULL;
}

int tr_lua_declared_problem(lua_State *L) {
    const tr_declared *declared = tr_lua_test_declared(L, 1);
    const char *handler = luaL_checkstring(L, 2);
    if (declared == NULL) {
        lua_pushfstring(L, "%s: a function expected, got %s", handler, tr_lua_push_got(L, 1));
    } else if (tr_lua_push_declared_problem(L, declared, handler) == NULL) {
        lua_pushnil(L);
    }
    return 1;
}

/* ---- push ---- */

void tr_lua_push_declared_function(lua_State *L, int index) {
    lua_getiuservalue(L, index, DECLARED_USER_VALUE_FUNCTION);
}

static void read_field(lua_State *L, int index, tr_event_field *field) {
    if (lua_type(L, index) != LUA_TSTRING) {
        luaL_error(L, "fields: the name of a field expected, got %s", tr_lua_push_got(L, index));
    }
    size_t length;
    const char *name = lua_tolstring(L, index, &length);
    if (strlen(name) != length || !tr_event_field_find(name, field)) {
        luaL_error(L, "fields: %s", tr_event_field_push_unknown(L, name));
    }
}

int tr_lua_new_declared(lua_State *L) {
    int count = lua_gettop(L) - 1;
    if (count < 0 || lua_type(L, count + 1) != LUA_TFUNCTION) {
        return luaL_error(L, "fields: names of fields and after them a function expected, the last is %s",
                          count < 0 ? "nothing" : tr_lua_push_got(L, count + 1));
    }
    if (count > TR_DECLARED_MAX_FIELDS) {
        return luaL_error(L, "fields: %d names, at most %d are possible", count, (int)TR_DECLARED_MAX_FIELDS);
    }
    tr_declared *self =
        lua_newuserdatauv(L, offsetof(tr_declared, fields) + (size_t)count * sizeof *self->fields, 1); /* ..., self */
    memset(self, 0, offsetof(tr_declared, fields));
    self->count = count;
    for (int i = 0; i < count; i++) {
        tr_event_field *field = &self->fields[i];
        read_field(L, i + 1, field);
        self->takes[field->object] |= field->number == TR_EVENT_WHOLE;
    }
    lua_pushvalue(L, count + 1);
    lua_setiuservalue(L, -2, DECLARED_USER_VALUE_FUNCTION);
    luaL_setmetatable(L, TR_LUA_DECLARED);
    return 1;
}

/* ---- methods ---- */

static int declared_index(lua_State *L) {
    return tr_lua_index_method(L, "a handler of tracereel.fields");
}

/* Pushes what trace:node(rec.node_id) gives, or nil. The record and the handle are at 2 and 3. */
static void push_node(lua_State *L) {
    const tr_record *record = &tr_lua_check_rec(L, 2)->view.record;
    if (lua_isnil(L, 3) || !tr_record_type_has((unsigned)tr_record_type_of(record), TR_HAS_NODE)) {
        lua_pushnil(L);
        return;
    }
    lua_getfield(L, 3, "node");
    lua_pushvalue(L, 3);
    lua_pushinteger(L, (lua_Integer)tr_record_node_id(record));
    lua_call(L, 2, 1);
}

/* Called as any other handler is, with a record, its trace and a code. */
static int declared_call(lua_State *L) {
    static const int slots[] = {[TR_EVENT_RECORD] = 2, [TR_EVENT_TRACE] = 3, [TR_EVENT_CODE] = 4, [TR_EVENT_NODE] = 5};
    const tr_declared *self = tr_lua_check_object(L, 1, TR_LUA_DECLARED);
    lua_settop(L, 4);
    tr_lua_check_stack(L, TR_DECLARED_MAX_FIELDS + LUA_MINSTACK, "fields");
    tr_lua_check_rec(L, 2);
    if (!lua_isnil(L, 3)) {
        tr_lua_check_trace(L, 3);
    }
    push_node(L);
    tr_lua_push_declared_function(L, 1); /* self, record, trace, code, node, function */
    for (int i = 0; i < self->count; i++) {
        const tr_event_field *field = &self->fields[i];
        int slot = slots[field->object];
        if (field->number == TR_EVENT_WHOLE || lua_isnil(L, slot)) {
            lua_pushvalue(L, slot);
        } else {
            lua_getfield(L, slot, field->name);
        }
    }
    lua_call(L, self->count, LUA_MULTRET);
    return lua_gettop(L) - slots[TR_EVENT_NODE];
}

static int declared_tostring(lua_State *L) {
    const tr_declared *self = tr_lua_check_object(L, 1, TR_LUA_DECLARED);
    lua_pushfstring(L, "a handler of %d fields", self->count);
    return 1;
}

/* ---- open ---- */

void tr_lua_open_declared(lua_State *L) {
    static const luaL_Reg methods[] = {{NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__call", declared_call}, {"__tostring", declared_tostring}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_DECLARED, NULL, 0, methods, metamethods, declared_index, 0);
}
