/* The handle of a trace: one userdata for the trace's life. */
#ifndef TRACEREEL_LUA_TRACE_H
#define TRACEREEL_LUA_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "lua/core.h"
#include "lua/cursor.h"
#include "lua/scalar.h"
#include "tracereel/trace.h"

#define TR_LUA_TRACE "tracereel.trace"

/* The user values of a handle. */
enum { TR_HANDLE_OWNER = 1, TR_HANDLE_ID = 2, TR_HANDLE_METADATA = 3, TR_HANDLE_FIRST_DATA = 4 };

/* A userdata without `__gc`. Its user value TR_HANDLE_OWNER keeps `trace` alive: the cursor, and after the trace has
 * closed a block with its final state. */
typedef struct tr_lua_trace {
    const tr_trace *trace; /* NULL: the cursor was finalized (only other finalizers can see that) */
    const tr_lua_core *core;
    uint32_t script_count;
    uint32_t names;         /* number of lua/node_names.h */
    uint32_t metadata_life; /* the restart_count of the trace when TR_HANDLE_METADATA was decoded */
    bool taint_was_read;    /* by `trace.tainted`, since recovery last asked */
} tr_lua_trace;

static inline bool tr_lua_is_open(const tr_trace *trace) {
    return trace->status == TR_TRACE_RUNNING || trace->status == TR_TRACE_SUSPENDED;
}

tr_lua_trace *tr_lua_check_trace(lua_State *L, int index);
/* Returns NULL if it is something else. */
const tr_trace *tr_lua_test_trace(lua_State *L, int index);
/* Pushes the one handle of an open (or just closed) trace of the cursor. */
void tr_lua_push_trace(lua_State *L, const tr_lua_cursor *cursor, const tr_lua_slots *slots, const tr_trace *trace);
/* The same without a cursor; the value at `slots->cursor` keeps the trace alive. */
void tr_lua_push_handle(lua_State *L, const tr_lua_core *core, uint32_t script_count, uint32_t names,
                        const tr_lua_slots *slots, const tr_trace *trace);
/* Pushes the handles of the open traces, in order of their ids. */
void tr_lua_push_sorted_traces(lua_State *L, const tr_lua_core *core, uint32_t script_count, uint32_t names,
                               const tr_lua_slots *slots, tr_traces *traces);
/* For finalizers: makes the handles in the table on top of the stack, if it is one, show nothing. */
void tr_lua_forget_handles(lua_State *L);
/* Copies what the handle of `trace`, if there is one, shows into memory that the handle owns. */
void tr_lua_detach_trace(lua_State *L, const tr_lua_slots *slots, const tr_trace *trace);
/* The fields' names, by number; `*count` of them. */
const char *const *tr_lua_trace_fields(int *count);
/* `*is_noted`: reading it from the handle leaves something there. */
tr_field_form tr_lua_trace_field_form(int field, bool *is_noted);
/* Of a field that is TR_FIELD_SCALAR; nil of another. */
tr_scalar tr_lua_trace_scalar(const tr_trace *trace, int field);
/* The same as a Lua value. */
void tr_lua_push_trace_field(lua_State *L, const tr_trace *trace, int field);
void tr_lua_open_trace(lua_State *L);

/* The Lua function core.taint_was_read. */
int tr_lua_taint_was_read(lua_State *L);

#endif
