#include "lua/import_input.h"

#include <string.h>

#include <lauxlib.h>

#include "import/input_stream.h"
#include "import/time_text.h"
#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/import_csv.h"
#include "lua/import_json.h"
#include "lua/type.h"

#define TR_LUA_IMPORT_STREAM "tracereel.import_stream"

enum { BYTES_A_STEP = 1 << 20 }; /* read between two calls of who watches */

/* ---- check ---- */

tr_lua_import_stream *tr_lua_check_import_stream(lua_State *L, int index) {
    tr_lua_import_stream *self = tr_lua_check_object(L, index, TR_LUA_IMPORT_STREAM);
    if (self->stream == NULL) {
        luaL_error(L, "the input is closed");
    }
    return self;
}

static void tell(lua_State *L, tr_lua_import_stream *self) {
    uint64_t file_bytes = tr_input_stream_file_bytes(self->stream);
    self->told_bytes = tr_input_stream_read_bytes(self->stream);
    lua_rawgeti(L, LUA_REGISTRYINDEX, self->watch);
    tr_lua_push_unsigned(L, self->told_bytes);
    if (file_bytes > 0) {
        tr_lua_push_unsigned(L, file_bytes);
    } else {
        lua_pushnil(L);
    }
    lua_call(L, 2, 0);
}

void tr_lua_check_import_read(lua_State *L, tr_lua_import_stream *self, tr_status status, const tr_error *error) {
    if (status != TR_OK && status != TR_END) {
        tr_lua_raise_status(L, status, error);
    }
    if (self->watch != LUA_NOREF && tr_input_stream_read_bytes(self->stream) - self->told_bytes >= BYTES_A_STEP) {
        tell(L, self);
    }
}

tr_lua_import_stream *tr_lua_iterated_stream(lua_State *L) {
    tr_lua_import_stream *self = lua_touserdata(L, lua_upvalueindex(TR_UPVALUE_STREAM));
    if (self->stream == NULL) {
        luaL_error(L, "the input is closed");
    }
    return self;
}

/* ---- lines and texts ---- */

bool tr_lua_next_line(lua_State *L, tr_lua_import_stream *self, tr_text *line) {
    tr_error error = {""};
    tr_status status = tr_input_stream_line(self->stream, line, &error);
    tr_lua_check_import_read(L, self, status, &error);
    return status == TR_OK;
}

static int lines_next(lua_State *L) {
    tr_text line;
    if (!tr_lua_next_line(L, tr_lua_iterated_stream(L), &line)) {
        return 0;
    }
    lua_pushlstring(L, line.bytes, line.length_bytes);
    return 1;
}

static int stream_lines(lua_State *L) {
    tr_lua_check_import_stream(L, 1);
    lua_settop(L, 1);
    lua_pushcclosure(L, lines_next, 1);
    return 1;
}

/* Sees to it that so many bytes can be seen, or all that are left. */
static tr_input_view read_more(lua_State *L, tr_lua_import_stream *self, size_t wanted_bytes) {
    tr_error error = {""};
    tr_lua_check_import_read(L, self, tr_input_stream_more(self->stream, wanted_bytes, &error), &error);
    return tr_input_stream_look(self->stream);
}

tr_input_view tr_lua_read_all(lua_State *L, tr_lua_import_stream *self) {
    tr_input_view view = tr_input_stream_look(self->stream);
    while (!view.is_complete) {
        view = read_more(L, self, view.length_bytes + BYTES_A_STEP);
    }
    return view;
}

static int stream_text(lua_State *L) {
    tr_lua_import_stream *self = tr_lua_check_import_stream(L, 1);
    tr_input_stream *stream = self->stream;
    tr_input_view view = tr_lua_read_all(L, self);
    lua_pushlstring(L, view.bytes, view.length_bytes);
    tr_input_stream_skip(stream, view.length_bytes);
    return 1;
}

/* stream:piece() -> some bytes; nil at the end */
static int stream_piece(lua_State *L) {
    tr_lua_import_stream *self = tr_lua_check_import_stream(L, 1);
    tr_input_view view = read_more(L, self, 1);
    if (view.length_bytes == 0) {
        return 0;
    }
    lua_pushlstring(L, view.bytes, view.length_bytes);
    tr_input_stream_skip(self->stream, view.length_bytes);
    return 1;
}

/* stream:head(bytes) -> the next bytes, which stay unread */
static int stream_head(lua_State *L) {
    tr_lua_import_stream *self = tr_lua_check_import_stream(L, 1);
    lua_Integer bytes = luaL_checkinteger(L, 2);
    luaL_argcheck(L, bytes >= 0, 2, "must not be negative");
    tr_input_view view = read_more(L, self, (size_t)bytes);
    lua_pushlstring(L, view.bytes, view.length_bytes < (size_t)bytes ? view.length_bytes : (size_t)bytes);
    return 1;
}

