/* What `tracereel.fields` gives: a handler that says which fields of an event it takes, and so gets them as values. */
#ifndef TRACEREEL_LUA_DECLARED_H
#define TRACEREEL_LUA_DECLARED_H

#include <stdbool.h>

#include <lua.h>

#include "lua/event_field.h"

enum { TR_DECLARED_MAX_FIELDS = 64 };

/* A userdata. Its user value 1 is the function. */
typedef struct tr_declared {
    int count;
    bool takes[TR_EVENT_CODE + 1]; /* the object itself, by tr_event_object */
    tr_event_field fields[];
} tr_declared;

/* Returns NULL if it is something else. */
const tr_declared *tr_lua_test_declared(lua_State *L, int index);
void tr_lua_push_declared_function(lua_State *L, int index);
/* Pushes why it cannot be the handler of that name, and returns it; NULL, and nothing is pushed, where it can. */
const char *tr_lua_push_declared_problem(lua_State *L, const tr_declared *declared, const char *handler);
void tr_lua_open_declared(lua_State *L);

/* Lua functions: fields(name..., function), declared_problem(value, handler) -> text or nil. */
int tr_lua_new_declared(lua_State *L);
int tr_lua_declared_problem(lua_State *L);

#endif
