/* The functions of an importer's `out` that make and find traces. */
#include <string.h>

#include <lauxlib.h>

#include "import/trace_text.h"
#include "lua/arguments.h"
#include "lua/import_draft.h"

enum { UPVALUE_DRAFT = 1 };

static void push_id(lua_State *L, int index, const char *call, uint8_t id[TR_TRACE_ID_BYTES]) {
    size_t length = 0;
    if (lua_type(L, index) != LUA_TSTRING && lua_type(L, index) != LUA_TNUMBER) {
        luaL_error(L, "%s: the text that names a trace expected, got %s", call, tr_lua_push_got(L, index));
    }
    lua_pushvalue(L, index);
    const char *text = lua_tolstring(L, -1, &length);
    tr_trace_id_of_text(text, length, id);
    lua_pop(L, 1);
}

static const uint8_t *to_parent(lua_State *L, const tr_import_fields *fields, uint8_t id[TR_TRACE_ID_BYTES]) {
    int index = fields->base + TR_IMPORT_parent;
    if (!tr_import_has(fields, TR_IMPORT_parent)) {
        return NULL;
    }
    const tr_lua_drafted_trace *trace = luaL_testudata(L, index, TR_LUA_DRAFTED_TRACE);
    if (trace != NULL) {
        tr_draft_trace_id(tr_lua_open_draft_of(L, trace->draft), trace->number, id);
    } else {
        push_id(L, index, "trace: parent", id);
    }
    return id;
}

static void key_text(tr_json *json, const char *key, tr_text text) {
    tr_json_key(json, key);
    tr_json_text(json, text.bytes, text.length_bytes);
}

/* Writes the object into the draft's buffer; an empty text where it has no members. */
static tr_text trace_metadata(lua_State *L, const tr_import_fields *fields, tr_lua_draft *self, int draft_index,
                              int report_index, const uint8_t *id, const uint8_t *parent) {
    tr_text text = tr_import_text(L, fields, TR_IMPORT_id);
    tr_json *json = &self->json;
    uint32_t parent_node = 0;
    if (tr_import_has(fields, TR_IMPORT_parent_node)) {
        parent_node =
            tr_lua_draft_node(L, draft_index, report_index, "trace: parent_node", fields->base + TR_IMPORT_parent_node);
    }
    tr_lua_begin_members(json);
    if (!tr_lua_is_own_id(id, text)) {
        lua_pushlstring(L, text.bytes, text.length_bytes);
        tr_import_clean(L, lua_gettop(L), true, report_index);
        size_t length = 0;
        const char *cleaned = lua_tolstring(L, -1, &length);
        key_text(json, "id", (tr_text){cleaned, (uint32_t)length});
        lua_pop(L, 1);
    }
    if (tr_import_has(fields, TR_IMPORT_name)) {
        key_text(json, "name", tr_import_text(L, fields, TR_IMPORT_name));
    }
    if (parent != NULL) {
        tr_json_key(json, "parent");
        tr_json_trace_id(json, parent);
    }
    if (tr_import_has(fields, TR_IMPORT_parent_node)) {
        tr_json_key(json, "parent_node");
        tr_json_unsigned(json, parent_node);
    }
    if (tr_import_has(fields, TR_IMPORT_parent_instance)) {
        key_text(json, "parent_instance", tr_import_text(L, fields, TR_IMPORT_parent_instance));
    }
    tr_import_write_metadata(L, json, fields, report_index);
    return tr_lua_end_members(L, "trace", json);
}

