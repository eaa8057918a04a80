/* A log that is held for a change, as a userdata that owns it. Only the program has it: no script can reach it. */
#include "tracereel/held_log.h"

#include "lua/binding.h"
#include "lua/host.h"

#define TR_LUA_HELD_LOG "tracereel.held_log"

typedef struct tr_lua_held_log {
    tr_held_log *held; /* NULL once it was closed */
} tr_lua_held_log;

/* ---- check ---- */

static tr_held_log *check_held(lua_State *L) {
    const tr_lua_held_log *self = tr_lua_check_object(L, 1, TR_LUA_HELD_LOG);
    if (self->held == NULL) {
        luaL_error(L, "the log is not held any more");
    }
    return self->held;
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

/* hold_log(directory) -> held log; raises where another process has it */
int tr_host_hold_log(lua_State *L) {
    const char *directory = luaL_checkstring(L, 1);
    tr_lua_held_log *self = lua_newuserdatauv(L, sizeof *self, 0); /* directory, held */
    self->held = NULL;
    luaL_setmetatable(L, TR_LUA_HELD_LOG);
    tr_error error = {""};
    tr_status status = tr_held_log_open(directory, &self->held, &error);
    return status == TR_OK ? 1 : tr_lua_raise_status(L, status, &error);
}

/* ---- methods ---- */

/* held:next_name() -> name of the segment that add_segment makes, nil where no number is left */
static int held_next_name(lua_State *L) {
    lua_pushstring(L, tr_held_log_next_name(check_held(L)));
    return 1;
}

/* held:add_segment(bytes) */
static int held_add_segment(lua_State *L) {
    tr_held_log *held = check_held(L);
    size_t length;
    const char *bytes = luaL_checklstring(L, 2, &length);
    tr_error error = {""};
    return answer(L, tr_held_log_add_segment(held, (const uint8_t *)bytes, length, &error), &error);
}

/* held:replace_segment(name, kept stretches, original_name) */
static int held_replace_segment(lua_State *L) {
    tr_held_log *held = check_held(L);
    const char *name = luaL_checkstring(L, 2);
    const char *original_name = luaL_checkstring(L, 4);
    size_t count;
    const tr_stretch *kept = push_stretches(L, 3, &count);
    tr_error error = {""};
    return answer(L, tr_held_log_replace_segment(held, name, kept, count, original_name, &error), &error);
}

/* held:save(name, stretches, copy_name) */
static int held_save(lua_State *L) {
    tr_held_log *held = check_held(L);
    const char *name = luaL_checkstring(L, 2);
    const char *copy_name = luaL_checkstring(L, 4);
    size_t count;
    const tr_stretch *stretches = push_stretches(L, 3, &count);
    tr_error error = {""};
    return answer(L, tr_held_log_save(held, name, stretches, count, copy_name, &error), &error);
}

/* held:append_line(file_name, line) */
static int held_append_line(lua_State *L) {
    tr_held_log *held = check_held(L);
    const char *file_name = luaL_checkstring(L, 2);
    size_t length;
    const char *line = luaL_checklstring(L, 3, &length);
    tr_error error = {""};
    return answer(L, tr_held_log_append_line(held, file_name, line, length, &error), &error);
}

/* held:foresee(file_name): raises what a change would fail on */
static int held_foresee(lua_State *L) {
    const tr_held_log *held = check_held(L);
    tr_error error = {""};
    return answer(L, tr_held_log_foresee(held, luaL_checkstring(L, 2), &error), &error);
}

/* held:sync() */
static int held_sync(lua_State *L) {
    tr_error error = {""};
    return answer(L, tr_held_log_sync(check_held(L), &error), &error);
}

/* held:close(); closing twice is allowed */
static int held_close(lua_State *L) {
    tr_lua_held_log *self = tr_lua_check_object(L, 1, TR_LUA_HELD_LOG);
    tr_held_log_close(self->held);
    self->held = NULL;
    return 0;
}

static int held_tostring(lua_State *L) {
    const tr_lua_held_log *self = tr_lua_check_object(L, 1, TR_LUA_HELD_LOG);
    lua_pushstring(L, self->held == NULL ? "held log (closed)" : "held log");
    return 1;
}

/* ---- open ---- */

void tr_host_open_held_log(lua_State *L) {
    static const luaL_Reg methods[] = {{"next_name", held_next_name},
                                       {"add_segment", held_add_segment},
                                       {"replace_segment", held_replace_segment},
                                       {"save", held_save},
                                       {"append_line", held_append_line},
                                       {"foresee", held_foresee},
                                       {"sync", held_sync},
                                       {"close", held_close},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__tostring", held_tostring}, {"__gc", held_close}, {"__close", held_close}, {NULL, NULL}};
    luaL_newmetatable(L, TR_LUA_HELD_LOG); /* metatable */
    luaL_setfuncs(L, metamethods, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, TR_LUA_HELD_LOG);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
