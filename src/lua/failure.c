/* Failure objects: what is raised when something other than the call itself is wrong. */
#include <stdarg.h>
#include <stdlib.h>

#include "lua/binding.h"

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

void tr_lua_wrap_failure(lua_State *L, const char *kind) {
    lua_createtable(L, 0, 3); /* message, failure */
    lua_insert(L, -2);        /* failure, message */
    lua_setfield(L, -2, "message");
    tr_lua_set_name(L, "kind", kind);
    luaL_setmetatable(L, TR_LUA_FAILURE);
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
    /* From here on it is whoever pulls records, and not the system, that has left too many logs open. */
    enum { MANY_READINGS = 16 };
    const char *message = error != NULL && error->message[0] != '\0' ? error->message : tr_status_meaning(status);
    if (status == TR_ERROR_TOO_MANY && tr_lua_active_readings > MANY_READINGS) {
        luaL_error(L, "%s; %d iterators of log:records() have not come to their end: each holds its log open", message,
                   (int)tr_lua_active_readings);
    }
    tr_lua_raise(L, kind_of(status), "%s", message);
}

static int failure_tostring(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushliteral(L, "message");
    lua_rawget(L, 1);
    return 1;
}

void tr_lua_open_failure(lua_State *L) {
    luaL_newmetatable(L, TR_LUA_FAILURE); /* metatable */
    lua_pushcfunction(L, failure_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, TR_LUA_FAILURE);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
