#include "lua/trace.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/keys.h"
#include "lua/node.h"
#include "lua/node_names.h"
#include "lua/trace_view.h"
#include "lua/type.h"
#include "tracereel/json.h"
#include "tracereel/record.h"
#include "tracereel/status.h"

/* ---- check ---- */

/* The trace a handle shows. Only a finalizer that runs after the log's can meet one that shows nothing. */
static const tr_trace *shown(lua_State *L, const tr_lua_trace *self) {
    if (self->trace == NULL) {
        luaL_error(L, "the log of this trace was closed");
    }
    return self->trace;
}

tr_lua_trace *tr_lua_check_trace(lua_State *L, int index) {
    tr_lua_trace *self = tr_lua_check_object(L, index, TR_LUA_TRACE);
    shown(L, self);
    return self;
}

const tr_trace *tr_lua_test_trace(lua_State *L, int index) {
    tr_lua_trace *self = luaL_testudata(L, index, TR_LUA_TRACE);
    return self == NULL ? NULL : shown(L, self);
}

/* ---- push ---- */

void tr_lua_push_handle(lua_State *L, const tr_lua_core *core, uint32_t script_count, uint32_t names,
                        const tr_lua_slots *slots, const tr_trace *trace) {
    lua_Integer place = (lua_Integer)trace->log_slot + 1;
    if (lua_rawgeti(L, slots->handles, place) == LUA_TUSERDATA) { /* handle */
        return;
    }
    lua_pop(L, 1);
    tr_lua_trace *self = lua_newuserdatauv(L, sizeof *self, TR_HANDLE_FIRST_DATA - 1 + (int)script_count);
    self->trace = trace;
    self->core = core;
    self->script_count = script_count;
    self->names = names;
    self->metadata_life = 0;
    self->taint_was_read = false;
    lua_pushvalue(L, slots->trace_metatable);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, slots->cursor);
    lua_setiuservalue(L, -2, TR_HANDLE_OWNER);
    lua_pushvalue(L, -1);
    lua_rawseti(L, slots->handles, place); /* handle */
}

void tr_lua_push_trace(lua_State *L, tr_lua_cursor *cursor, const tr_lua_slots *slots, const tr_trace *trace) {
    tr_lua_push_handle(L, cursor->core, cursor->script_count, cursor->names, slots, trace);
}

