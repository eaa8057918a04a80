#include "lua/node.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/keys.h"
#include "lua/node_names.h"
#include "lua/trace.h"
#include "lua/type.h"
#include "tracereel/record.h"

/* The lists (attempts, errors) only grow while the trace lives, so they are not copied: what belongs to the moment of
 * the copy is counted in the view, and read from the trace when it is asked for. */
typedef struct tr_lua_node {
    tr_node_view view; /* of the two copies */
    tr_node node;
    tr_attempt last;
} tr_lua_node;

enum { NODE_USER_VALUE_TRACE = 1 };

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

tr_node_view tr_lua_view_node(const tr_trace *trace, const tr_node *node, bool with_instances) {
    tr_node_view view = {.node = node,
                         .place = (uint32_t)(node - trace->nodes),
                         .error_list_count = trace->error_list_count,
                         .has_instances = with_instances && tr_trace_instance_count(trace, node) > 0};
    view.last_place =
        view.has_instances ? latest_of_all(trace, node->node_id, trace->attempt_count) : node->last_attempt;
    if (view.last_place != TR_NODE_NONE) {
        view.last = &trace->attempts[view.last_place];
        view.duration_ns = tr_attempt_duration_ns(trace, &trace->nodes[view.last->node_index], view.last);
    }
    return view;
}

void tr_lua_push_node(lua_State *L, const tr_node_view *view, int handle_index, int metatable_index) {
    tr_lua_node *self = lua_newuserdatauv(L, sizeof *self, 1); /* node */
    self->view = *view;
    self->node = *view->node;
    self->view.node = &self->node;
    if (view->last != NULL) {
        self->last = *view->last;
        self->view.last = &self->last;
    }
    lua_pushvalue(L, metatable_index);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, handle_index);
    lua_setiuservalue(L, -2, NODE_USER_VALUE_TRACE);
}

/* ---- fields and methods ---- */

/* SCALAR(name, its value: `view` is the node's), OF_TRACE(name, its value: it takes `trace` and `names`, too),
 * MADE(name, what pushes it). */
#define NODE_FIELDS(SCALAR, OF_TRACE, MADE)                                                                            \
    SCALAR(id, tr_scalar_unsigned(view->node->node_id))                                                                \
    OF_TRACE(name, tr_lua_node_name(L, names, view->node->node_id))                                                    \
    OF_TRACE(instance, instance_of(trace, view))                                                                       \
    SCALAR(status, tr_scalar_name(tr_node_status_name(view->node->status)))                                            \
    MADE(attempts, push_attempts(L, trace, view))                                                                      \
    SCALAR(start_ns, view->last == NULL ? tr_scalar_nil() : tr_scalar_unsigned(view->last->start_ns))                  \
    SCALAR(end_ns, has_ended(view) ? tr_scalar_unsigned(view->last->end_ns) : tr_scalar_nil())                         \
    SCALAR(duration_ns, tr_scalar_unsigned(view->duration_ns))                                                         \
    SCALAR(ended_by, tr_scalar_name(view->last == NULL ? NULL : end_of(view->last)))                                   \
    SCALAR(estimated, tr_scalar_boolean(view->last != NULL && view->last->estimated))                                  \
    OF_TRACE(error, tr_lua_node_error(trace, view))                                                                    \
    OF_TRACE(error_count, tr_scalar_unsigned(count_errors(trace, view)))                                               \
    OF_TRACE(loop_iterations, tr_scalar_unsigned(tr_trace_loop_iterations(trace, view->node)))                         \
    OF_TRACE(last_iteration, last_iteration(trace, view))                                                              \
    SCALAR(completed, tr_scalar_boolean(view->node->is_completed))                                                     \
    SCALAR(started, tr_scalar_boolean(view->node->is_started))                                                         \
    SCALAR(output_offset, tr_scalar_unsigned(view->node->output_offset))                                               \
    SCALAR(output_size, tr_scalar_unsigned(view->node->output_size))                                                   \
    SCALAR(schema_hash, tr_scalar_unsigned(view->node->schema_hash))

