#include "lua/options.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"

static const tr_lua_option *find(const tr_lua_options *options, const char *name) {
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->items[i].name, name) == 0) {
            return &options->items[i];
        }
    }
    return NULL;
}

/* The name is at `name_index`. */
_Noreturn static void raise_unknown(lua_State *L, const tr_lua_options *options, int name_index) {
    const char *name = tr_lua_push_name(L, name_index);
    luaL_Buffer known;
    luaL_buffinit(L, &known);
    for (size_t i = 0; i < options->count; i++) {
        luaL_addstring(&known, i == 0 ? "" : ", ");
        luaL_addstring(&known, options->items[i].name);
    }
    luaL_pushresult(&known);
    luaL_error(L, "%s has no %s '%s'; it has %s", options->owner, options->noun, name, lua_tostring(L, -1));
    abort(); /* luaL_error does not return, but does not say so */
}

void tr_lua_read_options(lua_State *L, int index, const tr_lua_options *options, void *into) {
    int top = lua_gettop(L);
    lua_pushnil(L); /* an unknown name */
    lua_pushnil(L);
    while (lua_next(L, index) != 0) { /* unknown, name, value */
        lua_pop(L, 1);
        if (find(options, lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "") == NULL) {
            tr_lua_keep_first(L, top + 2, top + 1);
        }
    }
    if (!lua_isnil(L, top + 1)) {
        raise_unknown(L, options, top + 1);
    }
    for (size_t i = 0; i < options->count; i++) {
        const tr_lua_option *option = &options->items[i];
        lua_pushstring(L, option->name);
        if (lua_rawget(L, index) != LUA_TNIL && option->read != NULL) {
            option->read(L, top + 2, into);
        }
        lua_settop(L, top + 1);
    }
    lua_settop(L, top);
}

bool tr_lua_has_option(lua_State *L, int index, const tr_lua_options *options) {
    bool found = false;
    for (size_t i = 0; i < options->count && !found; i++) {
        lua_pushstring(L, options->items[i].name);
        found = lua_rawget(L, index) != LUA_TNIL;
        lua_pop(L, 1);
    }
    return found;
}
