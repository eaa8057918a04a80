#include "lua/import_fields.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "bytes/utf8.h"
#include "lua/arguments.h"
#include "lua/core.h"
#include "lua/failure.h"
#include "lua/keys.h"

typedef enum field_type { TYPE_NAME, TYPE_TEXT, TYPE_WHOLE, TYPE_FLAG, TYPE_VALUE } field_type;

static const char *const field_names[TR_IMPORT_FIELD_COUNT] = {
#define FIELD_NAME(name, type) #name,
    TR_IMPORT_FIELDS(FIELD_NAME)
#undef FIELD_NAME
};

static const field_type field_types[TR_IMPORT_FIELD_COUNT] = {
#define FIELD_TYPE(name, type) TYPE_##type,
    TR_IMPORT_FIELDS(FIELD_TYPE)
#undef FIELD_TYPE
};

void tr_import_push_keys(lua_State *L) {
    tr_keys_push(L, field_names, TR_IMPORT_FIELD_COUNT);
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void raise_unknown(lua_State *L, const char *call, unsigned known, int name_index) {
    const char *names[TR_IMPORT_FIELD_COUNT];
    size_t count = 0;
    for (int field = 0; field < TR_IMPORT_FIELD_COUNT; field++) {
        if ((known & 1u << field) != 0) {
            names[count++] = field_names[field];
        }
    }
    qsort(names, count, sizeof *names, compare_names);
    const char *name = tr_lua_push_name(L, name_index);
    luaL_Buffer list;
    luaL_buffinit(L, &list);
    for (size_t i = 0; i < count; i++) {
        luaL_addstring(&list, i == 0 ? "" : ", ");
        luaL_addstring(&list, names[i]);
    }
    luaL_pushresult(&list);
    luaL_error(L, "%s: unknown key %s; known are %s", call, name, lua_tostring(L, -1));
}

/* ---- texts ---- */

static bool is_clean(const char *bytes, size_t length, bool is_name) {
    for (size_t i = 0; i < length;) {
        unsigned char byte = (unsigned char)bytes[i];
        bool valid = true;
        if (byte < 0x80) {
            if (is_name && (byte < 0x20 || byte == 0x7f)) {
                return false;
            }
            i++;
            continue;
        }
        i += tr_utf8_scan((const uint8_t *)bytes + i, length - i, &valid);
        if (!valid) {
            return false;
        }
    }
    return true;
}

void tr_import_report(lua_State *L, int report_index, const char *kind, bool is_dropped) {
    lua_pushvalue(L, report_index);
    lua_pushstring(L, kind);
    lua_pushboolean(L, is_dropped);
    lua_call(L, 2, 0);
}

void tr_import_clean(lua_State *L, int index, bool is_name, int report_index) {
    size_t length = 0;
    const char *bytes = lua_tolstring(L, index, &length);
    if (is_clean(bytes, length, is_name)) {
        return;
    }
    bool is_utf8 = true;
    luaL_Buffer cleaned;
    luaL_buffinit(L, &cleaned);
    for (size_t i = 0; i < length;) {
        bool valid = true;
        size_t bytes_of_one = tr_utf8_scan((const uint8_t *)bytes + i, length - i, &valid);
        unsigned char byte = (unsigned char)bytes[i];
        if (!valid) {
            is_utf8 = false;
            luaL_addstring(&cleaned, "\xef\xbf\xbd");
        } else if (is_name && (byte < 0x20 || byte == 0x7f)) {
            luaL_addchar(&cleaned, ' ');
        } else {
            luaL_addlstring(&cleaned, bytes + i, bytes_of_one);
        }
        i += bytes_of_one;
    }
    luaL_pushresult(&cleaned);
    lua_replace(L, index);
    if (!is_utf8) {
        tr_import_report(L, report_index, "texts that are not UTF-8: U+FFFD stands for what is not", false);
    }
}

/* ---- fields ---- */

static bool is_null(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TTABLE) {
        return false;
    }
    index = lua_absindex(L, index);
    tr_lua_push_core_value(L, TR_CORE_NULL);
    bool is_same = lua_rawequal(L, -1, index);
    lua_pop(L, 1);
    return is_same;
}

