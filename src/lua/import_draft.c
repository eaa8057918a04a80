#include "lua/import_draft.h"

#include <string.h>

#include <lauxlib.h>

#include "import/trace_text.h"
#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/type.h"

/* ---- check ---- */

static tr_lua_draft *check_draft(lua_State *L, int index) {
    return tr_lua_check_object(L, index, TR_LUA_DRAFT);
}

tr_draft *tr_lua_open_draft_of(lua_State *L, const tr_lua_draft *self) {
    if (self->draft == NULL) {
        luaL_error(L, "the import is over: nothing can be added to it");
    }
    return self->draft;
}

void tr_lua_check_drafted(lua_State *L, tr_status status, const tr_error *error) {
    if (status != TR_OK) {
        tr_lua_raise_status(L, status, error);
    }
}

/* ---- nodes ---- */

/* Lua has each string of up to so many bytes once, so that its address tells which it is. */
enum { MAX_INTERNED_BYTES = 40 };

/* The number of a name that is not among the recent ones. */
static uint32_t look_up_node(lua_State *L, int draft_index, int report_index, const char *call, int index) {
    if (lua_type(L, index) != LUA_TSTRING && !lua_isinteger(L, index)) {
        luaL_error(L, "%s: the name of a node expected, got %s", call, tr_lua_push_got(L, index));
    }
    lua_getiuservalue(L, draft_index, TR_DRAFT_NUMBERS); /* numbers */
    lua_pushvalue(L, index);
    (void)lua_tostring(L, -1); /* a number's text names the same node */
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TNUMBER) { /* numbers, name, number */
        uint32_t known = (uint32_t)lua_tointeger(L, -1);
        lua_pop(L, 3);
        return known;
    }
    lua_pop(L, 1);
    lua_pushvalue(L, -1); /* numbers, name, cleaned name */
    tr_import_clean(L, lua_gettop(L), true, report_index);
    lua_pushvalue(L, -1);
    uint32_t number;
    if (lua_rawget(L, -4) == LUA_TNUMBER) { /* numbers, name, cleaned, number */
        number = (uint32_t)lua_tointeger(L, -1);
    } else {
        tr_lua_draft *self = lua_touserdata(L, draft_index);
        if (self->node_count == UINT32_MAX) {
            luaL_error(L, "%s: more nodes than a log can number", call);
        }
        number = self->node_count++;
        lua_getiuservalue(L, draft_index, TR_DRAFT_NAMES);
        lua_pushvalue(L, -3);
        lua_rawseti(L, -2, (lua_Integer)number + 1);
        lua_pop(L, 1);
        lua_pushvalue(L, -2);
        lua_pushinteger(L, number);
        lua_rawset(L, -6);
    }
    lua_pop(L, 2);              /* numbers, name */
    lua_pushinteger(L, number); /* numbers, name, number */
    lua_rawset(L, -3);
    lua_pop(L, 1);
    return number;
}

uint32_t tr_lua_draft_node(lua_State *L, int draft_index, int report_index, const char *call, int index) {
    tr_lua_draft *self = lua_touserdata(L, draft_index);
    index = lua_absindex(L, index);
    if (lua_type(L, index) != LUA_TSTRING) {
        return look_up_node(L, draft_index, report_index, call, index);
    }
    size_t length = 0;
    const char *name = lua_tolstring(L, index, &length);
    if (length > MAX_INTERNED_BYTES) {
        return look_up_node(L, draft_index, report_index, call, index);
    }
    size_t slot = ((uintptr_t)name >> 4 ^ (uintptr_t)name >> 10) % TR_DRAFT_RECENT_NODES;
    if (self->recent_nodes[slot].name != name) {
        self->recent_nodes[slot].number = look_up_node(L, draft_index, report_index, call, index);
        self->recent_nodes[slot].name = name;
    }
    return self->recent_nodes[slot].number;
}

