/* One replay with handlers, while it goes on. */
#ifndef TRACEREEL_LUA_REPLAY_H
#define TRACEREEL_LUA_REPLAY_H

#include "lua/handlers.h"
#include "lua/pace.h"

/* For a record type of which one handler wants to know. */
typedef struct tr_sole_handler {
    tr_handler handler; /* slot 0: there is none, or there are several */
    const char *name;
    int table;
} tr_sole_handler;

/* One replay, as a userdata. */
typedef struct tr_lua_replay {
    tr_lua_cursor *cursor;
    tr_event event;
    const char *handler; /* name of what was called last, for the place of an error; NULL before the first */
    tr_status status;    /* how reading ended */
    int top;             /* up to this slot the stack of the loop is fixed */
    int made;            /* of the record and the trace handle, how many stand above it */
    uint32_t types;      /* of interest to any of the tables */
    bool has_violation_handler;
    bool has_tick_handler;
    bool pace_matters;
    bool is_hidden;  /* before the stretch that is to be shown */
    bool is_between; /* waiting: `event` is of the past, its record must not be looked at */
    tr_pace pace;
    tr_sole_handler sole[TR_RECORD_TYPE_COUNT];
    int count;
    tr_handlers handlers[];
} tr_lua_replay;

/* Calls the ticks that are due at that log time. The first one starts them. */
void tr_lua_replay_show_time(lua_State *L, tr_lua_replay *replay, uint64_t now_ns);

/* For a replay whose pace matters. True when the next event is to be taken now. False: ask again; or the replay ends
 * here, as replay->status says. */
bool tr_lua_replay_advance(lua_State *L, tr_lua_replay *replay);

#endif
