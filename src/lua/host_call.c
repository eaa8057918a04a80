#include "lua/host_call.h"

#include <lualib.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua/failure.h"
#include "lua/limits.h"

/* ---- guard, xpcall ---- */

/* guard(f, ...): as pcall; every unwinding of the state ends here. */
int tr_host_guard(lua_State *L) {
    luaL_checkany(L, 1);
    int status = tr_limits_guard(L, lua_gettop(L) - 1);
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    return lua_gettop(L);
}

/* Keeps the traceback in its upvalue: the handler of the caller comes later, when the stack is unwound. */
static int keep_traceback(lua_State *L) {
    lua_settop(L, 1);
    luaL_traceback(L, L, NULL, 1);
    lua_replace(L, lua_upvalueindex(1));
    return 1;
}

enum { XPCALL_HANDLER = 1, XPCALL_TRACEBACK = 2, XPCALL_KEPT = 2 };

static int finish_handler(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return lua_gettop(L) - XPCALL_KEPT;
}

static int finish_xpcall(lua_State *L, int status, lua_KContext context) {
    (void)context;
    if (status == LUA_OK || status == LUA_YIELD) {
        lua_pushboolean(L, true);
        lua_insert(L, XPCALL_KEPT + 1);
        return lua_gettop(L) - XPCALL_KEPT;
    }
    if (tr_limits_is_unwinding()) {
        return lua_error(L);
    }
    lua_pushboolean(L, false); /* handler, keeper, problem, false */
    lua_insert(L, -2);         /* handler, keeper, false, problem */
    lua_pushvalue(L, XPCALL_HANDLER);
    lua_insert(L, -2); /* handler, keeper, false, handler, problem */
    lua_getupvalue(L, XPCALL_TRACEBACK, 1);
    lua_callk(L, 2, LUA_MULTRET, 0, finish_handler);
    return finish_handler(L, LUA_OK, 0);
}

/* xpcall(f, handler, ...): the handler is called as handler(problem, traceback), when the stack is unwound. */
int tr_host_xpcall(lua_State *L) {
    luaL_checktype(L, 2, LUA_TFUNCTION);
    int argument_count = lua_gettop(L) - 2;
    lua_pushnil(L);
    lua_pushcclosure(L, keep_traceback, 1); /* f, handler, arguments..., keeper */
    lua_insert(L, 3);                       /* f, handler, keeper, arguments... */
    lua_pushvalue(L, 1);
    lua_insert(L, 4);
    lua_remove(L, 1); /* handler, keeper, f, arguments... */
    int status = lua_pcallk(L, argument_count, LUA_MULTRET, XPCALL_TRACEBACK, 0, finish_xpcall);
    return finish_xpcall(L, status, 0);
}

/* ---- coroutines ---- */

/* Resumes the thread with the arguments on top of L. Returns the number of results now on L, or -1 and a problem.
 */
static int resume(lua_State *L, lua_State *thread, int argument_count) {
    int result_count = 0;
    if (tr_limits_is_unwinding()) {
        return tr_limits_raise(L);
    }
    if (!lua_checkstack(thread, argument_count)) {
        tr_lua_check_stack_is_full(L, thread, argument_count);
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, thread, argument_count);
    lua_State *previous = tr_limits_enter(thread);
    int status = lua_resume(thread, L, argument_count, &result_count);
    tr_limits_leave(previous);
    if (tr_limits_is_unwinding()) {
        return tr_limits_raise(L);
    }
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(thread, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, result_count + 1)) {
        tr_lua_check_stack_is_full(L, L, result_count);
        lua_pop(thread, result_count);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(thread, L, result_count);
    return result_count;
}

static lua_State *check_thread(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTHREAD);
    return lua_tothread(L, 1);
}

static int coroutine_resume(lua_State *L) {
    int count = resume(L, check_thread(L), lua_gettop(L) - 1);
    lua_pushboolean(L, count >= 0);
    if (count < 0) {
        count = 1;
    }
    lua_insert(L, -1 - count);
    return count + 1;
}

/* Closes the thread's variables, which can run Lua code, as part of it. */
static int close_thread(lua_State *thread) {
    lua_State *previous = tr_limits_enter(thread);
    int status = lua_resetthread(thread);
    tr_limits_leave(previous);
    return status;
}

static int wrapped(lua_State *L) {
    lua_State *thread = lua_tothread(L, lua_upvalueindex(1));
    int count = resume(L, thread, lua_gettop(L));
    if (count >= 0) {
        return count;
    }
    int status = lua_status(thread);
    if (status != LUA_OK && status != LUA_YIELD && close_thread(thread) != LUA_OK) {
        lua_xmove(thread, L, 1); /* the problem that closing met, or the same again */
    }
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int coroutine_wrap(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *thread = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, thread, 1);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

/* The standard function checks that the thread can be closed, so it is called; it runs the thread's own code. */
static int coroutine_close(lua_State *L) {
    lua_State *previous = tr_limits_enter(check_thread(L));
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    tr_limits_leave(previous);
    if (tr_limits_is_unwinding()) {
        return tr_limits_raise(L);
    }
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

void tr_host_push_coroutine(lua_State *L) {
    static const luaL_Reg functions[] = {{"resume", coroutine_resume}, {"wrap", coroutine_wrap}, {NULL, NULL}};
    lua_newtable(L); /* ours */
    lua_getglobal(L, LUA_COLIBNAME);
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) { /* ours, standard, name, function */
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -5);
    }
    lua_insert(L, -2); /* standard, ours */
    luaL_setfuncs(L, functions, 0);
    lua_getfield(L, -2, "close");
    lua_pushcclosure(L, coroutine_close, 1);
    lua_setfield(L, -2, "close");
    lua_remove(L, -2); /* ours */
}
