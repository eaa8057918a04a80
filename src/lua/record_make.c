#include "lua/record_make.h"

#include <string.h>
#include <time.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/core.h"
#include "lua/failure.h"
#include "lua/keys.h"
#include "lua/rec.h"
#include "tracereel/record.h"
#include "tracereel/status.h"

#define MAKE_FIELDS(X, NUMBER)                                                                                         \
    TR_RECORD_NUMBERS(NUMBER)                                                                                          \
    X(type) X(trace_id) X(error_message) X(metadata)

enum {
#define MAKE_ENUM(name) MAKE_##name,
#define MAKE_NUMBER_ENUM(name, type, offset, bits) MAKE_##name,
    MAKE_FIELDS(MAKE_ENUM, MAKE_NUMBER_ENUM)
#undef MAKE_ENUM
#undef MAKE_NUMBER_ENUM
        MAKE_FIELD_COUNT
};

static const char *const make_names[MAKE_FIELD_COUNT] = {
#define MAKE_STRING(name) #name,
#define MAKE_NUMBER_STRING(name, type, offset, bits) #name,
    MAKE_FIELDS(MAKE_STRING, MAKE_NUMBER_STRING)
#undef MAKE_STRING
#undef MAKE_NUMBER_STRING
};

void tr_lua_push_record_keys(lua_State *L) {
    tr_keys_push(L, make_names, MAKE_FIELD_COUNT);
}

static bool is_null(lua_State *L, int index) {
    index = lua_absindex(L, index);
    tr_lua_push_core_value(L, TR_CORE_NULL);
    bool is_same = lua_rawequal(L, index, -1);
    lua_pop(L, 1);
    return is_same;
}

/* The string at `index`, borrowed for as long as it is there; false gives no text, and so does a decoded null. */
static tr_text to_text(lua_State *L, int index, const char *field) {
    tr_text text = {NULL, 0};
    if ((lua_type(L, index) == LUA_TBOOLEAN && !lua_toboolean(L, index)) || is_null(L, index)) {
        return text;
    }
    if (lua_type(L, index) != LUA_TSTRING) {
        luaL_error(L, "%s must be a string, is %s", field, tr_lua_push_got(L, index));
    }
    size_t length = 0;
    text.bytes = lua_tolstring(L, index, &length);
    if (length > UINT32_MAX) {
        luaL_error(L, "%s is longer than a record can be", field);
    }
    text.length_bytes = (uint32_t)length;
    return text;
}

#define MAKE_U32(value) tr_lua_to_u32(L, value, name)
#define MAKE_U64(value) tr_lua_to_u64(L, value, name)

/* Puts the value at the top of the stack into the field. */
static void change_field(lua_State *L, tr_record_fields *fields, int field, const char *name) {
    switch (field) {
#define MAKE_NUMBER_CASE(member, ctype, offset, bits)                                                                  \
    case MAKE_##member:                                                                                                \
        fields->member = MAKE_U##bits(-1);                                                                             \
        break;
        TR_RECORD_NUMBERS(MAKE_NUMBER_CASE)
#undef MAKE_NUMBER_CASE
    case MAKE_type:
        fields->type = tr_lua_to_type(L, -1);
        break;
    case MAKE_trace_id:
        tr_lua_to_trace_id(L, -1, name, fields->trace_id);
        break;
    case MAKE_error_message:
        fields->error_message = to_text(L, -1, name);
        break;
    case MAKE_metadata:
        fields->metadata = to_text(L, -1, name);
        break;
    default:
        break;
    }
}

/* Applies the table at `index`. Returns the fields it has, as bits. Its texts are borrowed from it. */
static unsigned change_fields(lua_State *L, int index, const char *what, tr_record_fields *fields) {
    unsigned present = 0;
    luaL_checktype(L, index, LUA_TTABLE);
    tr_lua_push_core_value(L, TR_CORE_RECORD_KEYS); /* keys */
    int keys_index = lua_gettop(L);
    const tr_keys *keys = lua_touserdata(L, keys_index);
    lua_pushnil(L); /* keys, an unknown name */
    lua_pushnil(L);
    while (lua_next(L, index) != 0) { /* keys, unknown, name, value */
        lua_pop(L, 1);
        int field = tr_keys_find(keys, lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL);
        if (field < 0) {
            tr_lua_keep_first(L, keys_index + 2, keys_index + 1);
        } else {
            present |= 1u << field;
        }
    }
    if (!lua_isnil(L, keys_index + 1)) {
        tr_keys_raise_unknown(L, what, keys_index, 0, keys_index + 1);
    }
    for (int field = 0; field < MAKE_FIELD_COUNT; field++) {
        if ((present & 1u << field) != 0) {
            lua_pushstring(L, make_names[field]);
            lua_rawget(L, index); /* keys, unknown, value */
            change_field(L, fields, field, make_names[field]);
            lua_pop(L, 1);
        }
    }
    lua_settop(L, keys_index - 1);
    return present;
}

