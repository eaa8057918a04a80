#include "lua/failure.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/stop.h"
#include "lua/type.h"

#define TR_LUA_FAILURE "tracereel.failure"

/* A status that is not here is a mistake of the caller's. */
static const char *const kinds[] = {
    [TR_ERROR_MEMORY] = "memory",   [TR_ERROR_IO] = "io",
    [TR_ERROR_TOO_MANY] = "io",     [TR_ERROR_NOT_A_LOG] = "not_a_log",
    [TR_ERROR_INVALID] = "invalid", [TR_ERROR_DAMAGED] = "damaged",
    [TR_ERROR_LOCKED] = "locked",   [TR_ERROR_INTERRUPTED] = "interrupted",
};

static const char *kind_of(tr_status status) {
    const char *kind = (unsigned)status < sizeof kinds / sizeof *kinds ? kinds[status] : NULL;
    return kind != NULL ? kind : "argument";
}

/* A failure is a userdata, whose parts nobody can change and whose type no table can pretend to have: what the program
 * makes of it, above all its exit status, is not a script's to choose. */
enum failure_part { FAILURE_KIND = 1, FAILURE_MESSAGE, FAILURE_TRACEBACK, FAILURE_PARTS = FAILURE_TRACEBACK };

static const char *const part_names[] = {
    [FAILURE_KIND] = "kind", [FAILURE_MESSAGE] = "message", [FAILURE_TRACEBACK] = "traceback"};

/* Names that a script looks for in vain, as Lua says it of them. */
static const char *const missing_names[] = {
    "attempt to index a nil value (global 'io')",    "attempt to index a nil value (global 'os')",
    "attempt to index a nil value (global 'debug')", "attempt to index a nil value (global 'package')",
    "attempt to call a nil value (global 'dofile')", "attempt to call a nil value (global 'loadfile')",
};

/* Adds, to the message on top of the stack, how a script comes by what is missing. */
static void add_advice(lua_State *L) {
    const char *message = lua_tostring(L, -1);
    for (size_t i = 0; i < sizeof missing_names / sizeof *missing_names; i++) {
        if (strstr(message, missing_names[i]) != NULL && strstr(message, "--unsafe") == NULL) {
            lua_pushliteral(L,
                            "; scripts reach no files, processes or clock: --unsafe opens the whole standard library");
            lua_concat(L, 2);
            return;
        }
    }
}

void tr_lua_wrap_failure(lua_State *L, const char *kind) {
    if (strcmp(kind, "script") == 0) {
        add_advice(L);
    }
    lua_newuserdatauv(L, 0, FAILURE_PARTS); /* message, failure */
    lua_insert(L, -2);                      /* failure, message */
    lua_setiuservalue(L, -2, FAILURE_MESSAGE);
    lua_pushstring(L, kind);
    lua_setiuservalue(L, -2, FAILURE_KIND);
    luaL_setmetatable(L, TR_LUA_FAILURE);
}

void tr_lua_set_traceback(lua_State *L) {
    lua_setiuservalue(L, -2, FAILURE_TRACEBACK);
}

int tr_lua_new_failure(lua_State *L) {
    const char *kind = luaL_checkstring(L, 1);
    luaL_checkstring(L, 2);
    lua_settop(L, 3);
    lua_pushvalue(L, 2);
    tr_lua_wrap_failure(L, kind); /* kind, message, traceback, failure */
    lua_pushvalue(L, 3);
    tr_lua_set_traceback(L);
    return 1;
}

int tr_lua_is_failure(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushboolean(L, luaL_testudata(L, 1, TR_LUA_FAILURE) != NULL);
    return 1;
}

const char *tr_lua_failure_kind(lua_State *L, int index) {
    if (luaL_testudata(L, index, TR_LUA_FAILURE) == NULL) {
        return NULL;
    }
    lua_getiuservalue(L, index, FAILURE_KIND);
    const char *kind = lua_tostring(L, -1);
    lua_pop(L, 1);
    return kind;
}

int tr_lua_raise(lua_State *L, const char *kind, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    lua_pushvfstring(L, format, arguments);
    va_end(arguments);
    tr_lua_wrap_failure(L, kind);
    lua_error(L);
    abort(); /* lua_error does not return, but does not say so */
}

int tr_lua_raise_status(lua_State *L, tr_status status, const tr_error *error) {
    /* From here on the caller, who pulls records, and not the system has left too many logs open. */
    enum { MANY_CURSORS = 16 };
    const char *message = error != NULL && error->message[0] != '\0' ? error->message : tr_status_meaning(status);
    if (status == TR_ERROR_TOO_MANY && tr_lua_active_cursors > MANY_CURSORS) {
        luaL_error(L, "%s; %d iterators of log:records() have not come to their end: each holds its log open", message,
                   (int)tr_lua_active_cursors);
    }
    tr_lua_raise(L, kind_of(status), "%s", message);
}

void tr_lua_check_stack_is_full(lua_State *L, lua_State *thread, int slots) {
    /* A full stack has a million slots, of which a function has 255 at most, besides its arguments. */
    enum { MANY_SLOTS = 100000, MANY_LEVELS = 3000 };
    lua_Debug level;
    if (slots < MANY_SLOTS && !lua_getstack(thread, MANY_LEVELS, &level)) {
        tr_lua_raise(L, "memory", "out of memory");
    }
}

void tr_lua_check_stack(lua_State *L, int slots, const char *what) {
    if (!lua_checkstack(L, slots)) {
        tr_lua_check_stack_is_full(L, L, slots);
        luaL_error(L, "stack overflow (%s)", what);
    }
}

static int failure_tostring(lua_State *L) {
    luaL_checkudata(L, 1, TR_LUA_FAILURE);
    lua_getiuservalue(L, 1, FAILURE_MESSAGE);
    return 1;
}

/* The part of that name; nil for any other, as in a table. */
static int failure_index(lua_State *L) {
    luaL_checkudata(L, 1, TR_LUA_FAILURE);
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    for (int part = FAILURE_KIND; part <= FAILURE_PARTS; part++) {
        if (strcmp(name, part_names[part]) == 0) {
            lua_getiuservalue(L, 1, part);
            return 1;
        }
    }
    return 0;
}

/* next(failure, name): the parts that are there, in their order. */
static int failure_next(lua_State *L) {
    luaL_checkudata(L, 1, TR_LUA_FAILURE);
    const char *name = luaL_optstring(L, 2, NULL);
    bool is_next = name == NULL;
    for (int part = FAILURE_KIND; part <= FAILURE_PARTS; part++) {
        if (is_next && lua_getiuservalue(L, 1, part) != LUA_TNIL) {
            lua_pushstring(L, part_names[part]);
            lua_insert(L, -2);
            return 2;
        }
        is_next = is_next || strcmp(name, part_names[part]) == 0;
    }
    lua_pushnil(L);
    return 1;
}

static int failure_pairs(lua_State *L) {
    lua_pushcfunction(L, failure_next);
    lua_pushvalue(L, 1);
    return 2;
}

void tr_lua_open_failure(lua_State *L) {
    static const luaL_Reg metamethods[] = {
        {"__tostring", failure_tostring}, {"__index", failure_index}, {"__pairs", failure_pairs}, {NULL, NULL}};
    luaL_newmetatable(L, TR_LUA_FAILURE); /* metatable */
    luaL_setfuncs(L, metamethods, 0);
    lua_pushliteral(L, "a failure");
    lua_pushcclosure(L, tr_lua_refuse_assignment, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, TR_LUA_FAILURE);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
