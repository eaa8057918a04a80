/* The history of a log, and the future of a record in it. */
#ifndef TRACEREEL_LUA_HISTORY_H
#define TRACEREEL_LUA_HISTORY_H

#include "lua/binding.h"
#include "tracereel/history.h"

typedef struct tr_lua_history {
    tr_history *history;
    uint32_t lost; /* how many records before a crash may be missing */
} tr_lua_history;

enum { HISTORY_USER_VALUE_FUTURE = 1, HISTORY_USER_VALUES = HISTORY_USER_VALUE_FUTURE };

/* Pushes the history of the log whose cursor, not begun, stands at `cursor_index`. The cursor ends with it. `lost`:
 * how many records before a crash may be missing. */
int tr_lua_push_history(lua_State *L, int cursor_index, uint32_t lost);
/* Pushes a table of the records whose numbers stand, from 1 and increasing, in the table at `numbers_index`. The
 * cursor, not begun, ends behind the last of them. */
int tr_lua_push_picked(lua_State *L, int cursor_index, int numbers_index);
void tr_lua_open_history(lua_State *L);

/* ---- future.c ---- */

/* Pushes what happens behind the record with that number, from 0. The history stands at index 1. */
void tr_lua_push_future(lua_State *L, const tr_lua_history *owner, uint32_t number);
void tr_lua_push_future_metatable(lua_State *L);
void tr_lua_open_future(lua_State *L);

#endif
