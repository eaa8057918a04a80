#include "lua/node.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/keys.h"
#include "lua/node_names.h"
#include "lua/trace.h"
#include "lua/type.h"
#include "tracereel/record.h"

/* The lists (attempts, errors) only grow while the trace lives, so they are not copied: what belongs to the moment of
 * the copy is counted here, and read from the trace when it is asked for. */
typedef struct tr_lua_node {
    tr_node node;
    uint32_t place;      /* in the trace's `nodes` */
    uint32_t last_place; /* of `last`, in the trace's `attempts`; TR_NODE_NONE: it has no attempts */
    tr_attempt last;
    uint64_t duration_ns;
    uint32_t error_list_count;
    bool has_instances; /* it is the node itself: its attempts are those of all its instances, too */
} tr_lua_node;

static bool has_attempts(const tr_lua_node *self) {
    return self->last_place != TR_NODE_NONE;
}

enum { NODE_UPVALUE_STATUS = TR_UPVALUE_FIRST_OWN, NODE_USER_VALUE_TRACE = 1 };

/* The latest attempt up to that place of the node or of one of its instances; TR_NODE_NONE if there is none. */
static uint32_t latest_of_all(const tr_trace *trace, uint32_t node_id, uint32_t count) {
    while (count-- > 0) {
        if (trace->nodes[trace->attempts[count].node_index].node_id == node_id) {
            return count;
        }
    }
    return TR_NODE_NONE;
}

/* ---- push ---- */

void tr_lua_push_node(lua_State *L, const tr_trace *trace, const tr_node *node, bool with_instances, int handle_index,
                      int metatable_index) {
    tr_lua_node *self = lua_newuserdatauv(L, sizeof *self, 1); /* node */
    self->node = *node;
    self->place = (uint32_t)(node - trace->nodes);
    self->duration_ns = 0;
    self->error_list_count = trace->error_list_count;
    self->has_instances = with_instances && tr_trace_instance_count(trace, node) > 0;
    self->last_place =
        self->has_instances ? latest_of_all(trace, node->node_id, trace->attempt_count) : node->last_attempt;
    if (has_attempts(self)) {
        const tr_attempt *last = &trace->attempts[self->last_place];
        self->last = *last;
        self->duration_ns = tr_attempt_duration_ns(trace, &trace->nodes[last->node_index], last);
    }
    lua_pushvalue(L, metatable_index);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, handle_index);
    lua_setiuservalue(L, -2, NODE_USER_VALUE_TRACE);
}

/* ---- fields and methods ---- */

#define NODE_FIELDS(X)                                                                                                 \
    X(id, lua_pushinteger(L, (lua_Integer)node->node_id))                                                              \
    X(name, push_node_name(L, node))                                                                                   \
    X(instance, push_instance(L, self))                                                                                \
    X(status, lua_pushvalue(L, lua_upvalueindex(NODE_UPVALUE_STATUS + node->status)))                                  \
    X(attempts, push_attempts(L, self))                                                                                \
    X(start_ns, push_time_if(L, has_attempts(self), self->last.start_ns))                                              \
    X(end_ns, push_time_if(L, has_attempts(self) && self->last.outcome != TR_OUTCOME_OPEN, self->last.end_ns))         \
    X(duration_ns, tr_lua_push_unsigned(L, self->duration_ns))                                                         \
    X(ended_by, push_name_if_any(L, has_attempts(self) ? end_of(&self->last) : NULL))                                  \
    X(estimated, lua_pushboolean(L, has_attempts(self) && self->last.estimated))                                       \
    X(error, push_last_error(L, self))                                                                                 \
    X(error_count, lua_pushinteger(L, count_errors(L, self)))                                                          \
    X(loop_iterations, push_loop_iterations(L, self))                                                                  \
    X(last_iteration, push_last_iteration(L, self))                                                                    \
    X(completed, lua_pushboolean(L, node->is_completed))                                                               \
    X(started, lua_pushboolean(L, node->is_started))                                                                   \
    X(output_offset, tr_lua_push_unsigned(L, node->output_offset))                                                     \
    X(output_size, lua_pushinteger(L, (lua_Integer)node->output_size))                                                 \
    X(schema_hash, tr_lua_push_unsigned(L, node->schema_hash))