void tr_lua_push_sorted_traces(lua_State *L, const tr_lua_core *core, uint32_t script_count, uint32_t names,
                               const tr_lua_slots *slots, tr_traces *traces) {
    size_t count = tr_traces_open_count(traces);
    void **block = tr_lua_push_block(L); /* block */
    tr_trace **sorted = tr_traces_sorted(traces);
    *block = sorted;
    if (sorted == NULL && count > 0) {
        tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    lua_createtable(L, count < INT32_MAX ? (int)count : INT32_MAX, 0); /* block, handles */
    for (size_t i = 0; i < count; i++) {
        tr_lua_push_handle(L, core, script_count, names, slots, sorted[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_remove(L, -2); /* handles */
}

void tr_lua_forget_handles(lua_State *L) {
    if (!lua_istable(L, -1)) {
        return;
    }
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) { /* handles, place, handle */
        ((tr_lua_trace *)lua_touserdata(L, -1))->trace = NULL;
        lua_pop(L, 1);
    }
}

void tr_lua_detach_trace(lua_State *L, const tr_lua_slots *slots, const tr_trace *trace) {
    lua_Integer place = (lua_Integer)trace->log_slot + 1;
    if (lua_rawgeti(L, slots->handles, place) != LUA_TUSERDATA) { /* handle */
        lua_pop(L, 1);
        return;
    }
    tr_lua_trace *self = lua_touserdata(L, -1);
    const tr_trace *copy = tr_trace_copy(trace, lua_newuserdatauv(L, tr_trace_copy_bytes(trace), 0));
    lua_setiuservalue(L, -2, TR_HANDLE_OWNER); /* handle */
    self->trace = copy;
    lua_pushnil(L);
    lua_rawseti(L, slots->handles, place);
    lua_pop(L, 1);
}

/* ---- fields and methods ---- */

/* X(name, what pushes it: `trace` is the trace, `self` its handle). */
#define TRACE_FIELDS(X)                                                                                                \
    X(id, push_id(L, trace))                                                                                           \
    X(status, lua_pushvalue(L, lua_upvalueindex(TR_UPVALUE_FIRST_OWN + trace->status)))                                \
    X(outcome, push_outcome(L, trace))                                                                                 \
    X(open, lua_pushboolean(L, tr_lua_is_open(trace)))                                                                 \
    X(tainted, push_tainted(L, trace))                                                                                 \
    X(from_snapshot, lua_pushboolean(L, trace->from_snapshot))                                                         \
    X(start_ns, tr_lua_push_unsigned(L, trace->start_ns))                                                              \
    X(last_ns, tr_lua_push_unsigned(L, trace->last_ns))                                                                \
    X(duration_ns, tr_lua_push_unsigned(L, duration_ns(trace)))                                                        \
    X(record_count, lua_pushinteger(L, (lua_Integer)trace->record_count))                                              \
    X(error_count, lua_pushinteger(L, (lua_Integer)trace->error_count))                                                \
    X(restart_count, lua_pushinteger(L, (lua_Integer)trace->restart_count))                                            \
    X(closed_by_tracereel, lua_pushboolean(L, trace->closed_by_tracereel))                                             \
    X(metadata, tr_lua_push_text(L, trace->metadata, trace->metadata_bytes))                                           \
    X(metadata_table, push_metadata_table(L, trace))                                                                   \
    X(name, push_metadata_field(L, trace, "name", LUA_TSTRING))                                                        \
    X(text_id, push_metadata_field(L, trace, "id", LUA_TSTRING))                                                       \
    X(parent, push_parent(L, trace))                                                                                   \
    X(parent_node, push_parent_node(L, trace))                                                                         \
    X(parent_instance, push_metadata_field(L, trace, "parent_instance", LUA_TSTRING))                                  \
    X(nodes, tr_lua_push_nodes(L, trace))                                                                              \
    X(errors, tr_lua_push_errors(L, trace))                                                                            \
    X(history_errors, tr_lua_push_history_errors(L, trace))                                                            \
    X(failed_nodes, tr_lua_push_failed_nodes(L, trace))                                                                \
    X(violations, tr_lua_push_violations(L, trace))                                                                    \
    X(suspension, tr_lua_push_suspension(L, trace))                                                                    \
    X(suspensions, tr_lua_push_suspensions(L, trace))                                                                  \
    X(last_suspension, tr_lua_push_last_suspension(L, trace))                                                          \
    X(started_nodes, tr_lua_push_started_nodes(L, trace))                                                              \
    X(completed_nodes, tr_lua_push_completed_nodes(L, trace))                                                          \
    X(last_completed_node, push_node_id_if(L, trace->has_last_completed_node, trace->last_completed_node))             \
    X(suspended_at, push_node_id_if(L, trace->is_suspended, trace->suspended_at))                                      \
    X(suspension_metadata, tr_lua_push_text(L, trace->suspension_metadata, trace->suspension_metadata_bytes))          \
    X(planned, tr_lua_push_planned(L, trace))                                                                          \
    X(held, tr_lua_push_held(L, trace))                                                                                \
    X(data, push_data(L, self))

enum {
#define TRACE_FIELD_ENUM(name, push) TRACE_##name,
    TRACE_FIELDS(TRACE_FIELD_ENUM)
#undef TRACE_FIELD_ENUM
        TRACE_FIELD_COUNT
};

static const char *const trace_fields[TRACE_FIELD_COUNT] = {
#define TRACE_FIELD_STRING(name, push) #name,
    TRACE_FIELDS(TRACE_FIELD_STRING)
#undef TRACE_FIELD_STRING
};

/* The text is made once for each handle. */
static void push_id(lua_State *L, const tr_trace *trace) {
    if (lua_getiuservalue(L, 1, TR_HANDLE_ID) == LUA_TNIL) {
        lua_pop(L, 1);
        tr_lua_push_trace_id(L, trace->id);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, TR_HANDLE_ID);
    }
}

static uint64_t duration_ns(const tr_trace *trace) {
    bool is_start_known = !trace->from_snapshot || trace->start_ns != 0;
    return !is_start_known || trace->last_ns < trace->start_ns ? 0 : trace->last_ns - trace->start_ns;
}

static void push_node_id_if(lua_State *L, bool is_there, uint32_t node_id) {
    if (is_there) {
        lua_pushinteger(L, (lua_Integer)node_id);
    } else {
        lua_pushnil(L);
    }
}

/* Decoded once for each trace_start: a handle keeps it with the life that it is of. */
static void push_metadata_table(lua_State *L, const tr_trace *trace) {
    tr_lua_trace *self = lua_touserdata(L, 1);
    if (lua_getiuservalue(L, 1, TR_HANDLE_METADATA) == LUA_TTABLE && self->metadata_life == trace->restart_count) {
        return;
    }
    lua_pop(L, 1);
    tr_lua_push_object(L, trace->metadata, trace->metadata_bytes); /* object */
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, TR_HANDLE_METADATA);
    self->metadata_life = trace->restart_count;
}

/* A member of the metadata of its trace_start, which imported logs have; nil where it is of another kind. */
static void push_metadata_field(lua_State *L, const tr_trace *trace, const char *name, int kind) {
    if (trace->metadata_bytes == 0) {
        lua_pushnil(L);
        return;
    }
    push_metadata_table(L, trace); /* object or nil */
    if (lua_istable(L, -1)) {
        lua_pushstring(L, name);
        lua_rawget(L, -2); /* object, value */
        lua_remove(L, -2);
    }
    if (lua_type(L, -1) != kind) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}

static void push_parent(lua_State *L, const tr_trace *trace) {
    uint8_t id[TR_TRACE_ID_BYTES];
    push_metadata_field(L, trace, "parent", LUA_TSTRING); /* text or nil */
    size_t length = 0;
    const char *text = lua_tolstring(L, -1, &length);
    bool is_id = text != NULL && tr_trace_id_parse(text, length, id);
    lua_pop(L, 1);
    if (is_id) {
        tr_lua_push_trace_id(L, id);
    } else {
        lua_pushnil(L);
    }
}

static void push_parent_node(lua_State *L, const tr_trace *trace) {
    push_metadata_field(L, trace, "parent_node", LUA_TNUMBER); /* number or nil */
    if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0 || lua_tointeger(L, -1) > UINT32_MAX) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}

