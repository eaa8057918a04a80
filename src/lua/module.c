/* luaopen_tracereel_core: the module that init.lua builds on, and what one Lua state has once. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/binding.h"
#include "lua/timing.h"

/* ---- what a state has once ---- */

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

/* Sets it to the value on top of the stack, which is popped. */
static void set_core_value(lua_State *L, enum tr_lua_core_value value) {
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

static void open_core(lua_State *L) {
    tr_lua_core *core = lua_newuserdatauv(L, sizeof *core, TR_CORE_VALUES); /* core */
    tr_json_init(&core->json);
    core->script_index = 0;
    lua_createtable(L, 0, 1); /* core, metatable */
    lua_pushcfunction(L, core_finalize);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2); /* core */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &core_key);
    lua_newtable(L);
    set_core_value(L, TR_CORE_SEGMENT_NAMES);
    tr_lua_push_record_keys(L);
    set_core_value(L, TR_CORE_RECORD_KEYS);
    lua_createtable(L, 0, 1); /* metatable */
    lua_pushliteral(L, "object");
    lua_setfield(L, -2, "__jsontype"); /* the name that dkjson gives it */
    set_core_value(L, TR_CORE_OBJECT_METATABLE);
}

/* ---- types ---- */

static int refuse_assignment(lua_State *L) {
    return luaL_error(L, "%s cannot be changed: '%s' is read-only", lua_tostring(L, lua_upvalueindex(1)),
                      luaL_tolstring(L, 2, NULL));
}

const tr_keys *tr_lua_new_type(lua_State *L, const char *type, const char *const *fields, int field_count,
                               const luaL_Reg *methods, const luaL_Reg *metamethods, lua_CFunction index,
                               int upvalue_count) {
    luaL_newmetatable(L, type);
    luaL_setfuncs(L, metamethods, 0);
    lua_insert(L, -1 - upvalue_count); /* metatable, upvalues... */
    tr_keys_push(L, fields, field_count);
    const tr_keys *keys = lua_touserdata(L, -1);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0); /* metatable, upvalues..., keys, methods */
    lua_rotate(L, -2 - upvalue_count, 2);
    lua_pushcclosure(L, index, TR_UPVALUE_METHODS + upvalue_count);
    lua_setfield(L, -2, "__index"); /* metatable */
    lua_pushstring(L, type);
    lua_pushcclosure(L, refuse_assignment, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushstring(L, type);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    return keys;
}

int tr_lua_index_method(lua_State *L, const char *what) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(TR_UPVALUE_METHODS)) == LUA_TNIL) {
        return tr_keys_raise_unknown(L, what, lua_upvalueindex(TR_UPVALUE_KEYS), lua_upvalueindex(TR_UPVALUE_METHODS),
                                     2);
    }
    return 1;
}

static int block_finalize(lua_State *L) {
    void **block = lua_touserdata(L, 1);
    free(*block);
    *block = NULL;
    return 0;
}

void **tr_lua_push_block(lua_State *L) {
    void **block = lua_newuserdatauv(L, sizeof *block, 0);
    *block = NULL;
    if (luaL_newmetatable(L, "tracereel.block")) {
        lua_pushcfunction(L, block_finalize);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return block;
}

/* ---- functions and tables of the module ---- */

static int unsigned_digits(lua_State *L) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, (uint64_t)luaL_checkinteger(L, 1));
    lua_pushlstring(L, digits, (size_t)length);
    return 1;
}

static int set_json_decoder(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    set_core_value(L, TR_CORE_JSON_DECODER);
    return 0;
}

static int set_duration_parser(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    set_core_value(L, TR_CORE_DURATION_PARSER);
    return 0;
}

/* function(trace, node_id, form) -> output or nil, problem; nil: there are no arenas. */
static int set_output_reader(lua_State *L) {
    lua_settop(L, 1);
    set_core_value(L, TR_CORE_OUTPUT_READER);
    return 0;
}

/* Outside of a replay: whose `trace.data` is shown, by the position of its handler table from 1. */
static int set_script(lua_State *L) {
    lua_Integer position = luaL_checkinteger(L, 1);
    luaL_argcheck(L, position >= 1 && position <= INT32_MAX, 1, "a position from 1");
    tr_lua_core_of(L)->script_index = (uint32_t)(position - 1);
    return 0;
}

static int null_tostring(lua_State *L) {
    lua_pushliteral(L, "null");
    return 1;
}

static void push_null(lua_State *L) {
    lua_newtable(L);          /* null */
    lua_createtable(L, 0, 3); /* null, metatable */
    lua_pushcfunction(L, null_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "null cannot be changed");
    lua_pushcclosure(L, refuse_assignment, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "tracereel.null");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    set_core_value(L, TR_CORE_NULL);
}

/* Sets the module's tables of names; the module is on top of the stack. */
static void set_names(lua_State *L) {
    lua_createtable(L, TR_RECORD_TYPE_COUNT, 0);
    for (unsigned type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
        lua_pushstring(L, tr_record_type_name(type));
        lua_rawseti(L, -2, (lua_Integer)type + 1);
    }
    lua_setfield(L, -2, "types");
    lua_createtable(L, 0, TR_GAP_CLASS_COUNT);
    for (unsigned gap_class = 0; gap_class < TR_GAP_CLASS_COUNT; gap_class++) {
        lua_pushboolean(L, tr_gap_class_is_damage((tr_gap_class)gap_class));
        lua_setfield(L, -2, tr_gap_class_name((tr_gap_class)gap_class));
    }
    lua_setfield(L, -2, "gap_classes");
    lua_createtable(L, 0, TR_VIOLATION_COUNT);
    for (unsigned bit = 0; bit < TR_VIOLATION_COUNT; bit++) {
        lua_pushstring(L, tr_violation_meaning(bit));
        lua_setfield(L, -2, tr_violation_name(bit));
    }
    lua_setfield(L, -2, "violations");
    tr_lua_push_handler_keys(L, false);
    lua_setfield(L, -2, "handler_keys");
    tr_lua_push_handler_keys(L, true);
    lua_setfield(L, -2, "script_keys");
    push_null(L);
    lua_setfield(L, -2, "null");
    lua_pushliteral(L, TRACEREEL_VERSION);
    lua_setfield(L, -2, "version");
}

int luaopen_tracereel_core(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"open", tr_lua_open_log},
        {"decode", tr_lua_decode},
        {"histogram", tr_lua_new_histogram},
        {"timing", tr_lua_new_timing},
        {"writer", tr_lua_new_writer},
        {"json", tr_lua_json},
        {"unsigned", unsigned_digits},
        {"constructors", tr_lua_constructors},
        {"set_json_decoder", set_json_decoder},
        {"set_duration_parser", set_duration_parser},
        {"set_output_reader", set_output_reader},
        {"set_script", set_script},
        {"state", tr_lua_new_state},
        {"sha256", tr_lua_sha256},
        {"crc32", tr_lua_crc32},
        {"taint_was_read", tr_lua_taint_was_read},
        {NULL, NULL},
    };
    luaL_checkversion(L);
    open_core(L);
    tr_lua_open_failure(L);
    tr_lua_open_rec(L);
    tr_lua_open_node(L);
    tr_lua_open_trace(L);
    tr_lua_open_reading(L);
    tr_lua_open_log_type(L);
    tr_lua_open_histogram(L);
    tr_lua_open_timing(L);
    tr_lua_open_writer(L);
    tr_lua_open_state(L);
    luaL_newlib(L, functions); /* module */
    set_names(L);
    return 1;
}
