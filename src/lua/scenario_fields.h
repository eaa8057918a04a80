/* Fields of a scenario's tables. nil reads as 0, false or NULL. */
#ifndef TRACEREEL_LUA_SCENARIO_FIELDS_H
#define TRACEREEL_LUA_SCENARIO_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

/* Each of these reads a field of the table at `index`. */
uint64_t tr_lua_read_u64(lua_State *L, int index, const char *name);
uint32_t tr_lua_read_u32(lua_State *L, int index, const char *name);
double tr_lua_read_double(lua_State *L, int index, const char *name);
bool tr_lua_read_boolean(lua_State *L, int index, const char *name);
/* The table keeps the text. */
const char *tr_lua_read_text(lua_State *L, int index, const char *name, uint32_t *length_bytes);
/* Pushes the list in the field `name` (an empty one for nil) and gives memory for as many items, which the table at
 * `anchor_index` keeps, as it does the list. */
void *tr_lua_begin_list(lua_State *L, int index, int anchor_index, const char *name, size_t item_bytes, size_t *count);

#endif
