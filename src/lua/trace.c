#include "lua/trace.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/keys.h"
#include "lua/node.h"
#include "lua/node_names.h"
#include "lua/trace_metadata.h"
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

void tr_lua_push_trace(lua_State *L, const tr_lua_cursor *cursor, const tr_lua_slots *slots, const tr_trace *trace) {
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

/* SCALAR(name, its value: `trace` is the trace), NOTED(name, its value, what pushes it: the handle notes something),
 * MADE(name, what pushes a scalar), TABLE(name, what pushes a table): `self` is the handle, at stack index 1. */
#define TRACE_FIELDS(SCALAR, NOTED, MADE, TABLE)                                                                       \
    NOTED(id, tr_scalar_id(trace->id), push_id(L, trace))                                                              \
    SCALAR(status, tr_scalar_name(tr_trace_status_name(trace->status)))                                                \
    SCALAR(outcome, outcome_of(trace))                                                                                 \
    SCALAR(open, tr_scalar_boolean(tr_lua_is_open(trace)))                                                             \
    NOTED(tainted, tr_scalar_boolean(tr_trace_is_tainted(trace)), push_tainted(L, trace))                              \
    SCALAR(from_snapshot, tr_scalar_boolean(trace->from_snapshot))                                                     \
    SCALAR(start_ns, tr_scalar_unsigned(trace->start_ns))                                                              \
    SCALAR(last_ns, tr_scalar_unsigned(trace->last_ns))                                                                \
    SCALAR(duration_ns, tr_scalar_unsigned(duration_ns(trace)))                                                        \
    SCALAR(record_count, tr_scalar_unsigned(trace->record_count))                                                      \
    SCALAR(error_count, tr_scalar_unsigned(trace->error_count))                                                        \
    SCALAR(restart_count, tr_scalar_unsigned(trace->restart_count))                                                    \
    SCALAR(closed_by_tracereel, tr_scalar_boolean(trace->closed_by_tracereel))                                         \
    SCALAR(metadata, tr_scalar_text_if_any(trace->metadata, trace->metadata_bytes))                                    \
    TABLE(metadata_table, tr_lua_push_metadata_table(L, trace))                                                        \
    MADE(name, tr_lua_push_metadata_field(L, trace, "name", LUA_TSTRING))                                              \
    MADE(text_id, tr_lua_push_metadata_field(L, trace, "id", LUA_TSTRING))                                             \
    MADE(parent, tr_lua_push_parent(L, trace))                                                                         \
    MADE(parent_node, tr_lua_push_parent_node(L, trace))                                                               \
    MADE(parent_instance, tr_lua_push_metadata_field(L, trace, "parent_instance", LUA_TSTRING))                        \
    TABLE(nodes, tr_lua_push_nodes(L, trace))                                                                          \
    TABLE(errors, tr_lua_push_errors(L, trace))                                                                        \
    TABLE(history_errors, tr_lua_push_history_errors(L, trace))                                                        \
    TABLE(failed_nodes, tr_lua_push_failed_nodes(L, trace))                                                            \
    TABLE(violations, tr_lua_push_violations(L, trace))                                                                \
    TABLE(suspension, tr_lua_push_suspension(L, trace))                                                                \
    TABLE(suspensions, tr_lua_push_suspensions(L, trace))                                                              \
    TABLE(last_suspension, tr_lua_push_last_suspension(L, trace))                                                      \
    TABLE(started_nodes, tr_lua_push_started_nodes(L, trace))                                                          \
    TABLE(completed_nodes, tr_lua_push_completed_nodes(L, trace))                                                      \
    SCALAR(last_completed_node, tr_scalar_unsigned_if(trace->has_last_completed_node, trace->last_completed_node))     \
    SCALAR(suspended_at, tr_scalar_unsigned_if(trace->is_suspended, trace->suspended_at))                              \
    SCALAR(suspension_metadata, tr_scalar_text_if_any(trace->suspension_metadata, trace->suspension_metadata_bytes))   \
    TABLE(planned, tr_lua_push_planned(L, trace))                                                                      \
    MADE(held, tr_lua_push_held(L, trace))                                                                             \
    TABLE(data, push_data(L, self))

enum {
#define TRACE_FIELD_ENUM(name, value) TRACE_##name,
#define TRACE_NOTED_ENUM(name, value, push) TRACE_##name,
    TRACE_FIELDS(TRACE_FIELD_ENUM, TRACE_NOTED_ENUM, TRACE_FIELD_ENUM, TRACE_FIELD_ENUM)
#undef TRACE_FIELD_ENUM
#undef TRACE_NOTED_ENUM
        TRACE_FIELD_COUNT
};

static const char *const trace_fields[TRACE_FIELD_COUNT] = {
#define TRACE_FIELD_STRING(name, value) #name,
#define TRACE_NOTED_STRING(name, value, push) #name,
    TRACE_FIELDS(TRACE_FIELD_STRING, TRACE_NOTED_STRING, TRACE_FIELD_STRING, TRACE_FIELD_STRING)
#undef TRACE_FIELD_STRING
#undef TRACE_NOTED_STRING
};

const char *const *tr_lua_trace_fields(int *count) {
    *count = TRACE_FIELD_COUNT;
    return trace_fields;
}

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

/* nil while open. */
static tr_scalar outcome_of(const tr_trace *trace) {
    return tr_scalar_name(trace->outcome == TR_TRACE_OUTCOME_OPEN ? NULL : tr_trace_outcome_name(trace->outcome));
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

tr_scalar tr_lua_trace_scalar(const tr_trace *trace, int field) {
    switch (field) {
#define TRACE_SCALAR(name, value)                                                                                      \
    case TRACE_##name:                                                                                                 \
        return value;
#define TRACE_NOTED_SCALAR(name, value, push)                                                                          \
    case TRACE_##name:                                                                                                 \
        return value;
#define TRACE_NO_SCALAR(name, push)
        TRACE_FIELDS(TRACE_SCALAR, TRACE_NOTED_SCALAR, TRACE_NO_SCALAR, TRACE_NO_SCALAR)
#undef TRACE_SCALAR
#undef TRACE_NOTED_SCALAR
#undef TRACE_NO_SCALAR
    default:
        return tr_scalar_nil();
    }
}

tr_field_form tr_lua_trace_field_form(int field, bool *is_noted) {
    typedef struct field_form {
        tr_field_form form;
        bool is_noted;
    } field_form;
    static const field_form forms[TRACE_FIELD_COUNT] = {
#define TRACE_SCALAR_FORM(name, value) [TRACE_##name] = {TR_FIELD_SCALAR, false},
#define TRACE_NOTED_FORM(name, value, push) [TRACE_##name] = {TR_FIELD_SCALAR, true},
#define TRACE_MADE_FORM(name, push) [TRACE_##name] = {TR_FIELD_MADE, false},
#define TRACE_TABLE_FORM(name, push) [TRACE_##name] = {TR_FIELD_TABLE, false},
        TRACE_FIELDS(TRACE_SCALAR_FORM, TRACE_NOTED_FORM, TRACE_MADE_FORM, TRACE_TABLE_FORM)
#undef TRACE_SCALAR_FORM
#undef TRACE_NOTED_FORM
#undef TRACE_MADE_FORM
#undef TRACE_TABLE_FORM
    };
    *is_noted = forms[field].is_noted;
    return forms[field].form;
}

void tr_lua_push_trace_field(lua_State *L, const tr_trace *trace, int field) {
    switch (field) {
#define TRACE_PUSH(name, value)                                                                                        \
    case TRACE_##name:                                                                                                 \
        tr_scalar_push(L, value);                                                                                      \
        return;
#define TRACE_NOTED_PUSH(name, value, push)
#define TRACE_NO_PUSH(name, push)
        TRACE_FIELDS(TRACE_PUSH, TRACE_NOTED_PUSH, TRACE_NO_PUSH, TRACE_NO_PUSH)
#undef TRACE_PUSH
#undef TRACE_NOTED_PUSH
#undef TRACE_NO_PUSH
    default:
        lua_pushnil(L);
    }
}

/* What needs the handle, at stack index 1. */
static void make_field(lua_State *L, const tr_lua_trace *self, int field) {
    const tr_trace *trace = self->trace;
    switch (field) {
#define TRACE_NOT_MADE(name, value)
#define TRACE_NOTED(name, value, push)                                                                                 \
    case TRACE_##name:                                                                                                 \
        push;                                                                                                          \
        return;
#define TRACE_MADE(name, push)                                                                                         \
    case TRACE_##name:                                                                                                 \
        push;                                                                                                          \
        return;
        TRACE_FIELDS(TRACE_NOT_MADE, TRACE_NOTED, TRACE_MADE, TRACE_MADE)
#undef TRACE_NOT_MADE
#undef TRACE_NOTED
#undef TRACE_MADE
    default:
        tr_lua_push_trace_field(L, trace, field);
    }
}

/* The metatable is locked, so nothing but a handle gets here. */
static int trace_index(lua_State *L) {
    const tr_lua_trace *self = lua_touserdata(L, 1);
    shown(L, self);
    int field = tr_keys_find(self->core->trace_keys, lua_tostring(L, 2));
    if (field < 0) {
        return tr_lua_index_method(L, "a trace");
    }
    make_field(L, self, field);
    return 1;
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
        tr_node_view view = tr_lua_view_node(trace, node, true);
        tr_lua_push_node(L, &view, 1, lua_gettop(L));
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
    tr_lua_core_of(L)->trace_keys =
        tr_lua_new_type(L, TR_LUA_TRACE, trace_fields, TRACE_FIELD_COUNT, methods, metamethods, trace_index, 0);
}
