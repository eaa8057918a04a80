/* A cursor: one reading of a log, with its traces and the gaps it met. */
#ifndef TRACEREEL_LUA_CURSOR_H
#define TRACEREEL_LUA_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "lua/core.h"
#include "lua/rec.h"
#include "tracereel/log.h"
#include "tracereel/replay.h"
#include "tracereel/status.h"
#include "tracereel/trace.h"

typedef struct tr_lua_gap {
    tr_gap gap;            /* do not read its `segment`: see segment_name */
    uint32_t segment_name; /* number in TR_CORE_SEGMENT_NAMES */
} tr_lua_gap;

typedef enum tr_lua_cursor_state {
    TR_CURSOR_FRESH,      /* nothing was read */
    TR_CURSOR_IN_REPLAY,  /* a replay with handlers is under way */
    TR_CURSOR_IN_RECORDS, /* records() is under way, or was left early */
    TR_CURSOR_IN_TRACES,  /* log:traces() reads on to the end */
    TR_CURSOR_STOPPED,    /* left early: an interrupt or an error */
    TR_CURSOR_ENDED
} tr_lua_cursor_state;

enum { TR_LUA_MAX_GAPS_KEPT = 10000 };

/* Which traces are read; `count` 0: all of them. */
typedef struct tr_lua_shard {
    uint32_t index;
    uint32_t count;
} tr_lua_shard;

/* A userdata with `__gc`. User value 1 is the table of handles of open traces, by log_slot + 1. */
typedef struct tr_lua_cursor {
    tr_lua_core *core;
    tr_log *log;
    tr_replay *replay;
    const tr_place *place;
    const tr_event *event; /* the last one that was read */
    tr_trace *closed;      /* closed by the last event: detach its handle before the next one */
    tr_lua_gap *gaps;      /* the first TR_LUA_MAX_GAPS_KEPT */
    size_t gap_count;
    size_t gap_capacity;
    uint32_t script_count; /* handler tables, at least 1 */
    uint32_t names;        /* number of lua/node_names.h */
    uint32_t segment_index;
    uint32_t segment_name;     /* of segment_index, number in TR_CORE_SEGMENT_NAMES */
    uint32_t gap_segment_name; /* the same of the last gap */
    tr_lua_cursor_state state;
    bool is_taken;    /* log:traces() has read on: records() must not */
    bool is_measured; /* what tracereel wrote is passed over */
    tr_lua_shard shard;
} tr_lua_cursor;

/* The log that was last begun to be read, and is still: for signal handlers. NULL: none. */
extern const tr_log *volatile tr_lua_log_being_read;

/* Where the values are that every event needs: stack slots, or upvalues. */
typedef struct tr_lua_slots {
    int cursor;
    int handles;
    int rec_metatable;
    int trace_metatable;
} tr_lua_slots;

/* Pushes a cursor that has not begun. */
tr_lua_cursor *tr_lua_push_cursor(lua_State *L, const char *path, const tr_log_options *options);
/* Opens the replay. Call once, before the first tr_lua_cursor_next. */
void tr_lua_begin_cursor(lua_State *L, tr_lua_cursor *cursor, uint32_t script_count, tr_lua_cursor_state state);
/* Never raises. */
void tr_lua_set_cursor_state(tr_lua_cursor *cursor, tr_lua_cursor_state state);
/* Pushes the four values of tr_lua_slots, in this order, of the cursor at `index`. */
void tr_lua_push_slots(lua_State *L, int index);
/* As tr_replay_next; notes gaps. Raises only if memory runs out. */
tr_status tr_lua_cursor_next(lua_State *L, tr_lua_cursor *cursor, const tr_lua_slots *slots, tr_event *event);
/* Which records somebody looks at. */
typedef struct tr_wanted_events {
    uint32_t types;  /* a bit for each */
    bool violations; /* and those with a violation */
} tr_wanted_events;

/* The same, past records that are not wanted; a stop flag that is set ends this with any record. */
tr_status tr_lua_cursor_next_of(lua_State *L, tr_lua_cursor *cursor, const tr_lua_slots *slots, tr_wanted_events wanted,
                                tr_event *event);
/* The record of the event, of which `cursor` knows the place. */
tr_record_view tr_lua_view_record(const tr_lua_cursor *cursor, const tr_event *event);
/* The same without the traces: as tr_log_next. */
tr_status tr_lua_cursor_next_record(lua_State *L, tr_lua_cursor *cursor, tr_record *record);
void tr_lua_push_event_rec(lua_State *L, const tr_lua_cursor *cursor, const tr_lua_slots *slots, const tr_event *event);
void tr_lua_push_gap(lua_State *L, const tr_gap *gap, uint32_t segment_name);
void tr_lua_open_cursor(lua_State *L);

#endif
