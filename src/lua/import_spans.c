#include "lua/import_spans.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "import/trace_text.h"
#include "lua/arguments.h"
#include "lua/import_draft.h"
#include "lua/import_event.h"
#include "lua/type.h"

/* ---- check ---- */

tr_lua_spans *tr_lua_begin_spans_call(lua_State *L) {
    tr_lua_spans *self = lua_touserdata(L, TR_SPANS_INDEX);
    lua_getiuservalue(L, TR_SPANS_INDEX, TR_SPANS_DRAFT);
    lua_getiuservalue(L, TR_SPANS_DRAFT_INDEX, TR_DRAFT_REPORT);
    (void)tr_lua_open_draft_of(L, lua_touserdata(L, TR_SPANS_DRAFT_INDEX));
    return self;
}

/* A method whose first argument is a trace's id. Its text, of which the stack keeps a copy as its second value, and its
 * UUID; the third is what else was given. */
static tr_lua_spans *check_call(lua_State *L, const char *call, tr_text *text, uint8_t id[TR_TRACE_ID_BYTES]) {
    tr_lua_spans *self = tr_lua_check_object(L, 1, TR_LUA_SPANS);
    size_t length = 0;
    if (lua_type(L, 2) != LUA_TSTRING) {
        luaL_error(L, "%s: the text that names a trace expected, got %s", call, tr_lua_push_got(L, 2));
    }
    text->bytes = lua_tolstring(L, 2, &length);
    if (length > UINT32_MAX / 2) {
        luaL_error(L, "%s: the id is longer than a record can be", call);
    }
    text->length_bytes = (uint32_t)length;
    tr_trace_id_of_text(text->bytes, length, id);
    return self;
}

/* Begins a call that has something to do with the draft: leaves the spans, the draft and its report on the stack. */
static void begin_call(lua_State *L) {
    lua_settop(L, TR_SPANS_INDEX);
    (void)tr_lua_begin_spans_call(L);
}

/* ---- methods ---- */

/* spans:has_root(id) -> has the root of the trace come? */
static int spans_has_root(lua_State *L) {
    tr_text text;
    uint8_t id[TR_TRACE_ID_BYTES];
    const tr_lua_spans *self = check_call(L, "has_root", &text, id);
    uint32_t index = 0;
    lua_pushboolean(L, tr_waiting_spans_find(&self->waiting, id, &index) && self->waiting.traces[index].has_root);
    return 1;
}

/* spans:wait(id, span): `write` is called with it once the root has come */
static int spans_wait(lua_State *L) {
    tr_text text;
    uint8_t id[TR_TRACE_ID_BYTES];
    uint32_t index = 0;
    tr_lua_spans *self = check_call(L, "wait", &text, id);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    tr_lua_check_import_memory(L, tr_waiting_spans_trace(&self->waiting, id, &index));
    if (self->waiting.traces[index].has_root) {
        return luaL_error(L, "wait: the root of trace %s is there", lua_tostring(L, 2));
    } else if (!tr_lua_is_own_id(id, text)) {
        tr_lua_check_import_memory(L, tr_waiting_spans_set_name(&self->waiting, index, text));
    }
    lua_getiuservalue(L, 1, TR_SPANS_KEPT);
    lua_pushvalue(L, 3);
    lua_rawseti(L, -2, (lua_Integer)++self->kept_count);
    const char *place = self->waiting.traces[index].place == NULL ? tr_lua_push_spans_place(L) : "";
    tr_lua_check_import_memory(L, tr_waiting_spans_add(&self->waiting, index, place, (tr_text){NULL, 0},
                                                       (tr_text){NULL, 0}, self->kept_count));
    return 0;
}

