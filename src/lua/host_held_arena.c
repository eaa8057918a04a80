/* An arena that is held for a change, as a userdata that owns it. Only the program has it: no script can reach it. */
#include "tracereel/held_arena.h"

#include "lua/binding.h"
#include "lua/host.h"

#define TR_LUA_HELD_ARENA "tracereel.held_arena"

typedef struct tr_lua_held_arena {
    tr_held_arena *held; /* NULL once it was closed */
} tr_lua_held_arena;

static tr_held_arena *check_held(lua_State *L) {
    const tr_lua_held_arena *self = tr_lua_check_object(L, 1, TR_LUA_HELD_ARENA);
    if (self->held == NULL) {
        luaL_error(L, "the arena is not held any more");
    }
    return self->held;
}

/* hold_arena(path) -> held arena; raises where another process has it, or it is no file */
int tr_host_hold_arena(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    tr_lua_held_arena *self = lua_newuserdatauv(L, sizeof *self, 0); /* path, held */
    self->held = NULL;
    luaL_setmetatable(L, TR_LUA_HELD_ARENA);
    tr_error error = {""};
    tr_status status = tr_held_arena_open(path, &self->held, &error);
    return status == TR_OK ? 1 : tr_lua_raise_status(L, status, &error);
}

/* held:read_header() -> the first 128 bytes, fewer where the file is shorter; the file's size */
static int held_read_header(lua_State *L) {
    const tr_held_arena *held = check_held(L);
    uint8_t header[TR_ARENA_HEADER_BYTES];
    size_t length;
    uint64_t file_bytes;
    tr_error error = {""};
    tr_status status = tr_held_arena_read_header(held, header, &length, &file_bytes, &error);
    if (status != TR_OK) {
        return tr_lua_raise_status(L, status, &error);
    }
    lua_pushlstring(L, (const char *)header, length);
    lua_pushinteger(L, (lua_Integer)file_bytes);
    return 2;
}

/* held:set_write_position(bytes) */
static int held_set_write_position(lua_State *L) {
    tr_held_arena *held = check_held(L);
    tr_error error = {""};
    tr_status status = tr_held_arena_set_write_position(held, (uint64_t)luaL_checkinteger(L, 2), &error);
    return status == TR_OK ? 0 : tr_lua_raise_status(L, status, &error);
}

/* held:sync() */
static int held_sync(lua_State *L) {
    tr_error error = {""};
    tr_status status = tr_held_arena_sync(check_held(L), &error);
    return status == TR_OK ? 0 : tr_lua_raise_status(L, status, &error);
}

/* held:close(); closing twice is allowed */
static int held_close(lua_State *L) {
    tr_lua_held_arena *self = tr_lua_check_object(L, 1, TR_LUA_HELD_ARENA);
    tr_held_arena_close(self->held);
    self->held = NULL;
    return 0;
}

void tr_host_open_held_arena(lua_State *L) {
    static const luaL_Reg methods[] = {{"read_header", held_read_header},
                                       {"set_write_position", held_set_write_position},
                                       {"sync", held_sync},
                                       {"close", held_close},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", held_close}, {"__close", held_close}, {NULL, NULL}};
    luaL_newmetatable(L, TR_LUA_HELD_ARENA); /* metatable */
    luaL_setfuncs(L, metamethods, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, TR_LUA_HELD_ARENA);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
