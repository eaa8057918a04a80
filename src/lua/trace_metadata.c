#include "lua/trace_metadata.h"

#include "lua/arguments.h"
#include "lua/trace.h"
#include "lua/trace_view.h"

void tr_lua_push_metadata_table(lua_State *L, const tr_trace *trace) {
    tr_lua_trace *self = lua_touserdata(L, 1);
    if (lua_getiuservalue(L, 1, TR_HANDLE_METADATA) == LUA_TTABLE && self->metadata_life == trace->restart_count) {
        return;
    }
    lua_pop(L, 1);
    tr_lua_push_object(L, trace->metadata, trace->metadata_bytes); /* object */
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, TR_HANDLE_METADATA);
    self->metadata_life = trace->restart_count;
}

void tr_lua_push_metadata_field(lua_State *L, const tr_trace *trace, const char *name, int kind) {
    if (trace->metadata_bytes == 0) {
        lua_pushnil(L);
        return;
    }
    tr_lua_push_metadata_table(L, trace); /* object or nil */
    if (lua_istable(L, -1)) {
        lua_pushstring(L, name);
        lua_rawget(L, -2); /* object, value */
        lua_remove(L, -2);
    }
    if (lua_type(L, -1) != kind) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}

void tr_lua_push_parent(lua_State *L, const tr_trace *trace) {
    uint8_t id[TR_TRACE_ID_BYTES];
    tr_lua_push_metadata_field(L, trace, "parent", LUA_TSTRING); /* text or nil */
    size_t length = 0;
    const char *text = lua_tolstring(L, -1, &length);
    bool is_id = text != NULL && tr_trace_id_parse(text, length, id);
    lua_pop(L, 1);
    if (is_id) {
        tr_lua_push_trace_id(L, id);
    } else {
        lua_pushnil(L);
    }
}

void tr_lua_push_parent_node(lua_State *L, const tr_trace *trace) {
    tr_lua_push_metadata_field(L, trace, "parent_node", LUA_TNUMBER); /* number or nil */
    if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0 || lua_tointeger(L, -1) > UINT32_MAX) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}
