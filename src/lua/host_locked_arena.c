#include "lua/host_locked_arena.h"

#include <lauxlib.h>

#include "lua/failure.h"
#include "lua/type.h"
#include "tracereel/locked_arena.h"
#include "tracereel/status.h"

#define TR_LUA_LOCKED_ARENA "tracereel.locked_arena"

typedef struct tr_lua_locked_arena {
    tr_locked_arena *locked; /* NULL once it was closed */
} tr_lua_locked_arena;

static tr_locked_arena *check_locked(lua_State *L) {
    const tr_lua_locked_arena *self = tr_lua_check_object(L, 1, TR_LUA_LOCKED_ARENA);
    if (self->locked == NULL) {
        luaL_error(L, "the arena is not locked any more");
    }
    return self->locked;
}

/* lock_arena(path) -> locked arena; raises where another process has it, or it is no file */
int tr_host_lock_arena(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    tr_lua_locked_arena *self = lua_newuserdatauv(L, sizeof *self, 0); /* path, locked */
    self->locked = NULL;
    luaL_setmetatable(L, TR_LUA_LOCKED_ARENA);
    tr_error error = {""};
    tr_status status = tr_locked_arena_open(path, &self->locked, &error);
    return status == TR_OK ? 1 : tr_lua_raise_status(L, status, &error);
}

/* locked:read_header() -> the first 128 bytes, fewer where the file is shorter; the file's size */
static int locked_read_header(lua_State *L) {
    const tr_locked_arena *locked = check_locked(L);
    uint8_t header[TR_ARENA_HEADER_BYTES];
    size_t length;
    uint64_t file_bytes;
    tr_error error = {""};
    tr_status status = tr_locked_arena_read_header(locked, header, &length, &file_bytes, &error);
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, &error);
    }
    lua_pushlstring(L, (const char *)header, length);
    lua_pushinteger(L, (lua_Integer)file_bytes);
    return 2;
}

/* locked:set_write_position(bytes) */
static int locked_set_write_position(lua_State *L) {
    tr_locked_arena *locked = check_locked(L);
    tr_error error = {""};
    tr_status status = tr_locked_arena_set_write_position(locked, (uint64_t)luaL_checkinteger(L, 2), &error);
    return status == TR_OK ? 0 : tr_lua_raise_status(L, status, &error);
}

/* locked:sync() */
static int locked_sync(lua_State *L) {
    tr_error error = {""};
    tr_status status = tr_locked_arena_sync(check_locked(L), &error);
    return status == TR_OK ? 0 : tr_lua_raise_status(L, status, &error);
}

/* locked:close(); closing twice is allowed */
static int locked_close(lua_State *L) {
    tr_lua_locked_arena *self = tr_lua_check_object(L, 1, TR_LUA_LOCKED_ARENA);
    tr_locked_arena_close(self->locked);
    self->locked = NULL;
    return 0;
}

void tr_host_open_locked_arena(lua_State *L) {
    static const luaL_Reg methods[] = {{"read_header", locked_read_header},
                                       {"set_write_position", locked_set_write_position},
                                       {"sync", locked_sync},
                                       {"close", locked_close},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", locked_close}, {"__close", locked_close}, {NULL, NULL}};
    luaL_newmetatable(L, TR_LUA_LOCKED_ARENA); /* metatable */
    luaL_setfuncs(L, metamethods, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, TR_LUA_LOCKED_ARENA);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
