#include "lua/pool_results.h"

#include "lua/arguments.h"

static void set_number(lua_State *L, const char *name, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

/* `wait` of the table on top. */
static void push_waits(lua_State *L, const tr_histogram *wait_ns) {
    lua_createtable(L, 0, 6);
    tr_lua_set_unsigned(L, "count", tr_histogram_count(wait_ns));
    set_number(L, "mean_ns", tr_histogram_mean(wait_ns));
    tr_lua_set_unsigned(L, "p50_ns", tr_histogram_quantile(wait_ns, 0.5));
    tr_lua_set_unsigned(L, "p90_ns", tr_histogram_quantile(wait_ns, 0.9));
    tr_lua_set_unsigned(L, "p99_ns", tr_histogram_quantile(wait_ns, 0.99));
    tr_lua_set_unsigned(L, "max_ns", tr_histogram_max(wait_ns));
    lua_setfield(L, -2, "wait");
}

static void push_pool(lua_State *L, const tr_pool_result *result) {
    lua_createtable(L, 0, 10);
    if (result->pool != NULL) {
        lua_pushlstring(L, result->pool->name, result->pool->name_bytes);
        lua_setfield(L, -2, "name");
    }
    if (result->value.length_bytes > 0) {
        lua_pushlstring(L, result->value.bytes, result->value.length_bytes);
        lua_setfield(L, -2, "value");
    }
    tr_lua_set_unsigned(L, "capacity", result->capacity);
    tr_lua_set_unsigned(L, "asked_count", result->asked_count);
    tr_lua_set_unsigned(L, "waiting_count", result->waiting_count);
    tr_lua_set_unsigned(L, "span_ns", result->span_ns);
    set_number(L, "utilisation", tr_histogram_mean(result->taken) / result->capacity);
    set_number(L, "queue_mean", tr_histogram_mean(result->queue));
    tr_lua_set_unsigned(L, "queue_max", result->max_queue);
    push_waits(L, result->wait_ns);
}

void tr_lua_push_pool_results(lua_State *L, const tr_simulation *simulation) {
    size_t count = tr_simulation_pool_count(simulation);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        tr_pool_result result = tr_simulation_pool_at(simulation, i);
        push_pool(L, &result);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}