/* spans:begin(id): the root is there, and its trace; what has waited for it is written */
static int spans_begin(lua_State *L) {
    tr_text text;
    uint8_t id[TR_TRACE_ID_BYTES];
    uint32_t index = 0;
    uint32_t number = 0;
    tr_lua_spans *self = check_call(L, "begin", &text, id);
    lua_getiuservalue(L, 1, TR_SPANS_DRAFT);
    if (!tr_draft_find_trace(tr_lua_open_draft_of(L, lua_touserdata(L, -1)), id, &number)) {
        return luaL_error(L, "begin: there is no trace %s; make it with out:trace", tr_lua_push_got(L, 2));
    }
    tr_lua_check_import_memory(L, tr_waiting_spans_trace(&self->waiting, id, &index));
    tr_waiting_spans_begin(&self->waiting, index, number);
    begin_call(L);
    tr_lua_write_waiting(L, self, index);
    return 0;
}

static int next_rootless(lua_State *L) {
    const tr_lua_spans *self = lua_touserdata(L, lua_upvalueindex(1));
    lua_Unsigned index = (lua_Unsigned)lua_tointeger(L, lua_upvalueindex(2));
    while (index < self->waiting.trace_count && self->waiting.traces[index].first == NULL) {
        index++;
    }
    lua_pushinteger(L, (lua_Integer)index + 1);
    lua_replace(L, lua_upvalueindex(2));
    if (index >= self->waiting.trace_count) {
        return 0;
    }
    const tr_span_trace *trace = &self->waiting.traces[index];
    if (trace->name != NULL) {
        lua_pushlstring(L, trace->name, trace->name_bytes);
    } else {
        tr_lua_push_trace_id(L, trace->id);
    }
    lua_pushstring(L, trace->place);
    return 2;
}

/* spans:rootless() -> an iterator of the ids of traces whose root has not come, and the place of their first span */
static int spans_rootless(lua_State *L) {
    (void)tr_lua_check_object(L, 1, TR_LUA_SPANS);
    lua_settop(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_rootless, 2);
    return 1;
}

static int spans_index(lua_State *L) {
    return tr_lua_index_method(L, "spans");
}

static int spans_finalize(lua_State *L) {
    tr_lua_spans *self = luaL_checkudata(L, 1, TR_LUA_SPANS);
    tr_name_table_free(&self->nodes);
    tr_waiting_spans_free(&self->waiting);
    tr_otlp_attributes_free(&self->span.attributes);
    tr_lua_tell_memory(L, &self->told_bytes, 0);
    return 0;
}

/* ---- open ---- */

/* draft:spans(resource key or nil, are attributes kept, apart, write, where) -> spans */
int tr_lua_draft_spans(lua_State *L) {
    size_t length = 0;
    const tr_lua_draft *draft = luaL_checkudata(L, 1, TR_LUA_DRAFT);
    (void)tr_lua_open_draft_of(L, draft);
    const char *key = luaL_optlstring(L, 2, "", &length);
    bool has_attributes = lua_toboolean(L, 3);
    luaL_checktype(L, 4, LUA_TTABLE);
    luaL_checktype(L, 5, LUA_TFUNCTION);
    luaL_checktype(L, 6, LUA_TFUNCTION);
    lua_settop(L, 6);
    tr_lua_spans *self = lua_newuserdatauv(L, sizeof *self, TR_SPANS_VALUES);
    memset(self, 0, sizeof *self);
    luaL_setmetatable(L, TR_LUA_SPANS);
    self->resource_key = (tr_text){key, (uint32_t)length};
    self->has_attributes = has_attributes;
    static const struct {
        enum tr_lua_spans_value value;
        int argument;
    } values[] = {
        {TR_SPANS_DRAFT, 1}, {TR_SPANS_RESOURCE_KEY, 2}, {TR_SPANS_APART, 4}, {TR_SPANS_WRITE, 5}, {TR_SPANS_WHERE, 6}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        lua_pushvalue(L, values[i].argument);
        lua_setiuservalue(L, -2, (int)values[i].value);
    }
    lua_newtable(L);
    lua_setiuservalue(L, -2, TR_SPANS_KEPT);
    return 1;
}

void tr_lua_open_import_spans(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"others", tr_lua_spans_others}, {"has_root", spans_has_root}, {"wait", spans_wait},
        {"begin", spans_begin},          {"rootless", spans_rootless}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", spans_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_SPANS, NULL, 0, methods, metamethods, spans_index, 0);
    tr_lua_open_spans_reading(L);
}
