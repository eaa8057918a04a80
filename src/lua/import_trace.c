/* The methods of a trace that an importer writes. */
#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/import_draft.h"
#include "lua/type.h"

/* ---- check ---- */

/* A call of a method: t:start(node, { ... }). On the stack: trace, node, table, draft, report, and then the fields. */
typedef struct trace_call {
    tr_lua_draft *self;
    tr_draft *draft;
    tr_import_event event;
    tr_import_fields fields;
} trace_call;

enum { NODE_ARGUMENT = 2, TABLE_ARGUMENT = 3, DRAFT_INDEX = 4, REPORT_INDEX = 5 };

const char tr_lua_drafted_trace_mark = 0;

/* As tr_lua_check_object, without looking up the type's name. */
static tr_lua_drafted_trace *check_trace(lua_State *L) {
    if (lua_type(L, 1) == LUA_TUSERDATA && lua_rawlen(L, 1) == sizeof(tr_lua_drafted_trace)) {
        tr_lua_drafted_trace *trace = lua_touserdata(L, 1);
        if (trace->mark == &tr_lua_drafted_trace_mark) {
            return trace;
        }
    }
    return tr_lua_check_object(L, 1, TR_LUA_DRAFTED_TRACE);
}

static tr_lua_drafted_trace *begin_call(lua_State *L, trace_call *call) {
    tr_lua_drafted_trace *trace = check_trace(L);
    lua_settop(L, TABLE_ARGUMENT);
    lua_getiuservalue(L, 1, 1);
    lua_getiuservalue(L, DRAFT_INDEX, TR_DRAFT_REPORT);
    call->self = trace->draft;
    call->draft = tr_lua_open_draft_of(L, trace->draft);
    call->event = (tr_import_event){.trace = trace->number};
    return trace;
}

/* Reads what a call about a node has. */
static void begin_node_call(lua_State *L, trace_call *call, const char *name, unsigned known) {
    (void)begin_call(L, call);
    call->event.node = tr_lua_draft_node(L, DRAFT_INDEX, REPORT_INDEX, name, NODE_ARGUMENT);
    call->fields = tr_import_read(L, name, TABLE_ARGUMENT, false, known, call->self->keys, REPORT_INDEX);
    if (tr_import_has(&call->fields, TR_IMPORT_instance)) {
        call->event.instance = tr_draft_instance(tr_import_text(L, &call->fields, TR_IMPORT_instance));
    }
}

static void need_at(lua_State *L, trace_call *call) {
    if (!tr_import_has(&call->fields, TR_IMPORT_at)) {
        luaL_error(L, "%s: `at`, its time, is missing", call->fields.call);
    }
    call->event.at_ns = tr_import_whole(L, &call->fields, TR_IMPORT_at);
}

/* ---- metadata ---- */

static void begin_metadata(trace_call *call) {
    tr_lua_begin_members(&call->self->json);
}

static void add_text(lua_State *L, trace_call *call, tr_import_field field, const char *key) {
    if (tr_import_has(&call->fields, field)) {
        tr_text text = tr_import_text(L, &call->fields, field);
        tr_json_key(&call->self->json, key);
        tr_json_text(&call->self->json, text.bytes, text.length_bytes);
    }
}

static void add_whole(lua_State *L, trace_call *call, tr_import_field field, const char *key) {
    if (tr_import_has(&call->fields, field)) {
        tr_json_key(&call->self->json, key);
        tr_json_unsigned(&call->self->json, tr_import_whole(L, &call->fields, field));
    }
}

static tr_text end_metadata(lua_State *L, trace_call *call) {
    return tr_lua_end_members(L, call->fields.call, &call->self->json);
}

/* ---- adding ---- */

static void tell(lua_State *L, trace_call *call) {
    enum { EVENTS_A_STEP = 1 << 14 };
    if (++call->self->untold_events < EVENTS_A_STEP) {
        return;
    }
    call->self->untold_events = 0;
    lua_getiuservalue(L, DRAFT_INDEX, TR_DRAFT_WATCH);
    tr_lua_push_unsigned(L, tr_draft_stats_of(call->draft).events);
    lua_call(L, 1, 0);
}

