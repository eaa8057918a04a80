#include "lua/import_csv.h"

#include <lauxlib.h>

#include "lua/failure.h"

/* Of the iterators. Those that give lists have no names, and what follows them neither. */
enum {
    UPVALUE_ROW = TR_UPVALUE_STREAM + 1, /* the table of every row, or nil */
    UPVALUE_NAMES,
    UPVALUE_METATABLE,
    UPVALUE_COUNT = TR_ROWS_UPVALUES
};

bool tr_lua_next_row(lua_State *L, tr_lua_import_stream *self) {
    tr_error error = {""};
    tr_status status = tr_csv_next(&self->csv, &error);
    tr_lua_check_import_read(L, self, status, &error);
    return status == TR_OK;
}

static void push_listed_row(lua_State *L, const tr_lua_import_stream *self) {
    if (lua_istable(L, lua_upvalueindex(UPVALUE_ROW))) {
        lua_pushvalue(L, lua_upvalueindex(UPVALUE_ROW));
        for (size_t i = lua_rawlen(L, -1); i > self->csv.field_count; i--) {
            lua_pushnil(L);
            lua_rawseti(L, -2, (lua_Integer)i);
        }
    } else {
        lua_createtable(L, (int)self->csv.field_count, 0);
    }
    for (size_t i = 0; i < self->csv.field_count; i++) {
        lua_pushlstring(L, self->csv.fields[i].text.bytes, self->csv.fields[i].text.length_bytes);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_named_row(lua_State *L, const tr_lua_import_stream *self) {
    size_t count = (size_t)lua_tointeger(L, lua_upvalueindex(UPVALUE_COUNT));
    if (self->csv.field_count != count) {
        tr_lua_raise(L, "invalid", "%s:%d: a row of %d fields; the first row names %d",
                     tr_input_stream_name(self->stream), (int)tr_input_stream_line_number(self->stream),
                     (int)self->csv.field_count, (int)count);
    }
    bool is_same_table = lua_istable(L, lua_upvalueindex(UPVALUE_ROW));
    if (is_same_table) {
        lua_pushvalue(L, lua_upvalueindex(UPVALUE_ROW));
    } else {
        lua_createtable(L, 0, (int)count);
    }
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, lua_upvalueindex(UPVALUE_NAMES), (lua_Integer)i + 1);
        lua_pushlstring(L, self->csv.fields[i].text.bytes, self->csv.fields[i].text.length_bytes);
        lua_rawset(L, -3);
    }
    if (!is_same_table) {
        lua_pushvalue(L, lua_upvalueindex(UPVALUE_METATABLE));
        lua_setmetatable(L, -2);
    }
}

void tr_lua_push_row(lua_State *L, const tr_lua_import_stream *self) {
    if (lua_istable(L, lua_upvalueindex(UPVALUE_NAMES))) {
        push_named_row(L, self);
    } else {
        push_listed_row(L, self);
    }
}

static int next_row(lua_State *L) {
    tr_lua_import_stream *self = tr_lua_iterated_stream(L);
    if (!tr_lua_next_row(L, self)) {
        return 0;
    }
    tr_lua_push_row(L, self);
    return 1;
}

bool tr_lua_is_rows(lua_State *L, int index) {
    return lua_tocfunction(L, index) == next_row;
}

void tr_lua_push_rows_upvalues(lua_State *L, int index) {
    for (int upvalue = 1; upvalue <= TR_ROWS_UPVALUES; upvalue++) {
        (void)lua_getupvalue(L, index, upvalue);
    }
}

/* import_row_names(rows) -> the names of the columns, false where they have none; nil where these are no rows */
int tr_lua_import_row_names(lua_State *L) {
    if (!tr_lua_is_rows(L, 1)) {
        return 0;
    }
    (void)lua_getupvalue(L, 1, UPVALUE_NAMES);
    if (lua_isnil(L, -1)) {
        lua_pushboolean(L, false);
    }
    return 1;
}

/* Pushes an iterator of the stream at index 1. What describes its rows is on top of the stack: names, metatable and
 * count, each of which may be nil. */
static int push_rows(lua_State *L, bool is_same_table) {
    lua_pushvalue(L, 1);
    if (is_same_table) {
        lua_newtable(L);
        lua_pushvalue(L, -4);
        lua_setmetatable(L, -2);
    } else {
        lua_pushnil(L);
    }
    lua_rotate(L, -TR_ROWS_UPVALUES, 2);
    lua_pushcclosure(L, next_row, TR_ROWS_UPVALUES);
    return 1;
}

/* stream:csv(delimiter, is_same_table) -> an iterator of lists, all in one table where that is asked for */
int tr_lua_stream_csv(lua_State *L) {
    tr_lua_import_stream *self = tr_lua_check_import_stream(L, 1);
    tr_csv_end(&self->csv);
    tr_csv_begin(&self->csv, self->stream, *luaL_checkstring(L, 2));
    bool is_same_table = lua_toboolean(L, 3);
    lua_settop(L, 1);
    lua_settop(L, 4);
    return push_rows(L, is_same_table);
}

/* stream:csv_named(names, metatable, is_same_table) -> an iterator of tables by name, after the first row was read with
 * stream:csv */
int tr_lua_stream_csv_named(lua_State *L) {
    tr_lua_check_import_stream(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    bool is_same_table = lua_toboolean(L, 4);
    lua_settop(L, 3);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 2));
    return push_rows(L, is_same_table);
}
