#include "lua/host_locked_log.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/type.h"
#include "tracereel/locked_log.h"
#include "tracereel/status.h"

#define TR_LUA_LOCKED_LOG "tracereel.locked_log"

typedef struct tr_lua_locked_log {
    tr_locked_log *locked; /* NULL once it was closed */
} tr_lua_locked_log;

/* ---- check ---- */

static tr_locked_log *check_locked(lua_State *L) {
    const tr_lua_locked_log *self = tr_lua_check_object(L, 1, TR_LUA_LOCKED_LOG);
    if (self->locked == NULL) {
        luaL_error(L, "the log is not locked any more");
    }
    return self->locked;
}

static int answer(lua_State *L, tr_status status, const tr_error *error) {
    return status == TR_OK ? 0 : tr_lua_raise_status(L, status, error);
}

static uint64_t check_count_field(lua_State *L, const char *name) {
    lua_getfield(L, -1, name);
    uint64_t value = tr_lua_to_u64(L, -1, name);
    lua_pop(L, 1);
    return value;
}

/* Pushes a userdata with the stretches of the array at `index`: { { offset =, length = }, ... }. */
static tr_stretch *push_stretches(lua_State *L, int index, size_t *count) {
    luaL_checktype(L, index, LUA_TTABLE);
    *count = lua_rawlen(L, index);
    luaL_argcheck(L, *count <= SIZE_MAX / sizeof(tr_stretch), index, "too many stretches");
    tr_stretch *stretches = lua_newuserdatauv(L, *count * sizeof *stretches, 0);
    for (size_t i = 0; i < *count; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TTABLE) {
            luaL_argerror(L, index, "an array of tables with offset and length expected");
        }
        stretches[i].offset = check_count_field(L, "offset");
        stretches[i].length_bytes = check_count_field(L, "length");
        lua_pop(L, 1);
    }
    return stretches;
}

/* ---- push ---- */

/* lock_log(directory) -> locked log; raises where another process has it */
int tr_host_lock_log(lua_State *L) {
    const char *directory = luaL_checkstring(L, 1);
    tr_lua_locked_log *self = lua_newuserdatauv(L, sizeof *self, 0); /* directory, locked */
    self->locked = NULL;
    luaL_setmetatable(L, TR_LUA_LOCKED_LOG);
    tr_error error = {""};
    tr_status status = tr_locked_log_open(directory, &self->locked, &error);
    return status == TR_OK ? 1 : tr_lua_raise_status(L, status, &error);
}

/* ---- methods ---- */

/* locked:next_name() -> name of the segment that add_segment makes, nil where no number is left */
static int locked_next_name(lua_State *L) {
    lua_pushstring(L, tr_locked_log_next_name(check_locked(L)));
    return 1;
}

/* locked:add_segment(bytes) */
static int locked_add_segment(lua_State *L) {
    tr_locked_log *locked = check_locked(L);
    size_t length;
    const char *bytes = luaL_checklstring(L, 2, &length);
    tr_error error = {""};
    return answer(L, tr_locked_log_add_segment(locked, (const uint8_t *)bytes, length, &error), &error);
}

/* locked:replace_segment(name, kept stretches, original_name) */
static int locked_replace_segment(lua_State *L) {
    tr_locked_log *locked = check_locked(L);
    const char *name = luaL_checkstring(L, 2);
    const char *original_name = luaL_checkstring(L, 4);
    size_t count;
    const tr_stretch *kept = push_stretches(L, 3, &count);
    tr_error error = {""};
    return answer(L, tr_locked_log_replace_segment(locked, name, kept, count, original_name, &error), &error);
}

/* locked:save(name, stretches, copy_name) */
static int locked_save(lua_State *L) {
    tr_locked_log *locked = check_locked(L);
    const char *name = luaL_checkstring(L, 2);
    const char *copy_name = luaL_checkstring(L, 4);
    size_t count;
    const tr_stretch *stretches = push_stretches(L, 3, &count);
    tr_error error = {""};
    return answer(L, tr_locked_log_save(locked, name, stretches, count, copy_name, &error), &error);
}

/* locked:append_line(file_name, line) */
static int locked_append_line(lua_State *L) {
    tr_locked_log *locked = check_locked(L);
    const char *file_name = luaL_checkstring(L, 2);
    size_t length;
    const char *line = luaL_checklstring(L, 3, &length);
    tr_error error = {""};
    return answer(L, tr_locked_log_append_line(locked, file_name, line, length, &error), &error);
}

/* locked:preflight(file_name): raises what a change would fail on */
static int locked_preflight(lua_State *L) {
    const tr_locked_log *locked = check_locked(L);
    tr_error error = {""};
    return answer(L, tr_locked_log_preflight(locked, luaL_checkstring(L, 2), &error), &error);
}

/* locked:sync() */
static int locked_sync(lua_State *L) {
    tr_error error = {""};
    return answer(L, tr_locked_log_sync(check_locked(L), &error), &error);
}

/* locked:close(); closing twice is allowed */
static int locked_close(lua_State *L) {
    tr_lua_locked_log *self = tr_lua_check_object(L, 1, TR_LUA_LOCKED_LOG);
    tr_locked_log_close(self->locked);
    self->locked = NULL;
    return 0;
}

static int locked_tostring(lua_State *L) {
    const tr_lua_locked_log *self = tr_lua_check_object(L, 1, TR_LUA_LOCKED_LOG);
    lua_pushstring(L, self->locked == NULL ? "locked log (closed)" : "locked log");
    return 1;
}

/* ---- open ---- */

void tr_host_open_locked_log(lua_State *L) {
    static const luaL_Reg methods[] = {{"next_name", locked_next_name},
                                       {"add_segment", locked_add_segment},
                                       {"replace_segment", locked_replace_segment},
                                       {"save", locked_save},
                                       {"append_line", locked_append_line},
                                       {"preflight", locked_preflight},
                                       {"sync", locked_sync},
                                       {"close", locked_close},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__tostring", locked_tostring}, {"__gc", locked_close}, {"__close", locked_close}, {NULL, NULL}};
    luaL_newmetatable(L, TR_LUA_LOCKED_LOG); /* metatable */
    luaL_setfuncs(L, metamethods, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, TR_LUA_LOCKED_LOG);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