enum {
#define NODE_FIELD_ENUM(name, push) NODE_##name,
    NODE_FIELDS(NODE_FIELD_ENUM)
#undef NODE_FIELD_ENUM
        NODE_FIELD_COUNT
};

static const char *const node_fields[NODE_FIELD_COUNT] = {
#define NODE_FIELD_STRING(name, push) #name,
    NODE_FIELDS(NODE_FIELD_STRING)
#undef NODE_FIELD_STRING
};

static void push_time_if(lua_State *L, bool is_there, uint64_t value) {
    if (is_there) {
        tr_lua_push_unsigned(L, value);
    } else {
        lua_pushnil(L);
    }
}

static void push_node_name(lua_State *L, const tr_node *node) {
    lua_getiuservalue(L, 1, NODE_USER_VALUE_TRACE); /* handle */
    tr_lua_push_node_name(L, tr_lua_check_trace(L, -1)->names, node->node_id);
}

/* The type of the record that ended an attempt; NULL where none did. */
static const char *end_of(const tr_attempt *attempt) {
    if (attempt->outcome == TR_OUTCOME_ERROR) {
        return tr_record_type_name(TR_TYPE_NODE_ERROR);
    } else if (attempt->outcome == TR_OUTCOME_DONE) {
        return tr_record_type_name(attempt->by_resume ? TR_TYPE_TRACE_RESUMED : TR_TYPE_NODE_DONE);
    }
    return NULL;
}

static void push_name_if_any(lua_State *L, const char *name) {
    lua_pushstring(L, name); /* nil for NULL */
}

/* The trace that owns the lists; the handle stays on the stack. */
static const tr_trace *push_trace_of(lua_State *L) {
    lua_getiuservalue(L, 1, NODE_USER_VALUE_TRACE); /* handle */
    return tr_lua_check_trace(L, -1)->trace;
}

static void push_instance(lua_State *L, const tr_lua_node *self) {
    const tr_trace *trace = push_trace_of(L);
    tr_text instance = tr_trace_instance(trace, &trace->nodes[self->place]);
    tr_lua_push_text(L, instance.bytes, instance.length_bytes);
}

/* Sets a field of the table on top of the stack, if there is a text. */
static void set_text_if_any(lua_State *L, const char *name, tr_text text) {
    if (text.length_bytes > 0) {
        lua_pushlstring(L, text.bytes, text.length_bytes);
        lua_setfield(L, -2, name);
    }
}

static void set_number_if_any(lua_State *L, const char *name, uint64_t value) {
    if (value != 0) {
        tr_lua_set_unsigned(L, name, value);
    }
}

/* Sets what an imported log says of an attempt that stands in the trace. */
static void set_details(lua_State *L, const tr_trace *trace, const tr_attempt *attempt) {
    tr_attempt_details details = tr_trace_attempt_details(trace, attempt);
    set_text_if_any(L, "instance", tr_trace_instance(trace, &trace->nodes[attempt->node_index]));
    set_text_if_any(L, "resource", details.resource);
    set_text_if_any(L, "kind", details.kind);
    set_number_if_any(L, "scheduled_ns", details.scheduled_ns);
    set_number_if_any(L, "number", details.number);
    set_number_if_any(L, "hidden_count", details.hidden_count);
}

/* The attempt at that place of the trace as a table; of the last one, what was copied with the node. */
static void push_attempt(lua_State *L, const tr_lua_node *self, const tr_trace *trace, uint32_t place) {
    const tr_attempt *standing = &trace->attempts[place];
    bool is_last = place == self->last_place;
    const tr_attempt *attempt = is_last ? &self->last : standing;
    lua_createtable(L, 0, 7); /* attempt */
    tr_lua_set_unsigned(L, "start_ns", attempt->start_ns);
    if (attempt->outcome != TR_OUTCOME_OPEN) {
        tr_lua_set_unsigned(L, "end_ns", attempt->end_ns);
    }
    tr_lua_set_unsigned(L, "duration_ns",
                        is_last ? self->duration_ns
                                : tr_attempt_duration_ns(trace, &trace->nodes[attempt->node_index], attempt));
    tr_lua_set_name(L, "outcome", tr_outcome_name(attempt->outcome));
    push_name_if_any(L, end_of(attempt));
    lua_setfield(L, -2, "ended_by");
    tr_lua_set_flag(L, "estimated", attempt->estimated);
    tr_lua_set_flag(L, "cut", attempt->cut);
    if (place < trace->first_attempt) {
        tr_lua_set_flag(L, "earlier_life", true);
    }
    set_details(L, trace, standing);
}

