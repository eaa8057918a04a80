#include "lua/timing.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/json.h"
#include "lua/timing_report.h"
#include "lua/trace.h"
#include "lua/type.h"
#include "tracereel/status.h"

/* ---- check ---- */

static tr_timing *check_timing(lua_State *L, int index) {
    const tr_lua_timing *self = tr_lua_check_object(L, index, TR_LUA_TIMING);
    luaL_argcheck(L, self->timing != NULL, index, "the timing was finalized");
    return self->timing;
}

void tr_lua_tell_timing_memory(lua_State *L, int index) {
    tr_lua_timing *self = lua_touserdata(L, index);
    tr_lua_tell_memory(L, &self->told_bytes, tr_timing_memory_bytes(self->timing));
}

tr_timing *tr_lua_check_timing(lua_State *L, int index, const char *name) {
    const tr_lua_timing *self = luaL_testudata(L, index, TR_LUA_TIMING);
    if (self != NULL && self->timing != NULL) {
        return self->timing;
    }
    luaL_error(L, "%s must be a timing, as tracereel.timing() gives it, is a %s", name, luaL_typename(L, index));
    return NULL;
}

/* Pushes the table `name` of the table on top, or an empty one where there is none. */
static void push_table_of(lua_State *L, const char *name) {
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
    } else if (!lua_istable(L, -1)) {
        luaL_error(L, "flow: '%s' must be a table, is %s", name, luaL_typename(L, -1));
    }
}

/* Reads the `after` of the flow node on top into a userdata, which is put into the table at `anchor_index`. */
static void read_after(lua_State *L, int anchor_index, tr_flow_node *node) {
    push_table_of(L, "after"); /* node, after */
    node->after_count = (uint32_t)lua_rawlen(L, -1);
    uint32_t *after = lua_newuserdatauv(L, node->after_count * sizeof *after, 0); /* node, after, ids */
    lua_rawsetp(L, anchor_index, after);
    for (uint32_t i = 0; i < node->after_count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        after[i] = tr_lua_to_u32(L, -1, "a node in 'after'");
        lua_pop(L, 1);
    }
    node->after = after;
    lua_pop(L, 1); /* node */
}

/* ---- push ---- */

/* Pushes a userdata with the flow nodes of the table `nodes` on top, and what they need in a table below it; names go
 * into the table at `names_index`. */
static tr_flow push_flow(lua_State *L, int names_index) {
    int nodes_index = lua_gettop(L);
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, nodes_index) != 0; lua_pop(L, 1)) {
        count++;
    }
    lua_newtable(L); /* anchor */
    int anchor_index = lua_gettop(L);
    tr_flow_node *nodes = lua_newuserdatauv(L, count * sizeof *nodes, 0); /* anchor, flow nodes */
    size_t filled = 0;
    lua_pushnil(L);
    while (lua_next(L, nodes_index) != 0) { /* anchor, flow nodes, id, node */
        tr_flow_node *node = &nodes[filled++];
        memset(node, 0, sizeof *node);
        node->node_id = tr_lua_to_u32(L, -2, "a node's id in the flow");
        if (!lua_istable(L, -1)) {
            luaL_error(L, "flow: node %I must be a table, is %s", (LUAI_UACINT)node->node_id, luaL_typename(L, -1));
        }
        read_after(L, anchor_index, node);
        lua_getfield(L, -1, "name");
        lua_rawseti(L, names_index, (lua_Integer)node->node_id);
        lua_pop(L, 1);
    }
    return (tr_flow){count, nodes};
}

tr_lua_timing *tr_lua_push_timing(lua_State *L) {
    tr_lua_timing *self = lua_newuserdatauv(L, sizeof *self, TR_TIMING_VALUES);
    *self = (tr_lua_timing){0};
    luaL_setmetatable(L, TR_LUA_TIMING);
    return self;
}

