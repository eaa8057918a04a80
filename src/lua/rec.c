#include "lua/rec.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/node_names.h"
#include "lua/record_make.h"
#include "lua/type.h"
#include "tracereel/json.h"
#include "tracereel/provenance.h"

/* ---- check ---- */

tr_lua_rec *tr_lua_check_rec(lua_State *L, int index) {
    return tr_lua_check_object(L, index, TR_LUA_REC);
}

tr_lua_rec *tr_lua_test_rec(lua_State *L, int index) {
    return luaL_testudata(L, index, TR_LUA_REC);
}

/* ---- push ---- */

void tr_lua_push_rec(lua_State *L, const tr_lua_core *core, const tr_record_view *view, int metatable_index) {
    const uint8_t *bytes = view->record.bytes;
    uint32_t length = view->record.length_bytes;
    tr_lua_rec *self = lua_newuserdatauv(L, offsetof(tr_lua_rec, bytes) + length, 0);
    self->view = *view;
    self->view.record.bytes = memcpy(self->bytes, bytes, length);
    self->keys = core->rec_keys;
    lua_pushvalue(L, metatable_index);
    lua_setmetatable(L, -2);
}

/* ---- fields and methods ---- */

/* X(name, its value: `view` is the record). */
#define REC_FIELDS(X, NUMBER)                                                                                          \
    TR_RECORD_NUMBERS(NUMBER)                                                                                          \
    X(type, tr_scalar_name(tr_record_type_name((unsigned)tr_record_type_of(&view->record))))                           \
    X(trace_id, tr_scalar_id(tr_record_trace_id(&view->record)))                                                       \
    X(node_name, node_name(L, view))                                                                                   \
    X(error_message, text_if_any(tr_record_error_message(&view->record)))                                              \
    X(metadata, text_if_any(tr_record_metadata(&view->record)))                                                        \
    X(segment, segment_name(L, view))                                                                                  \
    X(sequence, tr_scalar_unsigned_if(view->segment_name != 0, view->sequence))                                        \
    X(offset, tr_scalar_unsigned_if(view->segment_name != 0, view->offset))                                            \
    X(suspect, tr_scalar_boolean(view->suspect))                                                                       \
    X(by_tracereel, tr_scalar_boolean(tr_record_is_by_tracereel(&view->record)))

enum {
#define REC_FIELD_ENUM(name, value) REC_##name,
#define REC_NUMBER_ENUM(name, type, offset, bits) REC_##name,
    REC_FIELDS(REC_FIELD_ENUM, REC_NUMBER_ENUM)
#undef REC_FIELD_ENUM
#undef REC_NUMBER_ENUM
        REC_FIELD_COUNT
};

static const char *const rec_fields[REC_FIELD_COUNT] = {
#define REC_FIELD_STRING(name, value) #name,
#define REC_NUMBER_STRING(name, type, offset, bits) #name,
    REC_FIELDS(REC_FIELD_STRING, REC_NUMBER_STRING)
#undef REC_FIELD_STRING
#undef REC_NUMBER_STRING
};

const char *const *tr_lua_rec_fields(int *count) {
    *count = REC_FIELD_COUNT;
    return rec_fields;
}

static tr_scalar text_if_any(tr_text text) {
    return tr_scalar_text_if_any(text.bytes, text.length_bytes);
}

/* nil, too, for a record that names no node. */
static tr_scalar node_name(lua_State *L, const tr_record_view *view) {
    bool has_node = tr_record_type_has(tr_record_type_of(&view->record), TR_HAS_NODE);
    return tr_lua_node_name(L, has_node ? view->names : 0, tr_record_node_id(&view->record));
}

/* The table of segment names keeps it. */
static tr_scalar segment_name(lua_State *L, const tr_record_view *view) {
    if (view->segment_name == 0) {
        return tr_scalar_nil();
    }
    tr_lua_push_core_value(L, TR_CORE_SEGMENT_NAMES); /* names */
    lua_rawgeti(L, -1, (lua_Integer)view->segment_name);
    tr_scalar name = tr_scalar_of(L, -1);
    lua_pop(L, 2);
    return name;
}