static void check_whole(lua_State *L, const char *call, const char *name, int index) {
    int is_whole = 0;
    lua_Integer value = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &is_whole) : 0;
    if (!is_whole || value < 0) {
        luaL_error(L, "%s: %s: a whole number expected (a time is what input.time gives), got %s", call, name,
                   tr_lua_push_got(L, index));
    }
}

static void check_flag(lua_State *L, const char *call, const char *name, int index) {
    if (lua_type(L, index) != LUA_TBOOLEAN) {
        luaL_error(L, "%s: %s: true or false expected, got %s", call, name, tr_lua_push_got(L, index));
    }
}

static void check_text(lua_State *L, const char *call, int field, int index, int report_index) {
    int type = lua_type(L, index);
    if (type != LUA_TSTRING && type != LUA_TNUMBER) {
        luaL_error(L, "%s: %s: a text expected, got %s", call, field_names[field], tr_lua_push_got(L, index));
    }
    if (field != TR_IMPORT_id) { /* its bytes are what the trace is named by */
        tr_import_clean(L, index, field_types[field] == TYPE_NAME, report_index);
    }
}

static void check_field(lua_State *L, const tr_import_fields *fields, int field, int report_index) {
    int index = fields->base + field;
    if (field_types[field] == TYPE_WHOLE) {
        check_whole(L, fields->call, field_names[field], index);
    } else if (field_types[field] == TYPE_FLAG) {
        check_flag(L, fields->call, field_names[field], index);
    } else if (field_types[field] != TYPE_VALUE) {
        check_text(L, fields->call, field, index, report_index);
    }
}

tr_import_fields tr_import_read(lua_State *L, const char *call, int index, bool may_be_absent, unsigned known,
                                const tr_keys *keys, int report_index) {
    tr_import_fields fields = {call, lua_gettop(L) + 1, 0};
    if (may_be_absent && lua_isnoneornil(L, index)) {
        lua_settop(L, fields.base + TR_IMPORT_FIELD_COUNT - 1);
        return fields;
    } else if (lua_type(L, index) != LUA_TTABLE) {
        luaL_error(L, "%s: a table expected, such as { at = ... }, got %s", call, tr_lua_push_got(L, index));
    }
    tr_lua_check_stack(L, TR_IMPORT_FIELD_COUNT + LUA_MINSTACK, "fields");
    lua_settop(L, fields.base + TR_IMPORT_FIELD_COUNT - 1);
    bool is_unknown = false;
    lua_pushnil(L); /* fields, the first unknown name */
    int unknown_index = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) { /* fields, unknown, name, value */
        int field = tr_keys_find(keys, lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL);
        if (field < 0 || (known & 1u << field) == 0) {
            is_unknown = true;
            tr_lua_keep_first(L, lua_gettop(L) - 1, unknown_index);
        } else if (!is_null(L, -1)) {
            fields.present |= 1u << field;
            lua_copy(L, -1, fields.base + field);
        }
        lua_pop(L, 1);
    }
    if (is_unknown) {
        raise_unknown(L, call, known, unknown_index);
    }
    lua_pop(L, 1);
    for (unsigned left = fields.present; left != 0; left &= left - 1) {
        check_field(L, &fields, __builtin_ctz(left), report_index);
    }
    return fields;
}

tr_text tr_import_text(lua_State *L, const tr_import_fields *fields, tr_import_field field) {
    size_t length = 0;
    const char *bytes = lua_tolstring(L, fields->base + (int)field, &length);
    if (length > UINT32_MAX / 2) {
        luaL_error(L, "%s: %s is longer than a record can be", fields->call, field_names[field]);
    }
    return (tr_text){bytes, (uint32_t)length};
}

uint64_t tr_import_whole(lua_State *L, const tr_import_fields *fields, tr_import_field field) {
    return (uint64_t)lua_tointeger(L, fields->base + (int)field);
}