/* ---- traces: functions of the importer's `out` ---- */

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
    char id_text[TR_TRACE_ID_TEXT_BYTES];
    tr_text text = tr_import_text(L, fields, TR_IMPORT_id);
    tr_json *json = &self->json;
    uint32_t parent_node = 0;
    if (tr_import_has(fields, TR_IMPORT_parent_node)) {
        parent_node =
            tr_lua_draft_node(L, draft_index, report_index, "trace: parent_node", fields->base + TR_IMPORT_parent_node);
    }
    tr_json_reset(json);
    tr_json_begin_object(json);
    tr_trace_id_format(id, id_text);
    if (text.length_bytes != sizeof id_text - 1 || memcmp(text.bytes, id_text, sizeof id_text - 1) != 0) {
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
    tr_json_end_object(json);
    tr_lua_check_drafted(L, tr_json_status(json), NULL);
    return json->length_bytes <= 2 ? (tr_text){NULL, 0} : (tr_text){json->bytes, (uint32_t)json->length_bytes};
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

/* Makes the trace, where the draft has none of that id, and pushes its object. */
static int make_trace(lua_State *L, int draft_index, int report_index) {
    static const unsigned known = TR_IMPORT_BIT(id) | TR_IMPORT_BIT(name) | TR_IMPORT_BIT(parent) |
                                  TR_IMPORT_BIT(parent_node) | TR_IMPORT_BIT(parent_instance) |
                                  TR_IMPORT_BIT(metadata) | TR_IMPORT_BIT(at);
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
    }
    push_trace(L, draft_index, number, fields.base + TR_IMPORT_id);
    return 1;
}

/* out:trace{ ... } */
static int out_trace(lua_State *L) {
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
static int out_has_trace(lua_State *L) {
    const tr_lua_draft *self = lua_touserdata(L, lua_upvalueindex(UPVALUE_DRAFT));
    uint8_t id[TR_TRACE_ID_BYTES];
    uint32_t number = 0;
    push_id(L, 2, "has_trace", id);
    lua_pushboolean(L, tr_draft_find_trace(tr_lua_open_draft_of(L, self), id, &number));
    return 1;
}

/* ---- fields and methods ---- */

static int draft_index(lua_State *L) {
    return tr_lua_index_method(L, "a draft");
}

/* draft:functions() -> the functions `trace` and `has_trace` of an importer's `out` */
static int draft_functions(lua_State *L) {
    check_draft(L, 1);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, out_trace, 1);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, out_has_trace, 1);
    return 2;
}

/* draft:node(call, name) -> number */
static int draft_node(lua_State *L) {
    (void)tr_lua_open_draft_of(L, check_draft(L, 1));
    lua_settop(L, 3);
    lua_getiuservalue(L, 1, TR_DRAFT_REPORT);
    lua_pushinteger(L, tr_lua_draft_node(L, 1, 4, luaL_checkstring(L, 2), 3));
    return 1;
}

/* draft:add_edge(node, before), by numbers */
static int draft_add_edge(lua_State *L) {
    tr_error error = {""};
    tr_draft *draft = tr_lua_open_draft_of(L, check_draft(L, 1));
    tr_status status = tr_draft_add_edge(draft, tr_lua_to_u32(L, 2, "node"), tr_lua_to_u32(L, 3, "before"), &error);
    tr_lua_check_drafted(L, status, &error);
    return 0;
}

/* draft:nodes() -> { { name = "charge", after = { 0, 2 } }, ... } by number + 1 */
static int draft_nodes(lua_State *L) {
    const tr_lua_draft *self = check_draft(L, 1);
    const tr_draft *draft = tr_lua_open_draft_of(L, self);
    lua_settop(L, 1);
    lua_getiuservalue(L, 1, TR_DRAFT_NAMES);
    lua_createtable(L, (int)self->node_count, 0); /* draft, names, nodes */
    for (lua_Integer i = 1; i <= (lua_Integer)self->node_count; i++) {
        lua_createtable(L, 0, 2);
        lua_rawgeti(L, 2, i);
        lua_setfield(L, -2, "name");
        lua_newtable(L);
        lua_setfield(L, -2, "after");
        lua_rawseti(L, 3, i);
    }
    for (uint32_t i = 0; i < tr_draft_edge_count(draft); i++) {
        uint32_t node = 0;
        uint32_t before = 0;
        tr_draft_edge(draft, i, &node, &before);
        lua_rawgeti(L, 3, (lua_Integer)node + 1);
        lua_getfield(L, -1, "after");
        lua_pushinteger(L, before);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        lua_settop(L, 3);
    }
    return 1;
}

