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

tr_lua_rec *tr_lua_push_rec(lua_State *L, const tr_lua_core *core, const tr_record *record, int metatable_index) {
    tr_lua_rec *self = lua_newuserdatauv(L, offsetof(tr_lua_rec, bytes) + record->length_bytes, 0);
    memcpy(self->bytes, record->bytes, record->length_bytes);
    self->record = *record;
    self->record.bytes = self->bytes;
    self->keys = core->rec_keys;
    self->sequence = 0;
    self->offset = 0;
    self->segment_name = 0;
    self->names = core->names;
    self->suspect = false;
    lua_pushvalue(L, metatable_index);
    lua_setmetatable(L, -2);
    return self;
}

/* ---- fields and methods ---- */

#define REC_FIELDS(X, NUMBER)                                                                                          \
    TR_RECORD_NUMBERS(NUMBER)                                                                                          \
    X(type)                                                                                                            \
    X(trace_id) X(node_name) X(error_message) X(metadata) X(segment) X(sequence) X(offset) X(suspect) X(by_tracereel)

enum {
#define REC_FIELD_ENUM(name) REC_##name,
#define REC_NUMBER_ENUM(name, type, offset, bits) REC_##name,
    REC_FIELDS(REC_FIELD_ENUM, REC_NUMBER_ENUM)
#undef REC_FIELD_ENUM
#undef REC_NUMBER_ENUM
        REC_FIELD_COUNT
};

static const char *const rec_fields[REC_FIELD_COUNT] = {
#define REC_FIELD_STRING(name) #name,
#define REC_NUMBER_STRING(name, type, offset, bits) #name,
    REC_FIELDS(REC_FIELD_STRING, REC_NUMBER_STRING)
#undef REC_FIELD_STRING
#undef REC_NUMBER_STRING
};

enum { REC_UPVALUE_NAMES = TR_UPVALUE_FIRST_OWN, REC_UPVALUE_FIRST_TYPE };

static int push_if_from_log(lua_State *L, const tr_lua_rec *self, uint64_t value) {
    if (self->segment_name == 0) {
        lua_pushnil(L);
    } else {
        tr_lua_push_unsigned(L, value);
    }
    return 1;
}

static int push_text(lua_State *L, tr_text text) {
    tr_lua_push_text(L, text.bytes, text.length_bytes);
    return 1;
}

/* nil, too, for a record that names no node. */
static void push_node_name(lua_State *L, const tr_lua_rec *self) {
    bool has_node = tr_record_type_has(tr_record_type_of(&self->record), TR_HAS_NODE);
    tr_lua_push_node_name(L, has_node ? self->names : 0, tr_record_node_id(&self->record));
}

/* The metatable is locked, so nothing but a record gets here. */
static int rec_index(lua_State *L) {
    const tr_lua_rec *self = lua_touserdata(L, 1);
    switch (tr_keys_find(self->keys, lua_tostring(L, 2))) {
#define REC_NUMBER_CASE(name, ctype, offset, bits)                                                                     \
    case REC_##name:                                                                                                   \
        lua_pushinteger(L, (lua_Integer)tr_record_##name(&self->record));                                              \
        return 1;
        TR_RECORD_NUMBERS(REC_NUMBER_CASE)
#undef REC_NUMBER_CASE
    case REC_type:
        lua_pushvalue(L, lua_upvalueindex(REC_UPVALUE_FIRST_TYPE + (int)tr_record_type_of(&self->record)));
        return 1;
    case REC_trace_id:
        tr_lua_push_trace_id(L, tr_record_trace_id(&self->record));
        return 1;
    case REC_node_name:
        push_node_name(L, self);
        return 1;
    case REC_error_message:
        return push_text(L, tr_record_error_message(&self->record));
    case REC_metadata:
        return push_text(L, tr_record_metadata(&self->record));
    case REC_segment:
        if (self->segment_name == 0) {
            lua_pushnil(L);
        } else {
            lua_rawgeti(L, lua_upvalueindex(REC_UPVALUE_NAMES), (lua_Integer)self->segment_name);
        }
        return 1;
    case REC_sequence:
        return push_if_from_log(L, self, self->sequence);
    case REC_offset:
        return push_if_from_log(L, self, self->offset);
    case REC_suspect:
        lua_pushboolean(L, self->suspect);
        return 1;
    case REC_by_tracereel:
        lua_pushboolean(L, tr_record_is_by_tracereel(&self->record));
        return 1;
    default:
        return tr_lua_index_method(L, "a record");
    }
}

static int rec_equal(lua_State *L) {
    const tr_lua_rec *left = tr_lua_test_rec(L, 1);
    const tr_lua_rec *right = tr_lua_test_rec(L, 2);
    lua_pushboolean(L, left != NULL && right != NULL && left->record.length_bytes == right->record.length_bytes &&
                           memcmp(left->bytes, right->bytes, left->record.length_bytes) == 0);
    return 1;
}

static int rec_length(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)tr_lua_check_rec(L, 1)->record.length_bytes);
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
    tr_trace_id_format(tr_record_trace_id(&self->record), id);
    luaL_Buffer line;
    luaL_buffinit(L, &line);
    lua_pushfstring(L, "%s trace_id=%s", tr_record_type_name(tr_record_type_of(&self->record)), id);
    luaL_addvalue(&line);
#define REC_NUMBER_TEXT(name, ctype, offset, bits)                                                                     \
    if (tr_record_##name(&self->record) != 0) {                                                                        \
        lua_pushfstring(L, " " #name "=%I", (LUAI_UACINT)tr_record_##name(&self->record));                             \
        luaL_addvalue(&line);                                                                                          \
    }
    TR_RECORD_NUMBERS(REC_NUMBER_TEXT)
#undef REC_NUMBER_TEXT
    add_excerpt(&line, " error_message=", tr_record_error_message(&self->record));
    add_excerpt(&line, " metadata=", tr_record_metadata(&self->record));
    if (self->segment_name != 0) {
        tr_lua_push_core_value(L, TR_CORE_SEGMENT_NAMES); /* names */
        lua_rawgeti(L, -1, (lua_Integer)self->segment_name);
        lua_pushfstring(L, " at %s offset %I", lua_tostring(L, -1), (LUAI_UACINT)self->offset);
        lua_replace(L, -3);
        lua_pop(L, 1);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    return 1;
}

static int rec_bytes(lua_State *L) {
    const tr_lua_rec *self = tr_lua_check_rec(L, 1);
    lua_pushlstring(L, (const char *)self->bytes, self->record.length_bytes);
    return 1;
}

static int rec_json(lua_State *L) {
    const tr_lua_rec *self = tr_lua_check_rec(L, 1);
    tr_lua_core *core = tr_lua_core_of(L);
    tr_json_reset(&core->json);
    tr_json_record(&core->json, &self->record);
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
    tr_lua_push_core_value(L, TR_CORE_SEGMENT_NAMES); /* names */
    for (unsigned type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
        lua_pushstring(L, tr_record_type_name(type)); /* names, type names... */
    }
    tr_lua_core_of(L)->rec_keys = tr_lua_new_type(L, TR_LUA_REC, rec_fields, REC_FIELD_COUNT, methods, metamethods,
                                                  rec_index, 1 + TR_RECORD_TYPE_COUNT);
}