static void add(lua_State *L, trace_call *call, tr_record_type type, tr_text message, tr_text metadata) {
    tr_error error = {""};
    uint64_t at_ns = call->event.at_ns;
    call->event.type = type;
    tr_lua_check_drafted(L, tr_draft_add(call->draft, &call->event, message, metadata, &error), &error);
    if (call->event.at_ns != at_ns) {
        tr_import_report(L, REPORT_INDEX, tr_draft_bend_kind(TR_BEND_END_BEFORE_START), false);
    }
    if (call->self->is_watched) {
        tell(L, call);
    }
}

static void add_after(lua_State *L, const trace_call *call) {
    int index = call->fields.base + TR_IMPORT_after;
    if (!tr_import_has(&call->fields, TR_IMPORT_after)) {
        return;
    } else if (lua_type(L, index) != LUA_TTABLE) {
        luaL_error(L, "%s: after: a list of names expected, got %s", call->fields.call, tr_lua_push_got(L, index));
    }
    tr_error error = {""};
    for (lua_Integer i = 1; lua_rawgeti(L, index, i) != LUA_TNIL; i++) {
        uint32_t before = tr_lua_draft_node(L, DRAFT_INDEX, REPORT_INDEX, call->fields.call, -1);
        if (before != call->event.node) {
            tr_lua_check_drafted(L, tr_draft_add_edge(call->draft, call->event.node, before, &error), &error);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void find_instance(lua_State *L, trace_call *call, uint64_t end_ns) {
    if (!tr_import_has(&call->fields, TR_IMPORT_parallel) ||
        !lua_toboolean(L, call->fields.base + TR_IMPORT_parallel)) {
        return;
    }
    int top = lua_gettop(L);
    tr_text instance = tr_import_optional_text(L, &call->fields, TR_IMPORT_instance);
    tr_lua_find_instance(L, call->draft, &call->event, call->event.at_ns, end_ns, &instance);
    if (lua_gettop(L) > top) {
        lua_replace(L, call->fields.base + TR_IMPORT_instance);
        call->fields.present |= TR_IMPORT_BIT(instance);
    }
}

static void add_start(lua_State *L, trace_call *call) {
    begin_metadata(call);
    add_text(L, call, TR_IMPORT_instance, "instance");
    add_whole(L, call, TR_IMPORT_scheduled, "scheduled_ns");
    add_whole(L, call, TR_IMPORT_attempt, "attempt");
    add_text(L, call, TR_IMPORT_resource, "resource");
    tr_import_write_metadata(L, &call->self->json, &call->fields, REPORT_INDEX);
    add(L, call, TR_TYPE_NODE_START, (tr_text){NULL, 0}, end_metadata(L, call));
}

/* `message`: the field that has the message of an error. */
static void add_end(lua_State *L, trace_call *call, bool is_error, tr_import_field message, bool has_metadata) {
    begin_metadata(call);
    add_text(L, call, TR_IMPORT_instance, "instance");
    if (is_error) {
        add_text(L, call, TR_IMPORT_kind, "kind");
    }
    if (has_metadata) {
        tr_import_write_metadata(L, &call->self->json, &call->fields, REPORT_INDEX);
    }
    tr_text text = is_error ? tr_import_optional_text(L, &call->fields, message) : (tr_text){NULL, 0};
    add(L, call, is_error ? TR_TYPE_NODE_ERROR : TR_TYPE_NODE_DONE, text, end_metadata(L, call));
}

/* ---- methods ---- */

enum {
    START_FIELDS = TR_IMPORT_BIT(at) | TR_IMPORT_BIT(instance) | TR_IMPORT_BIT(after) | TR_IMPORT_BIT(resource) |
                   TR_IMPORT_BIT(scheduled) | TR_IMPORT_BIT(attempt) | TR_IMPORT_BIT(metadata) | TR_IMPORT_BIT(parallel)
};

static int trace_start(lua_State *L) {
    trace_call call;
    begin_node_call(L, &call, "start", START_FIELDS);
    need_at(L, &call);
    add_after(L, &call);
    find_instance(L, &call, INT64_MAX);
    add_start(L, &call);
    return 0;
}

static int trace_done(lua_State *L) {
    trace_call call;
    begin_node_call(L, &call, "done", TR_IMPORT_BIT(at) | TR_IMPORT_BIT(instance) | TR_IMPORT_BIT(metadata));
    need_at(L, &call);
    add_end(L, &call, false, TR_IMPORT_message, true);
    return 0;
}

static int trace_error(lua_State *L) {
    trace_call call;
    begin_node_call(L, &call, "error",
                    TR_IMPORT_BIT(at) | TR_IMPORT_BIT(instance) | TR_IMPORT_BIT(kind) | TR_IMPORT_BIT(message) |
                        TR_IMPORT_BIT(metadata));
    need_at(L, &call);
    add_end(L, &call, true, TR_IMPORT_message, true);
    return 0;
}

/* The latest end of those that it comes after; where it comes after none, the trace's own beginning. */
static uint64_t ready_ns(lua_State *L, const trace_call *call) {
    uint64_t ready = 0;
    bool is_known = false;
    int index = call->fields.base + TR_IMPORT_after;
    for (lua_Integer i = 1; lua_type(L, index) == LUA_TTABLE && lua_rawgeti(L, index, i) != LUA_TNIL; i++) {
        uint32_t before = tr_lua_draft_node(L, DRAFT_INDEX, REPORT_INDEX, call->fields.call, -1);
        uint64_t end_ns = tr_draft_latest_end(call->draft, call->event.trace, before);
        if (end_ns != TR_TIME_UNKNOWN) {
            ready = end_ns > ready ? end_ns : ready;
            is_known = true;
        }
        lua_pop(L, 1);
    }
    ready = is_known ? ready : tr_draft_trace_at(call->draft, call->event.trace);
    if (ready == TR_TIME_UNKNOWN) {
        luaL_error(L,
                   "attempt: `at` is missing, nothing that it comes after has ended in this trace, and the trace has "
                   "no `at` of its own");
    }
    return ready;
}

static int trace_attempt(lua_State *L) {
    trace_call call;
    begin_node_call(L, &call, "attempt",
                    START_FIELDS | TR_IMPORT_BIT(duration) | TR_IMPORT_BIT(error) | TR_IMPORT_BIT(kind));
    bool is_error = tr_import_has(&call.fields, TR_IMPORT_error) || tr_import_has(&call.fields, TR_IMPORT_kind);
    if (!tr_import_has(&call.fields, TR_IMPORT_duration)) {
        return luaL_error(L, "attempt: `duration`, in nanoseconds, is missing");
    }
    add_after(L, &call);
    call.event.at_ns =
        tr_import_has(&call.fields, TR_IMPORT_at) ? tr_import_whole(L, &call.fields, TR_IMPORT_at) : ready_ns(L, &call);
    uint64_t end_ns = call.event.at_ns + tr_import_whole(L, &call.fields, TR_IMPORT_duration);
    if (end_ns > INT64_MAX) {
        return luaL_error(L, "attempt: it ends after the year 2262");
    }
    find_instance(L, &call, end_ns);
    add_start(L, &call);
    call.event.at_ns = end_ns;
    add_end(L, &call, is_error, TR_IMPORT_error, false);
    return 0;
}

/* ---- waits ---- */

/* "trace" is XERV's own suspension, which has no kind: the trace as a whole waits. */
static uint8_t wait_kind(lua_State *L, trace_call *call) {
    if (!tr_import_has(&call->fields, TR_IMPORT_kind)) {
        return TR_DRAFT_WAIT_SIGNAL;
    }
    uint8_t number = 0;
    tr_error error = {""};
    begin_metadata(call);
    if (strcmp(tr_import_text(L, &call->fields, TR_IMPORT_kind).bytes, "trace") != 0) {
        add_text(L, call, TR_IMPORT_kind, "wait");
    }
    tr_status status = tr_draft_number_wait_kind(call->draft, end_metadata(L, call), &number, &error);
    tr_lua_check_drafted(L, status, &error);
    return number;
}

static int trace_wait(lua_State *L) {
    trace_call call;
    begin_node_call(L, &call, "wait",
                    TR_IMPORT_BIT(at) | TR_IMPORT_BIT(instance) | TR_IMPORT_BIT(kind) | TR_IMPORT_BIT(metadata));
    need_at(L, &call);
    call.event.wait_kind = wait_kind(L, &call);
    begin_metadata(&call);
    add_text(L, &call, TR_IMPORT_instance, "instance");
    tr_import_write_metadata(L, &call.self->json, &call.fields, REPORT_INDEX);
    add(L, &call, TR_TYPE_TRACE_SUSPENDED, (tr_text){NULL, 0}, end_metadata(L, &call));
    return 0;
}

/* ---- loops, and ends of waits ---- */

static int add_mark(lua_State *L, const char *name, tr_record_type type, unsigned more_fields) {
    trace_call call;
    begin_node_call(L, &call, name, TR_IMPORT_BIT(at) | TR_IMPORT_BIT(instance) | more_fields);
    need_at(L, &call);
    if (tr_import_has(&call.fields, TR_IMPORT_iteration)) {
        call.event.iteration = tr_lua_to_u32(L, call.fields.base + TR_IMPORT_iteration, "iteration");
    }
    begin_metadata(&call);
    add_text(L, &call, TR_IMPORT_instance, "instance");
    add(L, &call, type, (tr_text){NULL, 0}, end_metadata(L, &call));
    return 0;
}

static int trace_resume(lua_State *L) {
    return add_mark(L, "resume", TR_TYPE_TRACE_RESUMED, 0);
}

static int trace_iteration(lua_State *L) {
    return add_mark(L, "iteration", TR_TYPE_LOOP_ITERATION, TR_IMPORT_BIT(iteration));
}

static int trace_exit(lua_State *L) {
    return add_mark(L, "exit", TR_TYPE_LOOP_EXIT, TR_IMPORT_BIT(iteration));
}

/* ---- the trace's end ---- */

static int trace_close(lua_State *L) {
    trace_call call;
    (void)begin_call(L, &call);
    call.fields = tr_import_read(L, "close", TABLE_ARGUMENT, true, TR_IMPORT_BIT(at) | TR_IMPORT_BIT(error),
                                 call.self->keys, REPORT_INDEX);
    begin_metadata(&call);
    tr_record_type type = tr_lua_draft_outcome(L, "close", NODE_ARGUMENT, &call.self->json);
    uint64_t at_ns =
        tr_import_has(&call.fields, TR_IMPORT_at) ? tr_import_whole(L, &call.fields, TR_IMPORT_at) : TR_TIME_UNKNOWN;
    tr_text message = tr_import_optional_text(L, &call.fields, TR_IMPORT_error);
    tr_error error = {""};
    uint64_t count = tr_draft_bend_count_of(call.draft, TR_BEND_SECOND_TRACE_END)->count;
    tr_status status =
        tr_draft_close_trace(call.draft, call.event.trace, type, at_ns, message, end_metadata(L, &call), &error);
    tr_lua_check_drafted(L, status, &error);
    if (tr_draft_bend_count_of(call.draft, TR_BEND_SECOND_TRACE_END)->count != count) {
        tr_import_report(L, REPORT_INDEX, tr_draft_bend_kind(TR_BEND_SECOND_TRACE_END), true);
    }
    return 0;
}

/* ---- fields ---- */

static const char *const trace_fields[] = {"id"};

static int trace_index(lua_State *L) {
    const tr_lua_drafted_trace *trace = check_trace(L);
    const tr_keys *keys = lua_touserdata(L, lua_upvalueindex(TR_UPVALUE_KEYS));
    if (tr_keys_find(keys, lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL) < 0) {
        return tr_lua_index_method(L, "a trace");
    }
    uint8_t id[TR_TRACE_ID_BYTES];
    tr_draft_trace_id(tr_lua_open_draft_of(L, trace->draft), trace->number, id);
    tr_lua_push_trace_id(L, id);
    return 1;
}

/* ---- open ---- */

void tr_lua_open_drafted_trace(lua_State *L) {
    static const luaL_Reg methods[] = {{"start", trace_start},         {"done", trace_done},
                                       {"error", trace_error},         {"attempt", trace_attempt},
                                       {"wait", trace_wait},           {"resume", trace_resume},
                                       {"iteration", trace_iteration}, {"exit", trace_exit},
                                       {"close", trace_close},         {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_DRAFTED_TRACE, trace_fields, sizeof trace_fields / sizeof *trace_fields, methods,
                    metamethods, trace_index, 0);
}