enum {
#define NODE_FIELD_ENUM(name, value) NODE_##name,
    NODE_FIELDS(NODE_FIELD_ENUM, NODE_FIELD_ENUM, NODE_FIELD_ENUM)
#undef NODE_FIELD_ENUM
        NODE_FIELD_COUNT
};

static const char *const node_fields[NODE_FIELD_COUNT] = {
#define NODE_FIELD_STRING(name, value) #name,
    NODE_FIELDS(NODE_FIELD_STRING, NODE_FIELD_STRING, NODE_FIELD_STRING)
#undef NODE_FIELD_STRING
};

const char *const *tr_lua_node_fields(int *count) {
    *count = NODE_FIELD_COUNT;
    return node_fields;
}

static bool has_ended(const tr_node_view *view) {
    return view->last != NULL && view->last->outcome != TR_OUTCOME_OPEN;
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

static tr_scalar instance_of(const tr_trace *trace, const tr_node_view *view) {
    tr_text instance = tr_trace_instance(trace, &trace->nodes[view->place]);
    return tr_scalar_text_if_any(instance.bytes, instance.length_bytes);
}

static void set_number_if_any(lua_State *L, const char *name, uint64_t value) {
    if (value != 0) {
        tr_lua_set_unsigned(L, name, value);
    }
}

/* Sets what an imported log says of an attempt that stands in the trace. */
static void set_details(lua_State *L, const tr_trace *trace, const tr_attempt *attempt) {
    tr_attempt_details details = tr_trace_attempt_details(trace, attempt);
    tr_lua_set_text_if_any(L, "instance", tr_trace_instance(trace, &trace->nodes[attempt->node_index]));
    tr_lua_set_text_if_any(L, "resource", details.resource);
    tr_lua_set_text_if_any(L, "kind", details.kind);
    set_number_if_any(L, "scheduled_ns", details.scheduled_ns);
    set_number_if_any(L, "number", details.number);
    set_number_if_any(L, "hidden_count", details.hidden_count);
}

/* The attempt at that place of the trace as a table; of the last one, what was copied with the node. */
static void push_attempt(lua_State *L, const tr_trace *trace, const tr_node_view *view, uint32_t place) {
    const tr_attempt *standing = &trace->attempts[place];
    bool is_last = place == view->last_place;
    const tr_attempt *attempt = is_last ? view->last : standing;
    lua_createtable(L, 0, 7); /* attempt */
    tr_lua_set_unsigned(L, "start_ns", attempt->start_ns);
    if (attempt->outcome != TR_OUTCOME_OPEN) {
        tr_lua_set_unsigned(L, "end_ns", attempt->end_ns);
    }
    tr_lua_set_unsigned(L, "duration_ns",
                        is_last ? view->duration_ns
                                : tr_attempt_duration_ns(trace, &trace->nodes[attempt->node_index], attempt));
    tr_lua_set_name(L, "outcome", tr_outcome_name(attempt->outcome));
    tr_lua_set_name(L, "ended_by", end_of(attempt)); /* nil for NULL */
    tr_lua_set_flag(L, "estimated", attempt->estimated);
    tr_lua_set_flag(L, "cut", attempt->cut);
    if (place < trace->first_attempt) {
        tr_lua_set_flag(L, "earlier_life", true);
    }
    set_details(L, trace, standing);
}

/* The place of the attempt before; TR_NODE_NONE if there is none. */
static uint32_t place_before(const tr_trace *trace, const tr_node_view *view, uint32_t place) {
    return view->has_instances ? latest_of_all(trace, view->node->node_id, place) : trace->attempts[place].before;
}

/* The attempts that there were when the node was asked for: they lead from the last one to the first. */
static void push_attempts(lua_State *L, const tr_trace *trace, const tr_node_view *view) {
    lua_newtable(L); /* attempts */
    lua_Integer count = 0;
    for (uint32_t at = view->last_place; at != TR_NODE_NONE; at = place_before(trace, view, at)) {
        count++;
    }
    for (uint32_t at = view->last_place; at != TR_NODE_NONE; at = place_before(trace, view, at)) {
        push_attempt(L, trace, view, at); /* attempts, attempt */
        lua_rawseti(L, -2, count--);
    }
}

static tr_scalar last_iteration(const tr_trace *trace, const tr_node_view *view) {
    const tr_loop_event *last = tr_trace_last_loop_event(trace, view->node);
    return tr_scalar_unsigned_if(tr_trace_loop_iterations(trace, view->node) > 0, last != NULL ? last->iteration : 0);
}

/* Of the node itself those of its instances, too. */
static bool is_error_of(const tr_trace *trace, const tr_trace_error *error, const tr_node_view *view) {
    return !error->is_trace_failure && error->node_id == view->node->node_id &&
           (view->has_instances || tr_trace_error_node(trace, error) == &trace->nodes[view->place]);
}

tr_scalar tr_lua_node_error(const tr_trace *trace, const tr_node_view *view) {
    for (uint32_t i = view->error_list_count; i-- > 0;) {
        const tr_trace_error *error = &trace->errors[i];
        if (is_error_of(trace, error, view)) {
            return tr_scalar_text((tr_text){error->message, error->message_bytes});
        }
    }
    return tr_scalar_nil();
}

static uint64_t count_errors(const tr_trace *trace, const tr_node_view *view) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < view->error_list_count; i++) {
        count += is_error_of(trace, &trace->errors[i], view);
    }
    return count;
}

