/* Values from Lua as the engine wants them, and back. */
#ifndef TRACEREEL_LUA_ARGUMENTS_H
#define TRACEREEL_LUA_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "tracereel/record.h"

/* Returns an argument that is a path. Raises if it holds a zero byte: the system would take another path. */
const char *tr_lua_check_path(lua_State *L, int argument);

/* Pushes and returns an unexpected value as a message shows it: texts in quotes, cut and without control bytes;
 * "a table" for what has no text: its address would be another in each run. */
const char *tr_lua_push_got(lua_State *L, int index);

/* The same for what was given as a name: texts and numbers without quotes. */
const char *tr_lua_push_name(lua_State *L, int index);

/* For a walk over a table's keys, whose order changes from run to run: replaces the value at `kept_index` (nil at
 * first) by the key at `key_index` if that comes first, so that a message is always about the same key. */
void tr_lua_keep_first(lua_State *L, int key_index, int kept_index);

/* The integer at `index`. Raises an error that names the field if it is not within 0 .. 2^32-1. */
uint32_t tr_lua_to_u32(lua_State *L, int index, const char *field);
/* Any integer, read as unsigned. */
uint64_t tr_lua_to_u64(lua_State *L, int index, const char *field);
void tr_lua_to_trace_id(lua_State *L, int index, const char *field, uint8_t id[TR_TRACE_ID_BYTES]);
/* The same, where any other text than a UUID stands for the trace that an import made of it. */
void tr_lua_to_called_trace_id(lua_State *L, int index, const char *field, uint8_t id[TR_TRACE_ID_BYTES]);
tr_record_type tr_lua_to_type(lua_State *L, int index);

static inline void tr_lua_push_unsigned(lua_State *L, uint64_t value) {
    lua_pushinteger(L, (lua_Integer)value);
}
void tr_lua_push_trace_id(lua_State *L, const uint8_t id[TR_TRACE_ID_BYTES]);
/* Pushes the text, or nil if it is absent. */
void tr_lua_push_text(lua_State *L, const char *bytes, size_t length);

/* Set a field of the table on top of the stack. */
static inline void tr_lua_set_unsigned(lua_State *L, const char *name, uint64_t value) {
    tr_lua_push_unsigned(L, value);
    lua_setfield(L, -2, name);
}
static inline void tr_lua_set_flag(lua_State *L, const char *name, bool value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}
static inline void tr_lua_set_text_if_any(lua_State *L, const char *name, tr_text text) {
    if (text.length_bytes > 0) {
        lua_pushlstring(L, text.bytes, text.length_bytes);
        lua_setfield(L, -2, name);
    }
}
static inline void tr_lua_set_name(lua_State *L, const char *name, const char *value) { /* of the engine's names */
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

#endif