static void push_outcome(lua_State *L, const tr_trace *trace) {
    if (trace->outcome == TR_TRACE_OUTCOME_OPEN) {
        lua_pushnil(L);
    } else {
        lua_pushstring(L, tr_trace_outcome_name(trace->outcome));
    }
}

/* Recovery holds a tainted trace unless its script has looked at this. */
static void push_tainted(lua_State *L, const tr_trace *trace) {
    tr_lua_trace *self = lua_touserdata(L, 1);
    self->taint_was_read = true;
    lua_pushboolean(L, tr_trace_is_tainted(trace));
}

int tr_lua_taint_was_read(lua_State *L) {
    tr_lua_trace *self = tr_lua_check_trace(L, 1);
    lua_pushboolean(L, self->taint_was_read);
    self->taint_was_read = false;
    return 1;
}

/* The table of the script that runs; that of the first where this handle knows fewer scripts. */
static void push_data(lua_State *L, const tr_lua_trace *self) {
    uint32_t script = self->core->script_index < self->script_count ? self->core->script_index : 0;
    int place = TR_HANDLE_FIRST_DATA + (int)script;
    if (lua_getiuservalue(L, 1, place) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, place);
    }
}

/* The metatable is locked, so nothing but a handle gets here. */
static int trace_index(lua_State *L) {
    const tr_lua_trace *self = lua_touserdata(L, 1);
    const tr_trace *trace = shown(L, self);
    switch (tr_keys_find(self->core->trace_keys, lua_tostring(L, 2))) {
#define TRACE_FIELD_CASE(name, push)                                                                                   \
    case TRACE_##name:                                                                                                 \
        push;                                                                                                          \
        return 1;
        TRACE_FIELDS(TRACE_FIELD_CASE)
#undef TRACE_FIELD_CASE
    default:
        return tr_lua_index_method(L, "a trace");
    }
}

