/* A replay: the loop that calls handlers. Everything that can be known before the first record is worked out then, and
 * one protected call holds the whole loop. */
#ifndef TRACEREEL_LUA_REPLAY_H
#define TRACEREEL_LUA_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "lua/cursor.h"
#include "lua/handlers.h"
#include "lua/pace.h"
#include "tracereel/record.h"
#include "tracereel/replay.h"
#include "tracereel/status.h"

/* The handler of a record type, or the aggregates, where nothing else of any table wants to know of it. */
typedef struct tr_sole_handler {
    const char *name;   /* NULL: there is none, or there are several */
    tr_handler handler; /* slot 0: the aggregates of the table */
    int table;
} tr_sole_handler;

/* What of an event is on the stack: its record right above `top`, its handle above that. */
enum { MADE_RECORD = 1, MADE_TRACE = 2 };

/* One replay, as a userdata. */
typedef struct tr_lua_replay {
    tr_lua_cursor *cursor;
    tr_event event;
    const char *handler; /* name of what was called last, for the place of an error; NULL before the first */
    tr_status status;    /* how reading ended */
    int top;             /* up to this slot the stack of the loop is fixed */
    unsigned made;       /* MADE_RECORD, MADE_TRACE */
    uint32_t types;      /* of interest to any of the tables */
    bool has_violation_handler;
    bool has_tick_handler;
    bool pace_matters;
    bool is_hidden;  /* before the stretch to show */
    bool is_between; /* waiting: `event` is of the past, do not look at its record */
    tr_pace pace;
    tr_sole_handler sole[TR_RECORD_TYPE_COUNT];
    int count;
    tr_handlers handlers[];
} tr_lua_replay;

/* Replays with the handler tables at 2 .. handler_count + 1; the cursor at `cursor_index` has not begun. */
void tr_lua_run_replay(lua_State *L, int cursor_index, int handler_count, const tr_pace *pace);

#endif
