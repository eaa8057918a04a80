#include "lua/arguments.h"

#include <string.h>

#include <lauxlib.h>

#include "import/trace_text.h"

const char *tr_lua_check_path(lua_State *L, int argument) {
    size_t length;
    luaL_checktype(L, argument, LUA_TSTRING);
    const char *path = lua_tolstring(L, argument, &length);
    luaL_argcheck(L, memchr(path, '\0', length) == NULL, argument, "a path has no zero bytes");
    return path;
}

const char *tr_lua_push_got(lua_State *L, int index) {
    enum { SHOWN_BYTES = 60 };
    size_t length = 0;
    const char *text = NULL;
    index = lua_absindex(L, index);
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TBOOLEAN:
        return luaL_tolstring(L, index, NULL);
    case LUA_TNUMBER:
        if (lua_tonumber(L, index) != lua_tonumber(L, index)) {
            return lua_pushliteral(L, "nan"); /* printed with its sign otherwise, which is the processor's */
        }
        return luaL_tolstring(L, index, NULL);
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &length);
        break;
    case LUA_TUSERDATA:
        if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING) {
            return lua_pushfstring(L, "a %s", lua_tostring(L, -1));
        }
        return lua_pushliteral(L, "a userdata");
    default:
        return lua_pushfstring(L, "a %s", luaL_typename(L, index));
    }
    luaL_Buffer shown;
    luaL_buffinit(L, &shown);
    luaL_addchar(&shown, '"');
    for (size_t i = 0; i < length && i < SHOWN_BYTES; i++) {
        luaL_addchar(&shown, (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '.' : text[i]);
    }
    luaL_addstring(&shown, length > SHOWN_BYTES ? "\"..." : "\"");
    luaL_pushresult(&shown);
    return lua_tostring(L, -1);
}

const char *tr_lua_push_name(lua_State *L, int index) {
    return lua_isstring(L, index) ? luaL_tolstring(L, index, NULL) : tr_lua_push_got(L, index);
}

void tr_lua_keep_first(lua_State *L, int key_index, int kept_index) {
    int type = lua_type(L, key_index);
    int kept_type = lua_type(L, kept_index);
    bool is_same_kind = type == kept_type && (type == LUA_TSTRING || type == LUA_TNUMBER);
    if (kept_type == LUA_TNIL || type < kept_type ||
        (is_same_kind && lua_compare(L, key_index, kept_index, LUA_OPLT))) {
        lua_pushvalue(L, key_index);
        lua_replace(L, kept_index < 0 ? kept_index - 1 : kept_index);
    }
}

static lua_Integer to_integer(lua_State *L, int index, const char *field) {
    int is_integer = 0;
    lua_Integer value = lua_tointegerx(L, index, &is_integer);
    if (!is_integer || lua_type(L, index) != LUA_TNUMBER) {
        luaL_error(L, "%s must be an integer, is %s", field, tr_lua_push_got(L, index));
    }
    return value;
}

uint32_t tr_lua_to_u32(lua_State *L, int index, const char *field) {
    lua_Integer value = to_integer(L, index, field);
    if (value < 0 || value > (lua_Integer)UINT32_MAX) {
        luaL_error(L, "%s must be from 0 to 4294967295, is %I", field, (LUAI_UACINT)value);
    }
    return (uint32_t)value;
}

uint64_t tr_lua_to_u64(lua_State *L, int index, const char *field) {
    return (uint64_t)to_integer(L, index, field);
}

void tr_lua_to_called_trace_id(lua_State *L, int index, const char *field, uint8_t id[TR_TRACE_ID_BYTES]) {
    size_t length = 0;
    if (lua_type(L, index) != LUA_TSTRING) {
        tr_lua_to_trace_id(L, index, field, id);
        return;
    }
    const char *text = lua_tolstring(L, index, &length);
    tr_trace_id_of_text(text, length, id);
}

void tr_lua_to_trace_id(lua_State *L, int index, const char *field, uint8_t id[TR_TRACE_ID_BYTES]) {
    size_t length = 0;
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &length) : NULL;
    if (text == NULL || !tr_trace_id_parse(text, length, id)) {
        luaL_error(L, "%s must be a UUID like 0123abcd-0123-4567-89ab-0123456789ab, is %s", field,
                   tr_lua_push_got(L, index));
    }
}

tr_record_type tr_lua_to_type(lua_State *L, int index) {
    size_t length = 0;
    const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &length) : NULL;
    int type = name == NULL ? -1 : tr_record_type_from_name(name, length);
    if (type < 0) {
        luaL_error(L, "there is no record type %s; see tracereel.types", tr_lua_push_got(L, index));
    }
    return (tr_record_type)type;
}

void tr_lua_push_trace_id(lua_State *L, const uint8_t id[TR_TRACE_ID_BYTES]) {
    char text[TR_TRACE_ID_TEXT_BYTES];
    tr_trace_id_format(id, text);
    lua_pushlstring(L, text, TR_TRACE_ID_TEXT_BYTES - 1);
}

void tr_lua_push_text(lua_State *L, const char *bytes, size_t length) {
    if (length == 0) {
        lua_pushnil(L);
    } else {
        lua_pushlstring(L, bytes, length);
    }
}
