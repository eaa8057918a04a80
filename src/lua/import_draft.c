#include "lua/import_draft.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/import_spans.h"
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

/* ---- what becomes metadata ---- */

void tr_lua_begin_members(tr_json *json) {
    tr_json_reset(json);
    tr_json_begin_object(json);
}

tr_text tr_lua_end_members(lua_State *L, const char *call, tr_json *json) {
    tr_json_end_object(json);
    tr_lua_check_drafted(L, tr_json_status(json), NULL);
    if (json->length_bytes > UINT32_MAX / 2) {
        luaL_error(L, "%s: metadata is longer than a record can be", call);
    }
    return json->length_bytes <= 2 ? (tr_text){NULL, 0} : (tr_text){json->bytes, (uint32_t)json->length_bytes};
}

bool tr_lua_is_own_id(const uint8_t id[TR_TRACE_ID_BYTES], tr_text text) {
    char own[TR_TRACE_ID_TEXT_BYTES];
    tr_trace_id_format(id, own);
    return text.length_bytes == sizeof own - 1 && memcmp(text.bytes, own, sizeof own - 1) == 0;
}

void tr_lua_find_instance(lua_State *L, tr_draft *draft, tr_import_event *event, uint64_t start_ns, uint64_t end_ns,
                          tr_text *instance) {
    tr_error error = {""};
    uint32_t lane = 0;
    tr_status status =
        tr_draft_lane(draft, event->trace, event->node, event->instance, start_ns, end_ns, &lane, &error);
    tr_lua_check_drafted(L, status, &error);
    if (lane == 1) {
        return;
    }
    if (instance->length_bytes > 0) {
        lua_pushlstring(L, instance->bytes, instance->length_bytes);
        lua_pushfstring(L, "%s %I", lua_tostring(L, -1), (LUAI_UACINT)lane);
        lua_remove(L, -2);
    } else {
        lua_pushfstring(L, "%I", (LUAI_UACINT)lane);
    }
    size_t length = 0;
    instance->bytes = lua_tolstring(L, -1, &length);
    instance->length_bytes = (uint32_t)length;
    event->instance = tr_draft_instance(*instance);
}

/* ---- outcomes ---- */

tr_record_type tr_lua_draft_outcome(lua_State *L, const char *call, int index, tr_json *json) {
    static const char *const outcomes[] = {"complete", "failed", "cancelled", "timed_out", "terminated", "continued"};
    enum { OUTCOME_COMPLETE = 0, OUTCOME_FAILED = 1, OUTCOME_CONTINUED = 5, OUTCOME_COUNT = 6 };
    int outcome = 0;
    const char *given = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    while (outcome < OUTCOME_COUNT && strcmp(given, outcomes[outcome]) != 0) {
        outcome++;
    }
    if (outcome == OUTCOME_COUNT) {
        luaL_error(L, "%s: unknown outcome %s; known are cancelled, complete, continued, failed, terminated, timed_out",
                   call, tr_lua_push_got(L, index));
    }
    if (outcome != OUTCOME_COMPLETE && outcome != OUTCOME_FAILED) {
        tr_json_key(json, "outcome");
        tr_json_text(json, outcomes[outcome], strlen(outcomes[outcome]));
    }
    return outcome == OUTCOME_COMPLETE || outcome == OUTCOME_CONTINUED ? TR_TYPE_TRACE_COMPLETE : TR_TYPE_TRACE_FAILED;
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
    lua_pushcclosure(L, tr_lua_out_trace, 1);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, tr_lua_out_has_trace, 1);
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

/* draft:write(directory, step) -> { traces, records }: calls step(records written, how many there can be) now and
 * then. */
static int draft_write(lua_State *L) {
    enum { RECORDS_A_STEP = 1 << 15 };
    tr_lua_draft *self = check_draft(L, 1);
    tr_draft *draft = tr_lua_open_draft_of(L, self);
    const char *directory = tr_lua_check_path(L, 2);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    tr_error error = {""};
    tr_writer **writer = (tr_writer **)lua_newuserdatauv(L, sizeof(tr_writer *), 0); /* ..., writer */
    *writer = NULL;
    luaL_setmetatable(L, "tracereel.import_writer");
    tr_lua_check_drafted(L, tr_writer_open(directory, NULL, writer, &error), &error);
    tr_status status = tr_draft_finish(draft, self->node_count, &error);
    while (status == TR_OK) {
        status = tr_draft_write(draft, *writer, RECORDS_A_STEP, &error);
        tr_draft_stats stats = tr_draft_stats_of(draft);
        lua_pushvalue(L, 3);
        tr_lua_push_unsigned(L, stats.records);
        tr_lua_push_unsigned(L, stats.events + 2 * stats.traces); /* a start and an end of each */
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

/* draft:watch(step): calls step(events) now and then, while calls add to it. */
static int draft_watch(lua_State *L) {
    tr_lua_draft *self = check_draft(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_setiuservalue(L, 1, TR_DRAFT_WATCH);
    self->is_watched = true;
    return 0;
}

/* draft:events() -> how many there are */
static int draft_events(lua_State *L) {
    tr_lua_push_unsigned(L, tr_draft_stats_of(tr_lua_open_draft_of(L, check_draft(L, 1))).events);
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

static tr_status open_draft(tr_lua_draft *self, uint64_t sorter_memory_bytes, tr_error *error) {
    static const char signal[] = "{\"wait\":\"signal\"}";
    uint8_t kind = TR_DRAFT_WAIT_SIGNAL;
    tr_status status = tr_draft_open(sorter_memory_bytes, &self->draft, error);
    return status != TR_OK ? status
                           : tr_draft_number_wait_kind(self->draft, (tr_text){signal, sizeof signal - 1}, &kind, error);
}

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
    static const enum tr_lua_draft_value tables[] = {TR_DRAFT_NUMBERS, TR_DRAFT_NAMES};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        lua_newtable(L);
        lua_setiuservalue(L, 2, (int)tables[i]);
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
    tr_lua_check_drafted(L, open_draft(self, sorter_memory_bytes, &error), &error);
    return 1;
}

void tr_lua_open_draft_types(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"functions", draft_functions}, {"node", draft_node},     {"add_edge", draft_add_edge},
        {"nodes", draft_nodes},         {"write", draft_write},   {"attempts", tr_lua_draft_attempts},
        {"spans", tr_lua_draft_spans},  {"bends", draft_bends},   {"close", draft_close},
        {"watch", draft_watch},         {"events", draft_events}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", draft_close}, {"__close", draft_close}, {NULL, NULL}};
    static const luaL_Reg writer_metamethods[] = {{"__gc", writer_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_DRAFT, NULL, 0, methods, metamethods, draft_index, 0);
    luaL_newmetatable(L, "tracereel.import_writer");
    luaL_setfuncs(L, writer_metamethods, 0);
    lua_pop(L, 1);
    tr_lua_open_drafted_trace(L);
    tr_lua_open_import_attempts(L);
    tr_lua_open_import_spans(L);
}
