#include "lua/contention.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/scenario.h"
#include "lua/simulation.h"
#include "lua/stop.h"
#include "lua/type.h"
#include "tracereel/contention.h"

#define TR_LUA_CONTENTION "tracereel.contention"

typedef struct tr_lua_contention {
    tr_contention *contention; /* NULL once it was finalized */
} tr_lua_contention;

const tr_contention *tr_lua_check_contention(lua_State *L, int index) {
    const tr_lua_contention *self = tr_lua_check_object(L, index, TR_LUA_CONTENTION);
    if (self->contention == NULL) {
        luaL_error(L, "the contention was finalized");
    }
    return self->contention;
}

int tr_lua_recording_contention(lua_State *L) {
    const tr_recording *recording = tr_lua_check_recording(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_newtable(L); /* recording, scenario, anchor */
    tr_scenario scenario;
    tr_lua_read_scenario(L, 2, 3, recording, &scenario);
    tr_lua_contention *self = lua_newuserdatauv(L, sizeof *self, 2); /* recording, scenario, anchor, contention */
    self->contention = NULL;
    luaL_setmetatable(L, TR_LUA_CONTENTION);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, -2, 2);
    tr_error error = {""};
    tr_status status = tr_contention_open(recording, &scenario, &self->contention, &error);
    while (status == TR_OK) {
        tr_lua_active_cursors++;
        status = tr_contention_read(self->contention, &error);
        tr_lua_active_cursors--;
        tr_lua_raise_where_stopped(L);
    }
    return status == TR_END ? 1 : tr_lua_raise_status(L, status, &error);
}

static void set_number(lua_State *L, const char *name, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

static void push_pool(lua_State *L, const tr_pool_use *use) {
    static const char *const kinds[] = {
        [TR_POOL_OF_SCENARIO] = "pool", [TR_POOL_ALL_NODES] = "nodes", [TR_POOL_OF_TRACE] = "nodes_per_trace"};
    lua_createtable(L, 0, 18);
    lua_pushstring(L, kinds[use->kind]);
    lua_setfield(L, -2, "kind");
    if (use->kind == TR_POOL_OF_SCENARIO) {
        tr_lua_set_unsigned(L, "number", use->pool_index + 1);
    }
    lua_pushboolean(L, use->is_given);
    lua_setfield(L, -2, "is_given");
    if (use->capacity > 0) {
        tr_lua_set_unsigned(L, "capacity", use->capacity);
    }
    tr_lua_set_unsigned(L, "peak", use->peak);
    tr_lua_set_unsigned(L, "held", use->held);
    tr_lua_set_unsigned(L, "members", use->members);
    tr_lua_set_unsigned(L, "starts", use->starts);
    tr_lua_set_unsigned(L, "contended", use->contended);
    tr_lua_set_unsigned(L, "explained", use->explained);
    tr_lua_set_unsigned(L, "unwritten_starts", use->unwritten_starts);
    set_number(L, "peak_ns", use->peak_ns);
    set_number(L, "held_ns", use->held_ns);
    set_number(L, "busy_ns", use->busy_ns);
    set_number(L, "place_ns", use->place_ns);
    set_number(L, "lag_ns", use->lag_ns);
    set_number(L, "contention_ns", use->contention_ns);
}

static int contention_pools(lua_State *L) {
    const tr_contention *contention = tr_lua_check_contention(L, 1);
    size_t count = tr_contention_pool_count(contention);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_pool(L, tr_contention_pool_at(contention, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int contention_index(lua_State *L) {
    return tr_lua_index_method(L, "a contention");
}

static int contention_finalize(lua_State *L) {
    tr_lua_contention *self = tr_lua_check_object(L, 1, TR_LUA_CONTENTION);
    tr_contention_close(self->contention);
    self->contention = NULL;
    return 0;
}

void tr_lua_open_contention(lua_State *L) {
    static const luaL_Reg methods[] = {{"pools", contention_pools}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", contention_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_CONTENTION, NULL, 0, methods, metamethods, contention_index, 0);
}