int tr_lua_new_timing(lua_State *L) {
    enum { ARGUMENT_FLOW = 1, ARGUMENT_WORST_COUNT, SELF, NAMES };
    bool has_flow = !lua_isnoneornil(L, ARGUMENT_FLOW);
    lua_Integer worst_count = luaL_optinteger(L, ARGUMENT_WORST_COUNT, 10);
    luaL_argcheck(L, worst_count >= 0 && worst_count <= TR_TIMING_MAX_WORST, ARGUMENT_WORST_COUNT,
                  "must be from 0 to 1000");
    lua_settop(L, ARGUMENT_WORST_COUNT);
    tr_lua_timing *self = tr_lua_push_timing(L);
    lua_newtable(L); /* self, names */
    tr_flow flow = {0};
    if (has_flow) {
        luaL_checktype(L, ARGUMENT_FLOW, LUA_TTABLE);
        lua_getfield(L, ARGUMENT_FLOW, "name");
        lua_setiuservalue(L, SELF, TR_TIMING_FLOW_NAME);
        lua_pushcfunction(L, tr_lua_json);
        lua_pushvalue(L, ARGUMENT_FLOW);
        lua_call(L, 1, 1);
        lua_setiuservalue(L, SELF, TR_TIMING_FLOW_TEXT);
        lua_pushvalue(L, ARGUMENT_FLOW);
        push_table_of(L, "nodes");
        flow = push_flow(L, NAMES);
    }
    self->timing = tr_timing_new(has_flow ? &flow : NULL, (uint32_t)worst_count);
    if (self->timing == NULL) {
        return tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    lua_pushvalue(L, NAMES);
    lua_setiuservalue(L, SELF, TR_TIMING_NAMES);
    lua_settop(L, SELF);
    tr_lua_tell_timing_memory(L, SELF);
    return 1;
}

int tr_lua_timing_like(lua_State *L) {
    enum { MODEL = 1, SELF };
    const tr_timing *model = check_timing(L, MODEL);
    lua_settop(L, MODEL);
    tr_lua_timing *self = tr_lua_push_timing(L);
    self->timing = tr_timing_new_like(model);
    if (self->timing == NULL) {
        return tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    for (int value = 1; value <= TR_TIMING_VALUES; value++) {
        lua_getiuservalue(L, MODEL, value);
        lua_setiuservalue(L, SELF, value);
    }
    tr_lua_tell_timing_memory(L, SELF);
    return 1;
}

/* ---- fields and methods ---- */

static int timing_index(lua_State *L) {
    return tr_lua_index_method(L, "a timing");
}

static tr_path_stretch stretch_at(lua_State *L, int index) {
    tr_path_stretch stretch;
    if (!lua_istable(L, index)) {
        luaL_error(L, "a stretch of time must be a table with start_ns and end_ns, is %s", luaL_typename(L, index));
    }
    lua_getfield(L, index, "start_ns");
    stretch.start_ns = tr_lua_to_u64(L, -1, "start_ns");
    lua_getfield(L, index, "end_ns");
    stretch.end_ns = tr_lua_to_u64(L, -1, "end_ns");
    lua_pop(L, 2);
    if (stretch.end_ns < stretch.start_ns) {
        luaL_error(L, "a stretch of time must not end before it starts");
    }
    return stretch;
}

/* The stretches in the list at `index`, which may be nil; in a userdata that is pushed. */
static tr_child_stretches push_children(lua_State *L, int index) {
    if (lua_isnoneornil(L, index)) {
        lua_pushnil(L);
        return (tr_child_stretches){0};
    }
    luaL_checktype(L, index, LUA_TTABLE);
    size_t count = lua_rawlen(L, index);
    tr_path_stretch *items = lua_newuserdatauv(L, count * sizeof *items, 0);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        items[i] = stretch_at(L, lua_gettop(L));
        lua_pop(L, 1);
        if (i > 0 && items[i].start_ns < items[i - 1].end_ns) {
            luaL_error(L, "the stretches of children must be in the order of their times and must not overlap");
        }
    }
    return (tr_child_stretches){items, count};
}

static int timing_add(lua_State *L) {
    tr_timing *timing = check_timing(L, 1);
    const tr_trace *trace = tr_lua_check_trace(L, 2)->trace;
    tr_child_stretches children = push_children(L, 3);
    tr_status status = tr_timing_add_parent(timing, trace, children);
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, NULL);
    }
    tr_lua_tell_timing_memory(L, 1);
    return 0;
}