/* The place of the attempt before; TR_NODE_NONE if there is none. */
static uint32_t place_before(const tr_lua_node *self, const tr_trace *trace, uint32_t place) {
    return self->has_instances ? latest_of_all(trace, self->node.node_id, place) : trace->attempts[place].before;
}

/* The attempts that there were when the node was asked for: they lead from the last one to the first. */
static void push_attempts(lua_State *L, const tr_lua_node *self) {
    const tr_trace *trace = push_trace_of(L); /* handle */
    lua_newtable(L);                          /* handle, attempts */
    lua_Integer count = 0;
    for (uint32_t at = self->last_place; at != TR_NODE_NONE; at = place_before(self, trace, at)) {
        count++;
    }
    for (uint32_t at = self->last_place; at != TR_NODE_NONE; at = place_before(self, trace, at)) {
        push_attempt(L, self, trace, at); /* handle, attempts, attempt */
        lua_rawseti(L, -2, count--);
    }
}

static void push_loop_iterations(lua_State *L, const tr_lua_node *self) {
    lua_pushinteger(L, (lua_Integer)tr_trace_loop_iterations(push_trace_of(L), &self->node));
}

static void push_last_iteration(lua_State *L, const tr_lua_node *self) {
    const tr_trace *trace = push_trace_of(L);
    const tr_loop_event *last = tr_trace_last_loop_event(trace, &self->node);
    push_time_if(L, tr_trace_loop_iterations(trace, &self->node) > 0, last != NULL ? last->iteration : 0);
}

/* Of the node itself those of its instances, too. */
static bool is_error_of(const tr_trace *trace, const tr_trace_error *error, const tr_lua_node *self) {
    return !error->is_trace_failure && error->node_id == self->node.node_id &&
           (self->has_instances || tr_trace_error_node(trace, error) == &trace->nodes[self->place]);
}

static void push_last_error(lua_State *L, const tr_lua_node *self) {
    const tr_trace *trace = push_trace_of(L);
    for (uint32_t i = self->error_list_count; i-- > 0;) {
        const tr_trace_error *error = &trace->errors[i];
        if (is_error_of(trace, error, self)) {
            lua_pushlstring(L, error->message_bytes == 0 ? "" : error->message, error->message_bytes);
            return;
        }
    }
    lua_pushnil(L);
}

static lua_Integer count_errors(lua_State *L, const tr_lua_node *self) {
    const tr_trace *trace = push_trace_of(L);
    lua_Integer count = 0;
    for (uint32_t i = 0; i < self->error_list_count; i++) {
        count += is_error_of(trace, &trace->errors[i], self);
    }
    return count;
}

/* The metatable is locked, so nothing but a node gets here. */
static int node_index(lua_State *L) {
    const tr_lua_node *self = lua_touserdata(L, 1);
    const tr_node *node = &self->node;
    const tr_keys *keys = lua_touserdata(L, lua_upvalueindex(TR_UPVALUE_KEYS));
    switch (tr_keys_find(keys, lua_tostring(L, 2))) {
#define NODE_FIELD_CASE(name, push)                                                                                    \
    case NODE_##name:                                                                                                  \
        push;                                                                                                          \
        return 1;
        NODE_FIELDS(NODE_FIELD_CASE)
#undef NODE_FIELD_CASE
    default:
        return tr_lua_index_method(L, "a node");
    }
}

static int node_tostring(lua_State *L) {
    const tr_lua_node *self = tr_lua_check_object(L, 1, TR_LUA_NODE);
    lua_pushfstring(L, "node %I %s", (LUAI_UACINT)self->node.node_id, tr_node_status_name(self->node.status));
    return 1;
}

/* ---- open ---- */

void tr_lua_open_node(lua_State *L) {
    static const luaL_Reg methods[] = {{NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__tostring", node_tostring}, {NULL, NULL}};
    int count = 0;
    while (tr_node_status_name((unsigned)count) != NULL) {
        lua_pushstring(L, tr_node_status_name((unsigned)count++)); /* status names... */
    }
    tr_lua_new_type(L, TR_LUA_NODE, node_fields, NODE_FIELD_COUNT, methods, metamethods, node_index, count);
}