tr_text tr_import_optional_text(lua_State *L, const tr_import_fields *fields, tr_import_field field) {
    return tr_import_has(fields, field) ? tr_import_text(L, fields, field) : (tr_text){NULL, 0};
}

/* ---- metadata ---- */

/* A key of a metadata table: the text of what stands at a stack index. */
typedef struct metadata_key {
    const char *bytes;
    size_t length;
    int index;
} metadata_key;

static int compare_keys(const void *left, const void *right) {
    const metadata_key *a = left;
    const metadata_key *b = right;
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->bytes, b->bytes, shorter);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* May the value on top of the stack be written? JSON's null is as good as none. */
static bool is_flat(lua_State *L, int report_index) {
    int type = lua_type(L, -1);
    if (type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TBOOLEAN) {
        return true;
    }
    if (!is_null(L, -1)) {
        tr_import_report(L, report_index, "metadata that is no text, number or boolean", true);
    }
    return false;
}

static void write_value(lua_State *L, tr_json *json, int report_index) {
    if (lua_type(L, -1) == LUA_TBOOLEAN) {
        tr_json_bool(json, lua_toboolean(L, -1));
    } else if (lua_isinteger(L, -1)) {
        tr_json_signed(json, lua_tointeger(L, -1));
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
        tr_json_double(json, lua_tonumber(L, -1));
    } else {
        size_t length = 0;
        tr_import_clean(L, lua_gettop(L), false, report_index);
        const char *bytes = lua_tolstring(L, -1, &length);
        tr_json_text(json, bytes, length);
    }
}

/* So many keys need no block of Lua's. */
enum { FEW_KEYS = 16 };

/* Pushes the keys of a table, and lists them in their order: in `few`, or in a block that is pushed, too. */
static metadata_key *push_sorted_keys(lua_State *L, const char *call, int table, metadata_key *few, size_t *count) {
    enum { MAX_KEYS = 4096 };
    int top = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, table) != 0) { /* keys so far, key, value */
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING) {
            luaL_error(L, "%s: metadata: a key that is no text: %s", call, tr_lua_push_got(L, -1));
        } else if (lua_gettop(L) - top > MAX_KEYS) {
            luaL_error(L, "%s: metadata has more than %d keys", call, (int)MAX_KEYS);
        }
        tr_lua_check_stack(L, LUA_MINSTACK, "names");
        lua_pushvalue(L, -1);
    }
    *count = (size_t)(lua_gettop(L) - top);
    metadata_key *keys = *count <= FEW_KEYS ? few : lua_newuserdatauv(L, *count * sizeof *keys, 0);
    for (size_t i = 0; i < *count; i++) {
        keys[i].index = top + 1 + (int)i;
        keys[i].bytes = lua_tolstring(L, keys[i].index, &keys[i].length);
    }
    if (*count > 1) {
        qsort(keys, *count, sizeof *keys, compare_keys);
    }
    return keys;
}

void tr_import_write_metadata(lua_State *L, tr_json *json, const tr_import_fields *fields, int report_index) {
    if (!tr_import_has(fields, TR_IMPORT_metadata)) {
        return;
    }
    int table = fields->base + TR_IMPORT_metadata;
    if (lua_type(L, table) != LUA_TTABLE) {
        tr_import_report(L, report_index, "metadata that is no table", true);
        return;
    }
    int top = lua_gettop(L);
    size_t count = 0;
    bool is_begun = false;
    metadata_key few[FEW_KEYS];
    const metadata_key *keys = push_sorted_keys(L, fields->call, table, few, &count);
    for (size_t i = 0; i < count; i++) {
        lua_pushvalue(L, keys[i].index);
        lua_rawget(L, table);
        if (is_flat(L, report_index)) {
            if (!is_begun) {
                tr_json_key(json, "metadata");
                tr_json_begin_object(json);
                is_begun = true;
            }
            tr_json_key_text(json, keys[i].bytes, keys[i].length);
            write_value(L, json, report_index);
        }
        lua_pop(L, 1);
    }
    if (is_begun) {
        tr_json_end_object(json);
    }
    lua_settop(L, top);
}