/* Pushes the trace's object, and keeps it by its text for as long as somebody has it. */
static void push_trace(lua_State *L, int draft_index, uint32_t number, int text_index) {
    tr_lua_drafted_trace *trace = lua_newuserdatauv(L, sizeof *trace, 1);
    trace->mark = &tr_lua_drafted_trace_mark;
    trace->draft = lua_touserdata(L, draft_index);
    trace->number = number;
    lua_pushvalue(L, draft_index);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, TR_LUA_DRAFTED_TRACE);
    lua_getiuservalue(L, draft_index, TR_DRAFT_TRACES); /* trace, traces */
    lua_pushvalue(L, text_index);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static void set_outcome(lua_State *L, const tr_import_fields *fields, tr_lua_draft *self, uint32_t number) {
    if (!tr_import_has(fields, TR_IMPORT_outcome)) {
        return;
    }
    tr_error error = {""};
    tr_lua_begin_members(&self->json);
    tr_record_type type = tr_lua_draft_outcome(L, "trace", fields->base + TR_IMPORT_outcome, &self->json);
    tr_text metadata = tr_lua_end_members(L, "trace", &self->json);
    tr_lua_check_drafted(L, tr_draft_set_outcome(self->draft, number, type, metadata, &error), &error);
}

/* Makes the trace, where the draft has none of that id, and pushes its object. */
static int make_trace(lua_State *L, int draft_index, int report_index) {
    static const unsigned known = TR_IMPORT_BIT(id) | TR_IMPORT_BIT(name) | TR_IMPORT_BIT(parent) |
                                  TR_IMPORT_BIT(parent_node) | TR_IMPORT_BIT(parent_instance) |
                                  TR_IMPORT_BIT(metadata) | TR_IMPORT_BIT(at) | TR_IMPORT_BIT(outcome);
    tr_lua_draft *self = lua_touserdata(L, draft_index);
    tr_import_fields fields = tr_import_read(L, "trace", 2, false, known, self->keys, report_index);
    if (!tr_import_has(&fields, TR_IMPORT_id)) {
        return luaL_error(L, "trace: `id`, the text that names it, is missing");
    }
    tr_draft *draft = tr_lua_open_draft_of(L, self);
    uint8_t id[TR_TRACE_ID_BYTES];
    uint8_t parent_id[TR_TRACE_ID_BYTES];
    uint32_t number = 0;
    tr_error error = {""};
    push_id(L, fields.base + TR_IMPORT_id, "trace", id);
    const uint8_t *parent = to_parent(L, &fields, parent_id);
    if (!tr_draft_find_trace(draft, id, &number)) {
        tr_text metadata = trace_metadata(L, &fields, self, draft_index, report_index, id, parent);
        uint64_t at_ns =
            tr_import_has(&fields, TR_IMPORT_at) ? tr_import_whole(L, &fields, TR_IMPORT_at) : TR_TIME_UNKNOWN;
        tr_lua_check_drafted(L, tr_draft_add_trace(draft, id, parent, at_ns, metadata, &number, &error), &error);
        set_outcome(L, &fields, self, number);
    }
    push_trace(L, draft_index, number, fields.base + TR_IMPORT_id);
    return 1;
}

/* out:trace{ ... } */
int tr_lua_out_trace(lua_State *L) {
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_DRAFT)); /* out, table, draft */
    tr_lua_draft *self = lua_touserdata(L, 3);
    (void)tr_lua_open_draft_of(L, self);
    if (lua_type(L, 2) == LUA_TTABLE) {
        lua_getiuservalue(L, 3, TR_DRAFT_TRACES); /* out, table, draft, traces */
        lua_pushliteral(L, "id");
        if (lua_rawget(L, 2) == LUA_TSTRING && lua_rawget(L, 4) == LUA_TUSERDATA) {
            return 1;
        }
        lua_settop(L, 3);
    }
    lua_getiuservalue(L, 3, TR_DRAFT_REPORT); /* out, table, draft, report */
    return make_trace(L, 3, 4);
}

/* out:has_trace(id) -> boolean */
int tr_lua_out_has_trace(lua_State *L) {
    const tr_lua_draft *self = lua_touserdata(L, lua_upvalueindex(UPVALUE_DRAFT));
    uint8_t id[TR_TRACE_ID_BYTES];
    uint32_t number = 0;
    push_id(L, 2, "has_trace", id);
    lua_pushboolean(L, tr_draft_find_trace(tr_lua_open_draft_of(L, self), id, &number));
    return 1;
}