static int timing_add_child(lua_State *L) {
    tr_timing *timing = check_timing(L, 1);
    const tr_trace *trace = tr_lua_check_trace(L, 2)->trace;
    tr_timed_child how = {.is_critical = lua_toboolean(L, 3), .is_attempt = !lua_isnoneornil(L, 4)};
    how.parent_node = how.is_attempt ? tr_lua_to_u32(L, 4, "node_id") : 0;
    if (!lua_isnoneornil(L, 5)) {
        how.on_path = stretch_at(L, 5);
    }
    how.children = push_children(L, 6);
    tr_status status = tr_timing_add_child(timing, trace, &how);
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, NULL);
    }
    tr_lua_tell_timing_memory(L, 1);
    return 0;
}

static bool has_same_flow(lua_State *L) {
    lua_getiuservalue(L, 1, TR_TIMING_FLOW_TEXT);
    lua_getiuservalue(L, 2, TR_TIMING_FLOW_TEXT);
    bool is_same = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
    return is_same;
}

static int timing_merge(lua_State *L) {
    tr_timing *into = check_timing(L, 1);
    const tr_timing *from = check_timing(L, 2);
    luaL_argcheck(L, into != from, 2, "a timing cannot be merged with itself");
    luaL_argcheck(L, has_same_flow(L), 2, "was made with another flow: what it holds cannot be added");
    luaL_argcheck(L, tr_timing_worst_limit(into) == tr_timing_worst_limit(from), 2, "keeps another number of traces");
    tr_status status = tr_timing_merge(into, from);
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, NULL);
    }
    lua_settop(L, 1);
    tr_lua_tell_timing_memory(L, 1);
    return 1;
}

static int timing_report(lua_State *L) {
    const tr_timing *timing = check_timing(L, 1);
    lua_settop(L, 1);
    tr_lua_push_timing_report(L, timing);
    return 1;
}

static int timing_tostring(lua_State *L) {
    const tr_timing *timing = check_timing(L, 1);
    const tr_trace_timing *traces = tr_timing_traces(timing);
    uint64_t closed_count = traces->complete_count + traces->failed_count;
    lua_pushfstring(L, "timing of %I closed and %I open traces, %I nodes", (LUAI_UACINT)closed_count,
                    (LUAI_UACINT)traces->open_count, (LUAI_UACINT)tr_timing_node_count(timing));
    return 1;
}

static int timing_finalize(lua_State *L) {
    tr_lua_timing *self = tr_lua_check_object(L, 1, TR_LUA_TIMING);
    tr_timing_free(self->timing);
    self->timing = NULL;
    tr_lua_tell_memory(L, &self->told_bytes, 0);
    return 0;
}

int tr_lua_timing_absorb(lua_State *L) {
    tr_lua_timing *from = tr_lua_check_object(L, 2, TR_LUA_TIMING);
    lua_pushcfunction(L, timing_merge);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 0);
    tr_timing_free(from->timing);
    from->timing = NULL;
    tr_lua_tell_memory(L, &from->told_bytes, 0);
    return 0;
}

/* ---- open ---- */

void tr_lua_open_timing(lua_State *L) {
    static const luaL_Reg methods[] = {{"add", timing_add},
                                       {"add_child", timing_add_child},
                                       {"merge", timing_merge},
                                       {"report", timing_report},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__tostring", timing_tostring}, {"__gc", timing_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_TIMING, NULL, 0, methods, metamethods, timing_index, 0);
}