static int trace_tostring(lua_State *L) {
    const tr_trace *trace = tr_lua_check_trace(L, 1)->trace;
    char id[TR_TRACE_ID_TEXT_BYTES];
    tr_trace_id_format(trace->id, id);
    lua_pushfstring(L, "trace %s %s, %I records", id, tr_trace_status_name(trace->status),
                    (LUAI_UACINT)trace->record_count);
    return 1;
}

static int trace_node(lua_State *L) {
    const tr_lua_trace *self = tr_lua_check_object(L, 1, TR_LUA_TRACE);
    const tr_trace *trace = shown(L, self);
    int is_there = 0;
    uint32_t node_id = tr_lua_to_node(L, 2, "node_id", self->names, &is_there);
    size_t length = 0;
    const char *instance = luaL_optlstring(L, 3, "", &length);
    is_there = is_there && length <= UINT32_MAX;
    const tr_node *node =
        is_there ? tr_trace_find_instance(trace, node_id, (tr_text){instance, (uint32_t)length}) : NULL;
    if (node == NULL) {
        lua_pushnil(L);
    } else {
        luaL_getmetatable(L, TR_LUA_NODE);
        tr_lua_push_node(L, trace, node, true, 1, lua_gettop(L));
    }
    return 1;
}

static int trace_recovery(lua_State *L) {
    tr_lua_push_recovery(L, tr_lua_check_trace(L, 1)->trace);
    return 1;
}

static int trace_output(lua_State *L) {
    const tr_lua_trace *self = tr_lua_check_trace(L, 1);
    int is_there = 0;
    uint32_t node_id = tr_lua_to_node(L, 2, "node_id", self->names, &is_there);
    if (!is_there) {
        return luaL_error(L, "trace:output: no node of the log's flow is called %s", tr_lua_push_got(L, 2));
    }
    lua_settop(L, 3);
    lua_pushinteger(L, (lua_Integer)node_id);
    lua_replace(L, 2);
    tr_lua_push_core_value(L, TR_CORE_OUTPUT_READER); /* trace, node, form, reader */
    if (lua_isnil(L, -1)) {
        return luaL_error(L, "trace:output: no arenas are where the engine keeps them (LOG/../arenas, LOG/..); give "
                             "--arenas DIR, or tracereel.arenas(DIR)");
    }
    lua_insert(L, 1);
    lua_call(L, 3, 2);
    return 2;
}

static int trace_json(lua_State *L) {
    const tr_lua_trace *self = tr_lua_check_trace(L, 1);
    tr_lua_core *core = tr_lua_core_of(L);
    tr_json_reset(&core->json);
    tr_json_trace(&core->json, self->trace);
    tr_lua_push_json(L, core);
    return 1;
}

/* ---- open ---- */

void tr_lua_open_trace(lua_State *L) {
    static const luaL_Reg methods[] = {{"node", trace_node},
                                       {"recovery", trace_recovery},
                                       {"json", trace_json},
                                       {"output", trace_output},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__tostring", trace_tostring}, {NULL, NULL}};
    for (unsigned status = 0; status < TR_TRACE_STATUS_COUNT; status++) {
        lua_pushstring(L, tr_trace_status_name(status)); /* status names... */
    }
    tr_lua_core_of(L)->trace_keys = tr_lua_new_type(L, TR_LUA_TRACE, trace_fields, TRACE_FIELD_COUNT, methods,
                                                    metamethods, trace_index, TR_TRACE_STATUS_COUNT);
}
