/* The history of a log, as a userdata that owns it. */
#ifndef TRACEREEL_LUA_HISTORY_H
#define TRACEREEL_LUA_HISTORY_H

#include <stdint.h>

#include <lua.h>

#include "trace/shape.h"
#include "tracereel/history.h"

typedef struct tr_lua_history {
    tr_history *history;
    tr_shapes *shapes;
    uint32_t lost; /* how many records before a crash may be missing */
} tr_lua_history;

enum { HISTORY_USER_VALUE_FUTURE = 1, HISTORY_USER_VALUES = HISTORY_USER_VALUE_FUTURE };

/* Pushes the history of the log whose cursor at `cursor_index` has not begun, and ends with it. `lost`: how many
 * records before a crash may be missing. */
int tr_lua_push_history(lua_State *L, int cursor_index, uint32_t lost);
/* Pushes a table of the records whose numbers, from 1 and increasing, are in the table at `numbers_index`. The
 * cursor has not begun, and ends after the last of them. */
int tr_lua_push_picked(lua_State *L, int cursor_index, int numbers_index);
void tr_lua_open_history(lua_State *L);

#endif
