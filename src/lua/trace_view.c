#include "lua/trace_view.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/core.h"
#include "lua/json_decode.h"
#include "lua/node.h"

static void set_integer(lua_State *L, const char *name, lua_Integer value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static void push_array(lua_State *L, uint32_t count) {
    lua_createtable(L, count < INT32_MAX ? (int)count : INT32_MAX, 0);
}

bool tr_lua_runs_only_in_instances(const tr_trace *trace, const tr_node *node) {
    return tr_trace_instance_count(trace, node) > 0 && node->last_attempt == TR_NODE_NONE &&
           node->last_loop_event == TR_NODE_NONE;
}

void tr_lua_push_nodes(lua_State *L, const tr_trace *trace) {
    push_array(L, trace->node_count);  /* nodes */
    luaL_getmetatable(L, TR_LUA_NODE); /* nodes, metatable */
    int metatable_index = lua_gettop(L);
    lua_Integer count = 0;
    for (uint32_t i = 0; i < trace->node_count; i++) {
        if (!tr_lua_runs_only_in_instances(trace, &trace->nodes[i])) {
            tr_node_view view = tr_lua_view_node(trace, &trace->nodes[i], false);
            tr_lua_push_node(L, &view, 1, metatable_index); /* nodes, metatable, node */
            lua_rawseti(L, -3, ++count);
        }
    }
    lua_pop(L, 1);
}

/* Sets the field of the table on top of the stack, if the entry is one of an instance. */
static void set_instance_if_any(lua_State *L, const tr_trace *trace, const tr_node *node) {
    tr_text instance = node == NULL ? (tr_text){0} : tr_trace_instance(trace, node);
    if (instance.length_bytes > 0) {
        lua_pushlstring(L, instance.bytes, instance.length_bytes);
        lua_setfield(L, -2, "instance");
    }
}

/* Appends an error to the list on top. */
static void append_error(lua_State *L, const tr_trace *trace, const tr_trace_error *error, lua_Integer place) {
    lua_createtable(L, 0, 4); /* errors, error */
    tr_lua_set_unsigned(L, "timestamp_ns", error->timestamp_ns);
    lua_pushlstring(L, error->message_bytes == 0 ? "" : error->message, error->message_bytes);
    lua_setfield(L, -2, "message");
    set_integer(L, "life", (lua_Integer)error->life);
    if (!error->is_trace_failure) {
        set_integer(L, "node_id", (lua_Integer)error->node_id);
        set_instance_if_any(L, trace, tr_trace_error_node(trace, error));
    }
    lua_rawseti(L, -2, place);
}

void tr_lua_push_errors(lua_State *L, const tr_trace *trace) {
    push_array(L, trace->error_list_count - trace->first_error); /* errors */
    lua_Integer count = 0;
    for (uint32_t i = trace->first_error; i < trace->error_list_count; i++) {
        append_error(L, trace, &trace->errors[i], ++count);
    }
}

void tr_lua_push_history_errors(lua_State *L, const tr_trace *trace) {
    push_array(L, trace->error_list_count); /* errors */
    lua_Integer count = 0;
    for (uint32_t i = 0; i < trace->error_list_count; i++) {
        if (!trace->errors[i].by_tracereel) {
            append_error(L, trace, &trace->errors[i], ++count);
        }
    }
}

void tr_lua_push_failed_nodes(lua_State *L, const tr_trace *trace) {
    lua_Integer count = 0;
    lua_newtable(L); /* node ids */
    lua_newtable(L); /* node ids, which of them stand there already */
    for (uint32_t i = 0; i < trace->node_count; i++) {
        lua_Integer id = (lua_Integer)trace->nodes[i].node_id;
        if (!tr_trace_node_has_failed(trace, &trace->nodes[i])) {
            continue;
        }
        if (lua_rawgeti(L, -1, id) == LUA_TNIL) { /* node ids, known, nil */
            lua_pushinteger(L, id);
            lua_rawseti(L, -4, ++count);
            lua_pushboolean(L, true);
            lua_rawseti(L, -3, id);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void tr_lua_push_violations(lua_State *L, const tr_trace *trace) {
    lua_Integer count = 0;
    lua_newtable(L); /* codes */
    for (unsigned bit = 0; bit < TR_VIOLATION_COUNT; bit++) {
        if ((trace->violations_seen & 1u << bit) != 0) {
            lua_pushstring(L, tr_violation_name(bit));
            lua_rawseti(L, -2, ++count);
        }
    }
}

/* Pushes the value of a JSON text; nil where it is none. */
static void push_decoded(lua_State *L, const char *text, size_t length) {
    if (!tr_lua_push_json_value(L, text, length)) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}

/* Whether the text can be a JSON object; an array becomes a table, too. */
static bool begins_object(const char *text, uint32_t length) {
    uint32_t at = 0;
    while (at < length && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) {
        at++;
    }
    return at < length && text[at] == '{';
}

void tr_lua_push_object(lua_State *L, const char *text, uint32_t length) {
    if (!begins_object(text, length)) {
        lua_pushnil(L);
        return;
    }
    push_decoded(L, text, length); /* value */
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}

void tr_lua_push_suspension(lua_State *L, const tr_trace *trace) {
    if (!trace->is_suspended) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 4); /* suspension */
    set_integer(L, "node_id", (lua_Integer)trace->suspended_at);
    tr_lua_set_unsigned(L, "since_ns", trace->suspended_since_ns);
    if (trace->suspension_metadata_bytes > 0) {
        lua_pushlstring(L, trace->suspension_metadata, trace->suspension_metadata_bytes);
        lua_setfield(L, -2, "metadata");
        push_decoded(L, trace->suspension_metadata, trace->suspension_metadata_bytes);
        lua_setfield(L, -2, "decoded");
    }
}

void tr_lua_push_planned(lua_State *L, const tr_trace *trace) {
    if (trace->plans_bytes == 0) {
        lua_pushnil(L);
        return;
    }
    tr_lua_push_core_value(L, TR_CORE_PLANS_READER); /* reader */
    lua_pushlstring(L, trace->plans, trace->plans_bytes);
    lua_call(L, 1, 1); /* list */
}

void tr_lua_push_held(lua_State *L, const tr_trace *trace) {
    luaL_Buffer buffer;
    char *reason = luaL_buffinitsize(L, &buffer, (size_t)trace->suspension_metadata_bytes + 1);
    uint32_t length = 0;
    bool is_held = tr_trace_held(trace, reason, &length);
    luaL_pushresultsize(&buffer, is_held ? length : 0);
    if (!is_held) {
        lua_pushnil(L);
    }
}

static void push_suspension_at(lua_State *L, const tr_trace *trace, uint32_t place) {
    const tr_suspension *suspension = &trace->suspensions[place];
    lua_createtable(L, 0, 4); /* suspension */
    set_integer(L, "node_id", (lua_Integer)suspension->node_id);
    tr_lua_set_unsigned(L, "start_ns", suspension->start_ns);
    if (suspension->outcome != TR_OUTCOME_OPEN) {
        tr_lua_set_unsigned(L, "end_ns", suspension->end_ns);
    }
    set_instance_if_any(L, trace, tr_trace_suspension_node(trace, suspension));
    tr_text wait = tr_trace_wait_kind(trace, suspension);
    if (wait.length_bytes > 0) {
        lua_pushlstring(L, wait.bytes, wait.length_bytes);
        lua_setfield(L, -2, "wait");
    }
    if (place < trace->first_suspension) {
        tr_lua_set_flag(L, "earlier_life", true);
    }
    if (suspension->outcome == TR_OUTCOME_ABANDONED) {
        tr_lua_set_flag(L, "abandoned", true);
    }
}

void tr_lua_push_suspensions(lua_State *L, const tr_trace *trace) {
    push_array(L, trace->suspension_count); /* suspensions */
    for (uint32_t i = 0; i < trace->suspension_count; i++) {
        push_suspension_at(L, trace, i); /* suspensions, suspension */
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void tr_lua_push_last_suspension(lua_State *L, const tr_trace *trace) {
    if (trace->suspension_count == 0) {
        lua_pushnil(L);
    } else {
        push_suspension_at(L, trace, trace->suspension_count - 1);
    }
}

void tr_lua_push_started_nodes(lua_State *L, const tr_trace *trace) {
    push_array(L, trace->started_count); /* node ids */
    lua_Integer count = 0;
    for (uint32_t i = tr_trace_next_started(trace, 0); i != TR_NONE; i = tr_trace_next_started(trace, i + 1)) {
        lua_pushinteger(L, (lua_Integer)trace->started_nodes[i]);
        lua_rawseti(L, -2, ++count);
    }
}

void tr_lua_push_completed_nodes(lua_State *L, const tr_trace *trace) {
    lua_newtable(L); /* outputs */
    tr_lua_push_core_value(L, TR_CORE_OBJECT_METATABLE);
    lua_setmetatable(L, -2);
    for (uint32_t i = 0; i < trace->node_count; i++) {
        const tr_node *node = &trace->nodes[i];
        if (node->is_completed) {
            lua_createtable(L, 0, 3); /* outputs, output */
            tr_lua_set_unsigned(L, "offset", node->output_offset);
            set_integer(L, "size", (lua_Integer)node->output_size);
            tr_lua_set_unsigned(L, "schema_hash", node->schema_hash);
            lua_rawseti(L, -2, (lua_Integer)node->node_id);
        }
    }
}

void tr_lua_push_recovery(lua_State *L, const tr_trace *trace) {
    tr_recovery recovery = tr_trace_recovery(trace);
    lua_createtable(L, 0, 2); /* recovery */
    tr_lua_set_name(L, "action", tr_recovery_action_name(recovery.action));
    if (recovery.action == TR_RECOVERY_RETRY_NODES) {
        tr_lua_push_started_nodes(L, trace);
        lua_setfield(L, -2, "nodes");
    } else {
        set_integer(L, "node", (lua_Integer)recovery.node);
    }
}