/* ---- places ---- */

/* stream:line_number() -> integer or nil */
static int stream_line_number(lua_State *L) {
    uint64_t number = tr_input_stream_line_number(tr_lua_check_import_stream(L, 1)->stream);
    if (number == 0) {
        return 0;
    }
    tr_lua_push_unsigned(L, number);
    return 1;
}

static int stream_set_line_number(lua_State *L) {
    tr_input_stream_set_line_number(tr_lua_check_import_stream(L, 1)->stream, (uint64_t)luaL_checkinteger(L, 2));
    return 0;
}

static int stream_read_bytes(lua_State *L) {
    tr_lua_push_unsigned(L, tr_input_stream_read_bytes(tr_lua_check_import_stream(L, 1)->stream));
    return 1;
}

static int stream_name(lua_State *L) {
    lua_pushstring(L, tr_input_stream_name(tr_lua_check_import_stream(L, 1)->stream));
    return 1;
}

static int stream_index(lua_State *L) {
    return tr_lua_index_method(L, "an input");
}

static int stream_close(lua_State *L) {
    tr_lua_import_stream *self = tr_lua_check_object(L, 1, TR_LUA_IMPORT_STREAM);
    tr_csv_end(&self->csv);
    tr_input_stream_close(self->stream);
    self->stream = NULL;
    luaL_unref(L, LUA_REGISTRYINDEX, self->watch);
    self->watch = LUA_NOREF;
    return 0;
}

/* ---- times ---- */

static int parse_time(lua_State *L) {
    tr_time_form form = {false, 0, false, 0};
    size_t length = 0;
    uint64_t ns = 0;
    if (!lua_isnoneornil(L, 2)) {
        const char *given = luaL_checklstring(L, 2, &length);
        if (!tr_time_form_of(given, length, &form)) {
            return luaL_error(L, "time: a unit (s, ms, us, ns) or a zone (Z, +01:00) expected, got %s",
                              tr_lua_push_got(L, 2));
        }
    }
    tr_time_problem problem = TR_TIME_NO_TIME;
    if (lua_type(L, 1) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, 1, &length);
        problem = tr_time_parse(text, length, &form, &ns);
    } else if (form.is_number && lua_isinteger(L, 1)) {
        problem = tr_time_of_integer(lua_tointeger(L, 1), form.unit_digits, &ns);
    } else if (form.is_number && lua_type(L, 1) == LUA_TNUMBER) {
        problem = tr_time_of_number(lua_tonumber(L, 1), form.unit_digits, &ns);
    }
    if (problem == TR_TIME_FINE) {
        tr_lua_push_unsigned(L, ns);
        return 1;
    }
    luaL_checkany(L, 1);
    const char *got = tr_lua_push_got(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushfstring(L, "%s %s", got, tr_time_problem_text(problem));
    lua_call(L, 1, 0);
    return luaL_error(L, "a time could not be read");
}

int tr_lua_new_import_time(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushcclosure(L, parse_time, 1);
    return 1;
}

/* ---- open ---- */

int tr_lua_new_import_stream(lua_State *L) {
    const char *path = tr_lua_check_path(L, 1);
    lua_settop(L, 2);
    tr_lua_import_stream *self = lua_newuserdatauv(L, sizeof *self, 0);
    memset(self, 0, sizeof *self);
    self->watch = LUA_NOREF;
    luaL_setmetatable(L, TR_LUA_IMPORT_STREAM);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TFUNCTION);
        lua_pushvalue(L, 2);
        self->watch = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    tr_error error = {""};
    tr_lua_check_import_read(L, self, tr_input_stream_open(path, &self->stream, &error), &error);
    return 1;
}

void tr_lua_open_import_stream(lua_State *L) {
    static const luaL_Reg methods[] = {{"lines", stream_lines},
                                       {"json_lines", tr_lua_stream_json_lines},
                                       {"json", tr_lua_stream_json},
                                       {"json_document", tr_lua_stream_json_document},
                                       {"text", stream_text},
                                       {"piece", stream_piece},
                                       {"head", stream_head},
                                       {"csv", tr_lua_stream_csv},
                                       {"csv_named", tr_lua_stream_csv_named},
                                       {"line_number", stream_line_number},
                                       {"set_line_number", stream_set_line_number},
                                       {"read_bytes", stream_read_bytes},
                                       {"name", stream_name},
                                       {"close", stream_close},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", stream_close}, {"__close", stream_close}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_IMPORT_STREAM, NULL, 0, methods, metamethods, stream_index, 0);
}