/* Pushes the record that the fields describe. */
static int push_made(lua_State *L, const tr_record_fields *fields) {
    size_t length = tr_record_encoded_bytes(fields);
    if (length == 0) {
        luaL_error(L, "the texts are longer than a record can be");
    }
    tr_lua_rec *self = lua_newuserdatauv(L, offsetof(tr_lua_rec, bytes) + length, 0);
    memset(self, 0, offsetof(tr_lua_rec, bytes));
    self->keys = tr_lua_core_of(L)->rec_keys;
    tr_status status = tr_record_encode(fields, self->bytes, length);
    tr_defect defect;
    if (status == TR_OK) {
        status = tr_record_decode(self->bytes, length, &self->view.record, &defect);
    }
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, NULL);
    }
    luaL_setmetatable(L, TR_LUA_REC);
    return 1;
}

static uint64_t clock_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

enum { CONSTRUCTOR_UPVALUE_TYPE = 1, CONSTRUCTOR_UPVALUE_NOW };

static int construct(lua_State *L) {
    tr_record_fields fields;
    memset(&fields, 0, sizeof fields);
    lua_settop(L, 1);
    const char *type_name = tr_record_type_name((unsigned)lua_tointeger(L, lua_upvalueindex(CONSTRUCTOR_UPVALUE_TYPE)));
    unsigned present = change_fields(L, 1, type_name, &fields);
    tr_record_type type = (tr_record_type)lua_tointeger(L, lua_upvalueindex(CONSTRUCTOR_UPVALUE_TYPE));
    if ((present & 1u << MAKE_type) != 0 && fields.type != type) {
        return luaL_error(L, "%s has its type already: leave `type` out", type_name);
    }
    fields.type = type;
    if ((present & 1u << MAKE_trace_id) == 0 && tr_record_type_has(type, TR_HAS_TRACE)) {
        return luaL_error(L, "%s needs a trace_id", type_name);
    }
    if ((present & 1u << MAKE_timestamp_ns) == 0) {
        if (lua_isnil(L, lua_upvalueindex(CONSTRUCTOR_UPVALUE_NOW))) {
            fields.timestamp_ns = clock_now_ns();
        } else {
            lua_pushvalue(L, lua_upvalueindex(CONSTRUCTOR_UPVALUE_NOW));
            lua_call(L, 0, 1);
            fields.timestamp_ns = tr_lua_to_u64(L, -1, "the time given by the clock");
        }
    }
    return push_made(L, &fields);
}

int tr_lua_constructors(lua_State *L) {
    lua_settop(L, 1);
    if (!lua_isnil(L, 1)) {
        luaL_checktype(L, 1, LUA_TFUNCTION);
    }
    lua_createtable(L, 0, TR_RECORD_TYPE_COUNT); /* now, constructors */
    for (unsigned type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
        lua_pushinteger(L, (lua_Integer)type);
        lua_pushvalue(L, 1);
        lua_pushcclosure(L, construct, CONSTRUCTOR_UPVALUE_NOW); /* now, constructors, function */
        lua_setfield(L, 2, tr_record_type_name(type));
    }
    return 1;
}

int tr_lua_rec_copy(lua_State *L) {
    tr_record_fields fields;
    tr_record_unpack(&tr_lua_check_rec(L, 1)->view.record, &fields);
    lua_settop(L, 2);
    change_fields(L, 2, "a record", &fields);
    return push_made(L, &fields);
}

int tr_lua_rec_with_metadata(lua_State *L) {
    tr_record_fields fields;
    tr_record_unpack(&tr_lua_check_rec(L, 1)->view.record, &fields);
    luaL_checkany(L, 2);
    fields.metadata = to_text(L, 2, "metadata");
    return push_made(L, &fields);
}

int tr_lua_decode(lua_State *L) {
    size_t length = 0;
    const char *bytes = luaL_checklstring(L, 1, &length);
    lua_Integer position = luaL_optinteger(L, 2, 1);
    luaL_argcheck(L, position >= 1 && (lua_Unsigned)position <= length + 1, 2, "outside the string");
    size_t start = (size_t)position - 1;
    tr_lua_core *core = tr_lua_core_of(L);
    tr_record_view view = {.names = core->names};
    tr_defect defect;
    if (tr_record_decode((const uint8_t *)bytes + start, length - start, &view.record, &defect) != TR_OK) {
        char problem[256];
        size_t problem_length = tr_defect_describe(&defect, problem, sizeof problem);
        lua_pushnil(L);
        lua_pushlstring(L, problem, problem_length < sizeof problem ? problem_length : sizeof problem - 1);
        return 2;
    }
    luaL_getmetatable(L, TR_LUA_REC); /* metatable */
    tr_lua_push_rec(L, core, &view, lua_gettop(L));
    lua_pushinteger(L, (lua_Integer)(start + view.record.length_bytes) + 1);
    return 2;
}
