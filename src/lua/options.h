/* Tables of options, which a caller gives by name. */
#ifndef TRACEREEL_LUA_OPTIONS_H
#define TRACEREEL_LUA_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

typedef struct tr_lua_option {
    const char *name;
    void (*read)(lua_State *L, int index, void *into); /* reads the value at `index`; NULL: the name is only known */
} tr_lua_option;

typedef struct tr_lua_options {
    const char *owner; /* "open": open has no option 'x'; it has a, b */
    const char *noun;  /* "option" */
    const tr_lua_option *items;
    size_t count;
} tr_lua_options;

/* Reads every key of the table at `index` (not relative to the top). Raises on an unknown key, and lists the known
 * ones. */
void tr_lua_read_options(lua_State *L, int index, const tr_lua_options *options, void *into);
/* Whether the table has any of the keys itself. */
bool tr_lua_has_option(lua_State *L, int index, const tr_lua_options *options);

#endif
