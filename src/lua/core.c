#include "lua/core.h"

#include "lua/failure.h"
#include "tracereel/status.h"

static const char core_key; /* its address is the core's key in the registry */

tr_lua_core *tr_lua_core_of(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &core_key);
    tr_lua_core *core = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return core;
}

void tr_lua_push_core_value(lua_State *L, enum tr_lua_core_value value) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &core_key); /* core */
    lua_getiuservalue(L, -1, (int)value);
    lua_remove(L, -2); /* value */
}

void tr_lua_set_core_value(lua_State *L, enum tr_lua_core_value value) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &core_key); /* value, core */
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, (int)value); /* core */
    lua_pop(L, 1);
}

void tr_lua_push_json(lua_State *L, tr_lua_core *core) {
    enum { KEPT_BYTES = 1 << 20 };
    if (tr_json_status(&core->json) != TR_OK) {
        tr_json_free(&core->json);
        tr_json_init(&core->json);
        tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    lua_pushlstring(L, core->json.bytes, core->json.length_bytes);
    if (core->json.capacity_bytes > KEPT_BYTES) {
        tr_json_free(&core->json);
        tr_json_init(&core->json);
    }
}

static int core_finalize(lua_State *L) {
    tr_lua_core *core = lua_touserdata(L, 1);
    tr_json_free(&core->json);
    tr_json_init(&core->json);
    return 0;
}

void tr_lua_open_core(lua_State *L) {
    tr_lua_core *core = lua_newuserdatauv(L, sizeof *core, TR_CORE_VALUES); /* core */
    tr_json_init(&core->json);
    core->script_index = 0;
    core->names = 0;
    lua_createtable(L, 0, 1); /* core, metatable */
    lua_pushcfunction(L, core_finalize);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2); /* core */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &core_key);
    lua_newtable(L);
    tr_lua_set_core_value(L, TR_CORE_SEGMENT_NAMES);
    lua_newtable(L);
    tr_lua_set_core_value(L, TR_CORE_NODE_NAMES);
    lua_createtable(L, 0, 1); /* metatable */
    lua_pushliteral(L, "object");
    lua_setfield(L, -2, "__jsontype"); /* the name that other JSON modules of Lua give it, too */
    tr_lua_set_core_value(L, TR_CORE_OBJECT_METATABLE);
}
