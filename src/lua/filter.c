#include "lua/filter.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/node_names.h"
#include "lua/options.h"
#include "tracereel/record.h"

static const tr_lua_option filter_keys[] = {
#define FILTER_KEY(name) {#name, NULL},
    TR_FILTER_KEYS(FILTER_KEY)
#undef FILTER_KEY
};

static const tr_lua_options filter_options = {"a filter", "key", filter_keys, sizeof filter_keys / sizeof *filter_keys};

void tr_lua_check_filter_keys(lua_State *L, int index) {
    tr_lua_read_options(L, index, &filter_options, NULL);
}

/* Pushes the field. Returns how many values it holds: 0 if it is absent, the length of an array, otherwise 1.
 */
static size_t push_list(lua_State *L, int index, const char *name) {
    lua_pushstring(L, name);
    switch (lua_rawget(L, index)) {
    case LUA_TNIL:
        return 0;
    case LUA_TTABLE:
        if (lua_rawlen(L, -1) == 0) {
            luaL_error(L, "%s is an empty list: leave it out to let all pass", name);
        }
        return (size_t)lua_rawlen(L, -1);
    default:
        return 1;
    }
}

/* Pushes the element of a list that push_list left on top, or a single value itself. */
static void push_element(lua_State *L, size_t position) {
    if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, (lua_Integer)position + 1);
    } else {
        lua_pushvalue(L, -1);
    }
}

static uint64_t to_time(lua_State *L, int index, const char *name, uint64_t min_ns) {
    uint64_t time_ns = 0;
    lua_pushstring(L, name);
    if (lua_rawget(L, index) != LUA_TNIL) {
        time_ns = tr_lua_to_u64(L, -1, name);
        if (time_ns < min_ns) {
            luaL_error(L, "%s must be above 0", name);
        }
    }
    lua_pop(L, 1);
    return time_ns;
}

static uint32_t to_known_node(lua_State *L, int index, uint32_t names) {
    int is_there = 0;
    uint32_t node_id = tr_lua_to_node(L, index, "nodes", names, &is_there);
    if (!is_there) {
        luaL_error(L, "nodes: no node of the log's flow is called %s", tr_lua_push_got(L, index));
    }
    return node_id;
}

static int compare_ids(const void *left, const void *right) {
    return memcmp(left, right, TR_TRACE_ID_BYTES);
}

const tr_filter *tr_lua_push_filter(lua_State *L, int index, uint32_t names) {
    if (!tr_lua_has_option(L, index, &filter_options)) {
        lua_pushnil(L);
        return NULL;
    }
    size_t type_count = push_list(L, index, "types");
    size_t node_count = push_list(L, index, "nodes");
    size_t trace_count = push_list(L, index, "traces"); /* types, nodes, traces */
    size_t nodes_bytes = node_count * sizeof(uint32_t);
    tr_filter *filter = lua_newuserdatauv(L, sizeof *filter + nodes_bytes + trace_count * TR_TRACE_ID_BYTES, 0);
    memset(filter, 0, sizeof *filter);
    lua_insert(L, -4); /* filter, types, nodes, traces */
    uint32_t *nodes = (uint32_t *)(filter + 1);
    uint8_t(*traces)[TR_TRACE_ID_BYTES] = (void *)(nodes + node_count);
    for (size_t i = 0; i < trace_count; i++) {
        push_element(L, i);
        tr_lua_to_called_trace_id(L, -1, "traces", traces[i]);
        lua_pop(L, 1);
    }
    lua_pop(L, 1); /* filter, types, nodes */
    for (size_t i = 0; i < node_count; i++) {
        push_element(L, i);
        nodes[i] = to_known_node(L, -1, names);
        lua_pop(L, 1);
    }
    lua_pop(L, 1); /* filter, types */
    for (size_t i = 0; i < type_count; i++) {
        push_element(L, i);
        filter->types |= 1u << (unsigned)tr_lua_to_type(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1); /* filter */
    filter->nodes = nodes;
    filter->node_count = node_count;
    filter->traces = (const uint8_t(*)[TR_TRACE_ID_BYTES])traces;
    filter->trace_count = trace_count;
    filter->traces_are_sorted = true;
    qsort(traces, trace_count, sizeof *traces, compare_ids);
    filter->since_ns = to_time(L, index, "since_ns", 0);
    filter->until_ns = to_time(L, index, "until_ns", 1);
    return filter;
}
