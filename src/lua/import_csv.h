/* The rows of an input of an importer. */
#ifndef TRACEREEL_LUA_IMPORT_CSV_H
#define TRACEREEL_LUA_IMPORT_CSV_H

#include <stdbool.h>

#include <lua.h>

#include "lua/import_input.h"

/* The iterators over rows have so many upvalues, the first of which is the stream. */
enum { TR_ROWS_UPVALUES = 5 };

bool tr_lua_is_rows(lua_State *L, int index);
/* Pushes the upvalues of the iterator at `index`, for one that gives some of its rows. */
void tr_lua_push_rows_upvalues(lua_State *L, int index);

/* Of such an iterator, while it runs: reads the next row (false at the end), and pushes the one that was read. */
bool tr_lua_next_row(lua_State *L, tr_lua_import_stream *self);
void tr_lua_push_row(lua_State *L, const tr_lua_import_stream *self);

/* Lua functions: methods of a stream; import_row_names(rows) -> names. */
int tr_lua_stream_csv(lua_State *L);
int tr_lua_stream_csv_named(lua_State *L);
int tr_lua_import_row_names(lua_State *L);

#endif
