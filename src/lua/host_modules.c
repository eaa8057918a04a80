#include "lua/host_modules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua/failure.h"
#include "lua/files.h"
#include "lua/host_precompiled.h"

enum { SEARCHER_LUA = 2, SEARCHER_C = 3, UPVALUE_PACKAGE = 1 };

/* Pushes the first file of the package's path (`field`) that can be read for the module at 1, and returns it; or
 * pushes what was looked for, and returns NULL. */
static const char *find(lua_State *L, const char *field) {
    const char *name = luaL_gsub(L, luaL_checkstring(L, 1), ".", "/");
    lua_getfield(L, lua_upvalueindex(UPVALUE_PACKAGE), field);
    const char *template = lua_tostring(L, -1);
    if (template == NULL) {
        luaL_error(L, "'package.%s' must be a string", field);
        return NULL;
    }
    lua_pushliteral(L, ""); /* name, path, tried */
    while (*template != '\0') {
        size_t length = strcspn(template, ";");
        lua_pushlstring(L, template, length);
        const char *file = luaL_gsub(L, lua_tostring(L, -1), "?", name);
        lua_remove(L, -2); /* name, path, tried, file */
        if (length > 0 && access(file, R_OK) == 0) {
            return file;
        }
        if (length > 0) {
            tr_lua_raise_no_answer(L, file, errno);
        }
        lua_pushfstring(L, "%s\n\tno file '%s'", lua_tostring(L, -2), file);
        lua_replace(L, -3);
        lua_pop(L, 1); /* name, path, tried */
        template += length + (template[length] == ';');
    }
    return NULL;
}

static int raise_memory(lua_State *L) {
    lua_pushliteral(L, "not enough memory");
    return lua_error(L);
}

/* Raises what is on top of the stack, why a module's file cannot be loaded. */
static int raise_loading(lua_State *L, const char *file) {
    return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", lua_tostring(L, 1), file,
                      lua_tostring(L, -1));
}

/* searcher(name) -> loader, file; or what was looked for */
static int search_lua(lua_State *L) {
    const char *file = find(L, "path");
    if (file == NULL) {
        return 1;
    }
    errno = 0;
    int status = tr_host_load_precompiled(L, file) ? LUA_OK : luaL_loadfile(L, file); /* ..., file, loader */
    if (status == LUA_ERRMEM || (status == LUA_ERRFILE && errno == ENOMEM)) {
        return raise_memory(L);
    }
    if (status == LUA_ERRFILE) {
        tr_lua_wrap_failure(L, "io"); /* of which no module is the cause */
        return lua_error(L);
    }
    if (status != LUA_OK) {
        return raise_loading(L, file);
    }
    lua_pushvalue(L, -2);
    return 2;
}

/* Has the system's loader, whose problem is on top of the stack, had no memory? Then it may say that it does not find a
 * file that was just found. */
static bool is_short_of_memory(lua_State *L, const char *file, int error_number) {
    const char *problem = lua_tostring(L, -1);
    return error_number == ENOMEM ||
           (strncmp(problem, file, strlen(file)) == 0 && strstr(problem, strerror(ENOENT)) != NULL);
}

/* The same for a module in C. */
static int search_c(lua_State *L) {
    const char *file = find(L, "cpath");
    if (file == NULL) {
        return 1;
    }
    const char *name = luaL_checkstring(L, 1);
    const char *mark = strchr(name, '-'); /* what precedes it is no part of the function's name */
    lua_getfield(L, lua_upvalueindex(UPVALUE_PACKAGE), "loadlib");
    lua_pushstring(L, file);
    luaL_gsub(L, mark == NULL ? name : mark + 1, ".", "_");
    lua_pushfstring(L, "luaopen_%s", lua_tostring(L, -1));
    lua_remove(L, -2); /* ..., file, loadlib, file, function's name */
    errno = 0;
    lua_call(L, 2, 2); /* ..., file, loader or nil, problem */
    if (lua_isnil(L, -2)) {
        int error_number = errno;
        if (is_short_of_memory(L, file, error_number)) {
            return raise_memory(L);
        }
        tr_lua_raise_no_answer(L, file, error_number);
        return raise_loading(L, file);
    }
    lua_pop(L, 1);
    lua_pushstring(L, file);
    return 2;
}

void tr_host_set_searchers(lua_State *L) {
    lua_getglobal(L, LUA_LOADLIBNAME);
    lua_getfield(L, -1, "searchers"); /* package, searchers */
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, search_lua, UPVALUE_PACKAGE);
    lua_rawseti(L, -2, SEARCHER_LUA);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, search_c, UPVALUE_PACKAGE);
    lua_rawseti(L, -2, SEARCHER_C);
    lua_pop(L, 2);
}