/* draft:write(directory, step) -> { traces, records }: calls step(records written, events) now and then. */
static int draft_write(lua_State *L) {
    enum { RECORDS_A_STEP = 1 << 15 };
    tr_lua_draft *self = check_draft(L, 1);
    tr_draft *draft = tr_lua_open_draft_of(L, self);
    const char *directory = tr_lua_check_path(L, 2);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    tr_error error = {""};
    tr_writer **writer = (tr_writer **)lua_newuserdatauv(L, sizeof *writer, 0); /* ..., writer */
    *writer = NULL;
    luaL_setmetatable(L, "tracereel.import_writer");
    tr_lua_check_drafted(L, tr_writer_open(directory, NULL, writer, &error), &error);
    tr_status status = tr_draft_finish(draft, self->node_count, &error);
    while (status == TR_OK) {
        status = tr_draft_write(draft, *writer, RECORDS_A_STEP, &error);
        tr_draft_stats stats = tr_draft_stats_of(draft);
        lua_pushvalue(L, 3);
        tr_lua_push_unsigned(L, stats.records);
        tr_lua_push_unsigned(L, stats.events);
        lua_call(L, 2, 0);
    }
    tr_lua_check_drafted(L, status == TR_END ? TR_OK : status, &error);
    tr_writer *closing = *writer;
    *writer = NULL;
    tr_lua_check_drafted(L, tr_writer_close(closing, &error), &error);
    lua_createtable(L, 0, 2);
    tr_lua_set_unsigned(L, "traces", tr_draft_stats_of(draft).traces);
    tr_lua_set_unsigned(L, "records", tr_draft_stats_of(draft).records);
    return 1;
}

/* draft:bends() -> a list of what had to be bent or dropped: kind, is_dropped, count, trace_id, node, at_ns */
static int draft_bends(lua_State *L) {
    const tr_draft *draft = tr_lua_open_draft_of(L, check_draft(L, 1));
    lua_newtable(L);
    for (unsigned bend = 0; bend < TR_BEND_COUNT; bend++) {
        const tr_draft_bend_count *one = tr_draft_bend_count_of(draft, (tr_draft_bend)bend);
        if (one->count == 0) {
            continue;
        }
        lua_createtable(L, 0, 6);
        tr_lua_set_name(L, "kind", tr_draft_bend_kind((tr_draft_bend)bend));
        tr_lua_set_flag(L, "is_dropped", tr_draft_bend_is_dropped((tr_draft_bend)bend));
        tr_lua_set_unsigned(L, "count", one->count);
        tr_lua_push_trace_id(L, one->trace_id);
        lua_setfield(L, -2, "trace_id");
        if (one->has_node) {
            lua_pushinteger(L, one->node);
            lua_setfield(L, -2, "node");
        }
        if (one->at_ns != TR_TIME_UNKNOWN) {
            tr_lua_set_unsigned(L, "at_ns", one->at_ns);
        }
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
    return 1;
}

static int draft_close(lua_State *L) {
    tr_lua_draft *self = check_draft(L, 1);
    tr_draft_close(self->draft);
    self->draft = NULL;
    tr_json_free(&self->json);
    return 0;
}

static int writer_finalize(lua_State *L) {
    tr_writer **writer = (tr_writer **)luaL_checkudata(L, 1, "tracereel.import_writer");
    (void)tr_writer_close(*writer, NULL);
    *writer = NULL;
    return 0;
}

/* ---- open ---- */

int tr_lua_new_draft(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    uint64_t sorter_memory_bytes = (uint64_t)luaL_optinteger(L, 2, 0);
    lua_settop(L, 1);
    tr_lua_draft *self = lua_newuserdatauv(L, sizeof *self, TR_DRAFT_VALUES); /* report, draft */
    memset(self, 0, sizeof *self);
    tr_json_init(&self->json);
    luaL_setmetatable(L, TR_LUA_DRAFT);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 2, TR_DRAFT_REPORT);
    static const enum tr_lua_draft_value tables[] = {TR_DRAFT_NUMBERS, TR_DRAFT_NAMES, TR_DRAFT_WAIT_KINDS};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        lua_newtable(L);
        lua_setiuservalue(L, 2, tables[i]);
    }
    tr_import_push_keys(L);
    self->keys = lua_touserdata(L, -1);
    lua_setiuservalue(L, 2, TR_DRAFT_KEYS);
    lua_newtable(L); /* report, draft, traces */
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setiuservalue(L, 2, TR_DRAFT_TRACES);
    tr_error error = {""};
    tr_lua_check_drafted(L, tr_draft_open(sorter_memory_bytes, &self->draft, &error), &error);
    return 1;
}

void tr_lua_open_draft_types(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"functions", draft_functions}, {"node", draft_node},   {"add_edge", draft_add_edge}, {"nodes", draft_nodes},
        {"write", draft_write},         {"bends", draft_bends}, {"close", draft_close},       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", draft_close}, {"__close", draft_close}, {NULL, NULL}};
    static const luaL_Reg writer_metamethods[] = {{"__gc", writer_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_DRAFT, NULL, 0, methods, metamethods, draft_index, 0);
    luaL_newmetatable(L, "tracereel.import_writer");
    luaL_setfuncs(L, writer_metamethods, 0);
    lua_pop(L, 1);
    tr_lua_open_drafted_trace(L);
}
