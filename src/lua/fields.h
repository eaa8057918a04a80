/* Tables that came from outside, read field by field. Fields that are 0, false or empty are left out: a table that says
 * one of them is refused, as is a field that nobody asked for, so that what is read can be written in one way only. */
#ifndef TRACEREEL_LUA_FIELDS_H
#define TRACEREEL_LUA_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

typedef struct tr_fields {
    const char *what; /* for messages: "a histogram" */
    int index;        /* of the table, absolute */
    int taken_count;
} tr_fields;

/* Raises if the value at `index` is no table. */
tr_fields tr_fields_of(lua_State *L, int index, const char *what);
/* 0 where it is not there. Raise where it is no integer, or above `max`. */
uint64_t tr_fields_unsigned(lua_State *L, tr_fields *fields, const char *name);
uint32_t tr_fields_small(lua_State *L, tr_fields *fields, const char *name, uint32_t max);
bool tr_fields_flag(lua_State *L, tr_fields *fields, const char *name);
/* Copies a text of that many bytes. Returns false where it is not there. */
bool tr_fields_bytes(lua_State *L, tr_fields *fields, const char *name, void *bytes, size_t size);
/* Pushes the text, which may be empty, or nil. */
void tr_fields_push_text(lua_State *L, tr_fields *fields, const char *name);
/* Pushes the table. Returns false, and pushes nothing, where it is not there. */
bool tr_fields_push_table(lua_State *L, tr_fields *fields, const char *name);
/* Pushes a list. Returns how many values it has, at most `max`; 0, with nil pushed, where it is not there. */
uint32_t tr_fields_push_list(lua_State *L, tr_fields *fields, const char *name, uint32_t max);
/* Call at the end: raises where the table has other fields. */
void tr_fields_end(lua_State *L, const tr_fields *fields);

/* The value at a place (from 1) of the list on top. */
uint64_t tr_fields_at(lua_State *L, const tr_fields *fields, uint32_t place);

/* Set a field of the table on top, if it is not 0 or false. */
void tr_fields_set_unsigned(lua_State *L, const char *name, uint64_t value);
void tr_fields_set_flag(lua_State *L, const char *name, bool value);
/* Appends to the list on top, whose last place is `*place`. */
void tr_fields_append(lua_State *L, lua_Integer *place, uint64_t value);

#endif