tr_scalar tr_lua_rec_scalar(lua_State *L, const tr_record_view *view, int field) {
    switch (field) {
#define REC_SCALAR(name, value)                                                                                        \
    case REC_##name:                                                                                                   \
        return value;
#define REC_NUMBER_SCALAR(name, ctype, offset, bits)                                                                   \
    case REC_##name:                                                                                                   \
        return tr_scalar_unsigned(tr_record_##name(&view->record));
        REC_FIELDS(REC_SCALAR, REC_NUMBER_SCALAR)
#undef REC_SCALAR
#undef REC_NUMBER_SCALAR
    default:
        return tr_scalar_nil();
    }
}

/* The numbers come first. */
bool tr_lua_is_record_number(int field) {
    return field < REC_type;
}

lua_Integer tr_lua_record_number(const tr_record *record, int field) {
    switch (field) {
#define REC_NUMBER_VALUE(name, ctype, offset, bits)                                                                    \
    case REC_##name:                                                                                                   \
        return (lua_Integer)tr_record_##name(record);
        TR_RECORD_NUMBERS(REC_NUMBER_VALUE)
#undef REC_NUMBER_VALUE
    default:
        return 0;
    }
}

void tr_lua_push_rec_field(lua_State *L, const tr_record_view *view, int field) {
    switch (field) {
#define REC_PUSH(name, value)                                                                                          \
    case REC_##name:                                                                                                   \
        tr_scalar_push(L, value);                                                                                      \
        return;
#define REC_NUMBER_PUSH(name, ctype, offset, bits)
        REC_FIELDS(REC_PUSH, REC_NUMBER_PUSH)
#undef REC_PUSH
#undef REC_NUMBER_PUSH
    default:
        lua_pushinteger(L, tr_lua_record_number(&view->record, field));
    }
}

/* The metatable is locked, so nothing but a record gets here. What is read most, numbers, is read on the way that takes
 * no stack of its own. */
static int rec_index(lua_State *L) {
    const tr_lua_rec *self = lua_touserdata(L, 1);
    int field = tr_keys_find(self->keys, lua_tostring(L, 2));
    if (field < 0) {
        return tr_lua_index_method(L, "a record");
    }
    if (field < REC_type) {
        lua_pushinteger(L, tr_lua_record_number(&self->view.record, field));
    } else {
        tr_lua_push_rec_field(L, &self->view, field);
    }
    return 1;
}

static int rec_equal(lua_State *L) {
    const tr_lua_rec *left = tr_lua_test_rec(L, 1);
    const tr_lua_rec *right = tr_lua_test_rec(L, 2);
    lua_pushboolean(L, left != NULL && right != NULL &&
                           left->view.record.length_bytes == right->view.record.length_bytes &&
                           memcmp(left->bytes, right->bytes, left->view.record.length_bytes) == 0);
    return 1;
}

static int rec_length(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)tr_lua_check_rec(L, 1)->view.record.length_bytes);
    return 1;
}

/* Adds the beginning of a text in quotes, with one '.' for each byte that would disturb a line. */
static void add_excerpt(luaL_Buffer *line, const char *label, tr_text text) {
    enum { EXCERPT_BYTES = 80 };
    if (text.length_bytes == 0) {
        return;
    }
    uint32_t shown = text.length_bytes < EXCERPT_BYTES ? text.length_bytes : EXCERPT_BYTES;
    luaL_addstring(line, label);
    luaL_addchar(line, '"');
    for (uint32_t i = 0; i < shown; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];
        luaL_addchar(line, byte < 0x20 || byte == 0x7f ? '.' : text.bytes[i]);
    }
    luaL_addstring(line, shown < text.length_bytes ? "...\"" : "\"");
}

static int rec_tostring(lua_State *L) {
    const tr_lua_rec *self = tr_lua_check_rec(L, 1);
    char id[TR_TRACE_ID_TEXT_BYTES];
    tr_trace_id_format(tr_record_trace_id(&self->view.record), id);
    luaL_Buffer line;
    luaL_buffinit(L, &line);
    lua_pushfstring(L, "%s trace_id=%s", tr_record_type_name(tr_record_type_of(&self->view.record)), id);
    luaL_addvalue(&line);
#define REC_NUMBER_TEXT(name, ctype, offset, bits)                                                                     \
    if (tr_record_##name(&self->view.record) != 0) {                                                                   \
        lua_pushfstring(L, " " #name "=%I", (LUAI_UACINT)tr_record_##name(&self->view.record));                        \
        luaL_addvalue(&line);                                                                                          \
    }
    TR_RECORD_NUMBERS(REC_NUMBER_TEXT)
#undef REC_NUMBER_TEXT
    add_excerpt(&line, " error_message=", tr_record_error_message(&self->view.record));
    add_excerpt(&line, " metadata=", tr_record_metadata(&self->view.record));
    if (self->view.segment_name != 0) {
        tr_lua_push_core_value(L, TR_CORE_SEGMENT_NAMES); /* names */
        lua_rawgeti(L, -1, (lua_Integer)self->view.segment_name);
        lua_pushfstring(L, " at %s offset %I", lua_tostring(L, -1), (LUAI_UACINT)self->view.offset);
        lua_replace(L, -3);
        lua_pop(L, 1);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    return 1;
}

static int rec_bytes(lua_State *L) {
    const tr_lua_rec *self = tr_lua_check_rec(L, 1);
    lua_pushlstring(L, (const char *)self->bytes, self->view.record.length_bytes);
    return 1;
}

static int rec_json(lua_State *L) {
    const tr_lua_rec *self = tr_lua_check_rec(L, 1);
    tr_lua_core *core = tr_lua_core_of(L);
    tr_json_reset(&core->json);
    tr_json_record(&core->json, &self->view.record);
    tr_lua_push_json(L, core);
    return 1;
}

/* ---- open ---- */

void tr_lua_open_rec(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"bytes", rec_bytes},
        {"json", rec_json},
        {"copy", tr_lua_rec_copy},
        {"with_metadata", tr_lua_rec_with_metadata},
        {NULL, NULL},
    };
    static const luaL_Reg metamethods[] = {
        {"__eq", rec_equal}, {"__len", rec_length}, {"__tostring", rec_tostring}, {NULL, NULL}};
    tr_lua_core_of(L)->rec_keys =
        tr_lua_new_type(L, TR_LUA_REC, rec_fields, REC_FIELD_COUNT, methods, metamethods, rec_index, 0);
}
