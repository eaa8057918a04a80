#include "lua/writer.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/options.h"
#include "lua/rec.h"
#include "lua/type.h"
#include "tracereel/log.h"
#include "tracereel/status.h"
#include "tracereel/writer.h"

#define TR_LUA_WRITER "tracereel.writer"

typedef struct tr_lua_writer {
    tr_writer *writer; /* NULL once it was closed */
} tr_lua_writer;

/* ---- check ---- */

static tr_writer *check_writer(lua_State *L, int index) {
    const tr_lua_writer *self = tr_lua_check_object(L, index, TR_LUA_WRITER);
    if (self->writer == NULL) {
        luaL_error(L, "the writer is closed");
    }
    return self->writer;
}

/* ---- push ---- */

static void read_append(lua_State *L, int index, void *options) {
    ((tr_writer_options *)options)->append = lua_toboolean(L, index);
}

static void read_max_segment_bytes(lua_State *L, int index, void *options) {
    ((tr_writer_options *)options)->max_segment_bytes = tr_lua_to_u64(L, index, "max_segment_bytes");
}

static const tr_lua_option option_items[] = {{"append", read_append}, {"max_segment_bytes", read_max_segment_bytes}};
static const tr_lua_options writer_options = {"writer", "option", option_items,
                                              sizeof option_items / sizeof *option_items};

int tr_lua_new_writer(lua_State *L) {
    const char *directory = tr_lua_check_path(L, 1);
    lua_settop(L, 2);
    tr_writer_options options;
    memset(&options, 0, sizeof options);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        tr_lua_read_options(L, 2, &writer_options, &options);
    }
    tr_lua_writer *self = lua_newuserdatauv(L, sizeof *self, 0); /* directory, options, writer */
    self->writer = NULL;
    luaL_setmetatable(L, TR_LUA_WRITER);
    tr_error error = {""};
    tr_status status = tr_writer_open(directory, &options, &self->writer, &error);
    return status == TR_OK ? 1 : tr_lua_raise_status(L, status, &error);
}

/* ---- fields and methods ---- */

static int writer_index(lua_State *L) {
    return tr_lua_index_method(L, "a writer");
}

static int writer_append(lua_State *L) {
    tr_writer *writer = check_writer(L, 1);
    const tr_lua_rec *rec = tr_lua_test_rec(L, 2);
    size_t length = 0;
    const uint8_t *bytes = NULL;
    if (rec != NULL) {
        bytes = rec->bytes;
        length = rec->view.record.length_bytes;
    } else if (lua_type(L, 2) == LUA_TSTRING) {
        bytes = (const uint8_t *)lua_tolstring(L, 2, &length);
    } else {
        return luaL_argerror(L, 2, "a record, or the bytes of one, expected");
    }
    tr_error error = {""};
    tr_position position = {0, 0};
    tr_status status = tr_writer_append_bytes(writer, bytes, length, &position, &error);
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, &error);
    }
    tr_lua_push_unsigned(L, position.sequence);
    tr_lua_push_unsigned(L, position.offset);
    return 2;
}

static int writer_sync(lua_State *L) {
    tr_error error = {""};
    tr_status status = tr_writer_sync(check_writer(L, 1), &error);
    return status == TR_OK ? 0 : tr_lua_raise_status(L, status, &error);
}

static int writer_close(lua_State *L) {
    tr_lua_writer *self = tr_lua_check_object(L, 1, TR_LUA_WRITER);
    tr_writer *writer = self->writer;
    tr_error error = {""};
    self->writer = NULL;
    tr_status status = tr_writer_close(writer, &error);
    return status == TR_OK ? 0 : tr_lua_raise_status(L, status, &error);
}

/* Nobody is there to hear of a failure. */
static int writer_finalize(lua_State *L) {
    tr_lua_writer *self = tr_lua_check_object(L, 1, TR_LUA_WRITER);
    tr_writer_close(self->writer, NULL);
    self->writer = NULL;
    return 0;
}

static int writer_tostring(lua_State *L) {
    const tr_lua_writer *self = tr_lua_check_object(L, 1, TR_LUA_WRITER);
    lua_pushstring(L, self->writer == NULL ? "writer (closed)" : "writer");
    return 1;
}

/* ---- open ---- */

void tr_lua_open_writer(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"append", writer_append}, {"sync", writer_sync}, {"close", writer_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__tostring", writer_tostring}, {"__gc", writer_finalize}, {"__close", writer_close}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_WRITER, NULL, 0, methods, metamethods, writer_index, 0);
}
