#include "lua/scenario_pools.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/scenario_fields.h"

/* The calendar in the field `name`; returns false where there is none, which is always open. */
static bool read_calendar(lua_State *L, int index, int anchor_index, const char *name, tr_calendar *calendar) {
    bool is_there = lua_getfield(L, index, name) == LUA_TTABLE;
    if (is_there) {
        int at = lua_gettop(L);
        lua_getfield(L, at, "offset_ns");
        calendar->offset_ns = luaL_checkinteger(L, -1);
        lua_pop(L, 1);
        tr_open_window *windows =
            tr_lua_begin_list(L, at, anchor_index, "windows", sizeof *windows, &calendar->window_count); /* list */
        for (size_t i = 0; i < calendar->window_count; i++) {
            lua_rawgeti(L, -1, (lua_Integer)i + 1);
            windows[i].from_ns = tr_lua_read_u64(L, lua_gettop(L), "from_ns");
            windows[i].until_ns = tr_lua_read_u64(L, lua_gettop(L), "until_ns");
            lua_pop(L, 1);
        }
        calendar->windows = windows;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return is_there;
}

/* What the pool on top of the stack has more than one of. */
static void read_pool_lists(lua_State *L, int anchor_index, tr_pool *pool) {
    int at = lua_gettop(L);
    uint32_t *nodes = tr_lua_begin_list(L, at, anchor_index, "nodes", sizeof *nodes, &pool->node_count);
    for (size_t i = 0; i < pool->node_count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        nodes[i] = tr_lua_to_u32(L, -1, "nodes");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    tr_pool_share *shares = tr_lua_begin_list(L, at, anchor_index, "shares", sizeof *shares, &pool->share_count);
    for (size_t i = 0; i < pool->share_count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1); /* the list keeps it, and it its text */
        shares[i].value = tr_lua_read_text(L, lua_gettop(L), "value", &shares[i].value_bytes);
        shares[i].capacity = tr_lua_read_u32(L, lua_gettop(L), "capacity");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    pool->nodes = nodes;
    pool->shares = shares;
    read_calendar(L, at, anchor_index, "calendar", &pool->calendar);
    pool->has_recorded_calendar = read_calendar(L, at, anchor_index, "recorded_calendar", &pool->recorded_calendar);
}

void tr_lua_read_pools(lua_State *L, int index, int anchor_index, tr_scenario *scenario) {
    static const char *const orders[] = {
        [TR_ORDER_FIFO] = "fifo", [TR_ORDER_LIFO] = "lifo", [TR_ORDER_MEMBER] = "member", [TR_ORDER_ASK] = "ask", NULL};
    tr_pool *pools =
        tr_lua_begin_list(L, index, anchor_index, "pools", sizeof *pools, &scenario->pool_count); /* list */
    for (size_t i = 0; i < scenario->pool_count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1); /* list, pool: it keeps its texts */
        int at = lua_gettop(L);
        pools[i].name = tr_lua_read_text(L, at, "name", &pools[i].name_bytes);
        pools[i].takes_others = tr_lua_read_boolean(L, at, "takes_others");
        pools[i].by = tr_lua_read_text(L, at, "by", &pools[i].by_bytes);
        pools[i].is_by_trace = tr_lua_read_boolean(L, at, "is_by_trace");
        pools[i].capacity = tr_lua_read_u32(L, at, "capacity");
        pools[i].recorded = tr_lua_read_u32(L, at, "recorded");
        lua_getfield(L, at, "order");
        pools[i].order = (tr_pool_order)luaL_checkoption(L, -1, "fifo", orders);
        lua_pop(L, 1);
        pools[i].priority = tr_lua_read_text(L, at, "priority", &pools[i].priority_bytes);
        pools[i].holds = tr_lua_read_boolean(L, at, "holds");
        read_pool_lists(L, anchor_index, &pools[i]);
        lua_pop(L, 1);
    }
    scenario->pools = pools;
    lua_pop(L, 1);
}
