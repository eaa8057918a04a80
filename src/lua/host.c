#include "lua/host.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>

#include "lua/files.h"
#include "lua/host_call.h"
#include "lua/host_locked_arena.h"
#include "lua/host_locked_log.h"
#include "lua/host_pager.h"
#include "lua/host_progress.h"
#include "lua/host_records.h"
#include "lua/host_terminal.h"
#include "lua/host_work.h"
#include "lua/host_worker.h"
#include "lua/limits.h"

/* limit_memory(bytes) */
static int limit_memory(lua_State *L) {
    lua_Integer bytes = luaL_checkinteger(L, 1);
    luaL_argcheck(L, bytes >= 0, 1, "must not be negative");
    tr_limits_set_memory((size_t)bytes);
    return 0;
}

/* limit_time(seconds) */
static int limit_time(lua_State *L) {
    if (!tr_limits_set_time(luaL_checknumber(L, 1))) {
        return luaL_error(L, "no timer for the time limit: %s", strerror(errno));
    }
    return 0;
}

/* tripped() -> nil, "memory" or "time" */
static int tripped(lua_State *L) {
    static const char *const names[] = {[TR_LIMIT_NONE] = NULL, [TR_LIMIT_MEMORY] = "memory", [TR_LIMIT_TIME] = "time"};
    lua_pushstring(L, names[tr_limits_tripped()]);
    return 1;
}

/* interrupted() -> boolean */
static int interrupted(lua_State *L) {
    lua_pushboolean(L, tr_limits_interrupted());
    return 1;
}

/* cores() -> integer: how many this process may use */
static int cores(lua_State *L) {
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)online;
    lua_pushinteger(L, count > 0 ? count : 1);
    return 1;
}

/* now_ns() -> integer: Unix time */
static int now_ns(lua_State *L) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    lua_pushinteger(L, (lua_Integer)now.tv_sec * 1000000000 + now.tv_nsec);
    return 1;
}

/* sleep(seconds): shorter where a signal comes */
static int sleep_for(lua_State *L) {
    lua_Number seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds <= 1, 1, "must be 0 to 1");
    struct timespec nap = {(time_t)seconds, (long)((seconds - (lua_Number)(time_t)seconds) * 1e9)};
    nanosleep(&nap, NULL);
    return 0;
}

/* make_directory(path) -> true; or nil and what is wrong */
static int make_directory(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    return tr_lua_path_result(L, mkdir(path, 0777) == 0, path);
}

/* real_path(path) -> the same place from wherever one looks: from the root, without links; or nil and what is wrong */
static int real_path(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    char found[PATH_MAX];
    if (realpath(path, found) == NULL) {
        return tr_lua_path_result(L, false, path);
    }
    lua_pushstring(L, found);
    return 1;
}

/* make_temporary_directory() -> path of a new directory in $TMPDIR or /tmp; or nil and what is wrong */
static int make_temporary_directory(lua_State *L) {
    const char *parent = getenv("TMPDIR");
    lua_pushfstring(L, "%s/tracereel-XXXXXX", parent == NULL || parent[0] == '\0' ? "/tmp" : parent);
    size_t length;
    const char *pattern = lua_tolstring(L, -1, &length);
    char *path = lua_newuserdatauv(L, length + 1, 0); /* pattern, path */
    memcpy(path, pattern, length + 1);
    if (mkdtemp(path) == NULL) {
        return tr_lua_path_result(L, false, pattern);
    }
    lua_pushstring(L, path);
    return 1;
}

static void **push_directory(lua_State *L);

/* list_directory(path) -> names in no order, without "." and ".."; or nil and what is wrong */
static int list_directory(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    void **owner = push_directory(L);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return tr_lua_path_result(L, false, path);
    }
    *owner = directory;
    lua_newtable(L); /* path, owner, names */
    lua_Integer count = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL && errno != 0) {
            return tr_lua_path_result(L, false, path); /* a part of the names must not look like all of them */
        }
        if (entry == NULL) {
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            lua_pushstring(L, entry->d_name);
            lua_rawseti(L, -2, ++count);
        }
    }
    closedir(directory);
    *owner = NULL;
    return 1;
}

static int directory_finalize(lua_State *L) {
    void **owner = lua_touserdata(L, 1);
    if (*owner != NULL) {
        closedir(*owner);
        *owner = NULL;
    }
    return 0;
}

/* A userdata that closes the directory if an error comes before we do. */
static void **push_directory(lua_State *L) {
    void **owner = lua_newuserdatauv(L, sizeof *owner, 0);
    *owner = NULL;
    if (luaL_newmetatable(L, "tracereel.directory")) {
        lua_pushcfunction(L, directory_finalize);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return owner;
}

int luaopen_tracereel_host(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"limit_memory", limit_memory},
        {"limit_time", limit_time},
        {"tripped", tripped},
        {"interrupted", interrupted},
        {"guard", tr_host_guard},
        {"xpcall", tr_host_xpcall},
        {"is_terminal", tr_host_is_terminal},
        {"terminal_columns", tr_host_terminal_columns},
        {"terminal_rows", tr_host_terminal_rows},
        {"begin_keys", tr_host_begin_keys},
        {"end_keys", tr_host_end_keys},
        {"read_keys", tr_host_read_keys},
        {"now_ns", now_ns},
        {"sleep", sleep_for},
        {"make_directory", make_directory},
        {"make_temporary_directory", make_temporary_directory},
        {"list_directory", list_directory},
        {"real_path", real_path},
        {"write_records", tr_host_write_records},
        {"lock_log", tr_host_lock_log},
        {"lock_arena", tr_host_lock_arena},
        {"begin_workers", tr_host_begin_workers},
        {"start_worker", tr_host_start_worker},
        {"next_unit", tr_host_next_unit},
        {"finish_unit", tr_host_finish_unit},
        {"give_up", tr_host_give_up},
        {"wait_for_workers", tr_host_wait_for_workers},
        {"end_workers", tr_host_end_workers},
        {"max_workers", tr_host_max_workers},
        {"cores", cores},
        {"start_pager", tr_host_start_pager},
        {"finish_pager", tr_host_finish_pager},
        {"begin_progress", tr_host_begin_progress},
        {"clear_progress", tr_host_clear_progress},
        {"end_progress", tr_host_end_progress},
        {NULL, NULL},
    };
    tr_host_open_locked_log(L);
    tr_host_open_locked_arena(L);
    tr_host_open_worker(L);
    luaL_newlib(L, functions); /* module */
    tr_host_push_coroutine(L);
    lua_setfield(L, -2, "coroutine");
    return 1;
}
