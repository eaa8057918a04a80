/* The program: makes a Lua state, shows it where its Lua files are, and hands over to tracereel.cli. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "lua/failure.h"
#include "lua/host.h"
#include "lua/host_modules.h"
#include "lua/host_pager.h"
#include "lua/host_precompiled.h"
#include "lua/host_worker.h"
#include "lua/limits.h"
#include "lua/module.h"
#include "lua/unfinished.h"

#ifndef TRACEREEL_LUA_DIR
#define TRACEREEL_LUA_DIR "/usr/local/share/lua/5.4"
#endif

/* Exit statuses that are decided here; lua/tracereel/cli/exit_codes.lua has all of them. */
enum { EXIT_IO = 4, EXIT_LIMIT = 5, EXIT_INTERRUPTED = 130 };

/* Pushes the directory of the Lua files: ../lua, seen from the program, or where they were installed. What was compiled
 * of them is beside the program, or among them. */
static void push_lua_directory(lua_State *L) {
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0) {
        path[length] = '\0';
        char *slash = strrchr(path, '/');
        if (slash != NULL) {
            *slash = '\0';
            lua_pushfstring(L, "%s/../lua", path); /* directory */
            const char *probe = lua_pushfstring(L, "%s/tracereel/cli.lua", lua_tostring(L, -1));
            bool is_there = access(probe, R_OK) == 0 || (errno != ENOENT && errno != ENOTDIR && errno != EACCES);
            lua_pop(L, 1);
            if (is_there) {
                tr_host_use_precompiled(lua_pushfstring(L, "%s/precompiled.luac", path));
                lua_pop(L, 1);
                return;
            }
            lua_pop(L, 1);
        }
    }
    lua_pushliteral(L, TRACEREEL_LUA_DIR);
    tr_host_use_precompiled(TRACEREEL_LUA_DIR "/tracereel/precompiled.luac");
}

static void set_up_modules(lua_State *L) {
    luaL_openlibs(L);
    tr_lua_open_failure(L);                                    /* the first file may be the one that cannot be read */
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE); /* preload */
    lua_pushcfunction(L, luaopen_tracereel_core);
    lua_setfield(L, -2, "tracereel.core");
    lua_pushcfunction(L, luaopen_tracereel_host);
    lua_setfield(L, -2, "tracereel.host");
    lua_pop(L, 1);
    lua_getglobal(L, LUA_LOADLIBNAME); /* package */
    lua_getfield(L, -1, "path");
    push_lua_directory(L); /* package, path, directory */
    const char *directory = lua_tostring(L, -1);
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", directory, directory, lua_tostring(L, -2));
    lua_setfield(L, -4, "path");
    lua_pop(L, 3);
    tr_host_set_searchers(L);
}

/* Called with argc and argv; answers with the exit status. */
static int run(lua_State *L) {
    int count = (int)lua_tointeger(L, 1);
    char **texts = lua_touserdata(L, 2);
    set_up_modules(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "tracereel.cli");
    lua_call(L, 1, 1); /* argc, argv, cli */
    lua_getfield(L, -1, "main");
    lua_createtable(L, count, 0);
    for (int i = 1; i < count; i++) {
        lua_pushstring(L, texts[i]);
        lua_rawseti(L, -2, i);
    }
    lua_call(L, 1, 1);
    return 1;
}

static const char out_of_memory[] = "out of memory"; /* also the text of a tracereel.failure about memory alone */

/* That memory ran out, or that a file cannot be read, is no mistake of the program's that a traceback could explain. */
static bool is_out_of_memory(const char *message) {
    return strcmp(message, "not enough memory") == 0 || strcmp(message, out_of_memory) == 0;
}

static int add_traceback(lua_State *L) {
    const char *message = luaL_tolstring(L, 1, NULL);
    if (!is_out_of_memory(message) && tr_lua_failure_kind(L, 1) == NULL) {
        luaL_traceback(L, L, message, 1);
    }
    return 1;
}

/* What the command line did not handle itself. */
static int explain_failure(lua_State *L) {
    if (tr_limits_tripped() != TR_LIMIT_NONE) {
        fputs("tracereel: a limit set for the script was reached\n", stderr);
        return EXIT_LIMIT;
    }
    if (tr_limits_interrupted()) {
        return EXIT_INTERRUPTED;
    }
    const char *message = luaL_tolstring(L, -1, NULL); /* a text by now: add_traceback has seen it */
    fprintf(stderr, "tracereel: %s\n", is_out_of_memory(message) ? out_of_memory : message);
    return EXIT_IO;
}

int main(int argc, char **argv) {
    lua_State *L = lua_newstate(tr_limits_allocate, NULL);
    if (L == NULL) {
        fputs("tracereel: out of memory\n", stderr);
        return EXIT_IO;
    }
    /* Most of what a script makes is garbage at once: young collections find it while it is still in the cache. */
    lua_gc(L, LUA_GCGEN, 0, 0);
    tr_limits_begin(L);
    lua_pushcfunction(L, add_traceback);
    lua_pushcfunction(L, run);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    int code = lua_pcall(L, 2, 1, 1) == LUA_OK ? (int)lua_tointeger(L, -1) : explain_failure(L);
    tr_host_end_pager();
    tr_host_workers_cancel();
    tr_lua_unfinished_drop_all();
    tr_limits_end();
    lua_sethook(L, NULL, 0, 0);
    lua_close(L);
    return code;
}