tr_scalar tr_lua_node_scalar(lua_State *L, const tr_trace *trace, uint32_t names, const tr_node_view *view, int field) {
    switch (field) {
#define NODE_SCALAR(name, value)                                                                                       \
    case NODE_##name:                                                                                                  \
        return value;
#define NODE_NO_SCALAR(name, value)
        NODE_FIELDS(NODE_SCALAR, NODE_SCALAR, NODE_NO_SCALAR)
#undef NODE_SCALAR
    default:
        return tr_scalar_nil();
    }
}

tr_field_form tr_lua_node_field_form(int field) {
    switch (field) {
#define NODE_TABLE(name, value)                                                                                        \
    case NODE_##name:                                                                                                  \
        return TR_FIELD_TABLE;
        NODE_FIELDS(NODE_NO_SCALAR, NODE_NO_SCALAR, NODE_TABLE)
#undef NODE_TABLE
#undef NODE_NO_SCALAR
    default:
        return TR_FIELD_SCALAR;
    }
}

void tr_lua_push_node_field(lua_State *L, const tr_trace *trace, uint32_t names, const tr_node_view *view, int field) {
    switch (field) {
#define NODE_PUSH(name, value)                                                                                         \
    case NODE_##name:                                                                                                  \
        tr_scalar_push(L, value);                                                                                      \
        return;
#define NODE_MAKE(name, push)                                                                                          \
    case NODE_##name:                                                                                                  \
        push;                                                                                                          \
        return;
        NODE_FIELDS(NODE_PUSH, NODE_PUSH, NODE_MAKE)
#undef NODE_PUSH
#undef NODE_MAKE
    default:
        lua_pushnil(L);
    }
}

/* The metatable is locked, so nothing but a node gets here. */
static int node_index(lua_State *L) {
    const tr_lua_node *self = lua_touserdata(L, 1);
    const tr_node_view *view = &self->view;
    const tr_keys *keys = lua_touserdata(L, lua_upvalueindex(TR_UPVALUE_KEYS));
    int field = tr_keys_find(keys, lua_tostring(L, 2));
    switch (field) {
#define NODE_OWN(name, value)                                                                                          \
    case NODE_##name:                                                                                                  \
        tr_scalar_push(L, value);                                                                                      \
        return 1;
#define NODE_NOT_OWN(name, value)
        NODE_FIELDS(NODE_OWN, NODE_NOT_OWN, NODE_NOT_OWN)
#undef NODE_OWN
#undef NODE_NOT_OWN
    case -1:
        return tr_lua_index_method(L, "a node");
    default: {
        lua_getiuservalue(L, 1, NODE_USER_VALUE_TRACE); /* handle, which owns the trace's lists */
        const tr_lua_trace *handle = tr_lua_check_trace(L, -1);
        tr_lua_push_node_field(L, handle->trace, handle->names, view, field);
        return 1;
    }
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
    tr_lua_new_type(L, TR_LUA_NODE, node_fields, NODE_FIELD_COUNT, methods, metamethods, node_index, 0);
}
