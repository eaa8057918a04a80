/* What the files of the binding share. Each Lua type has one file, in the order: check, push, fields and methods, open.
 *
 * Every function here may raise a Lua error unless it says otherwise; so a C resource is acquired only after the
 * userdata that owns it stands on the stack. */
#ifndef TRACEREEL_LUA_BINDING_H
#define TRACEREEL_LUA_BINDING_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

#include "lua/keys.h"
#include "tracereel/json.h"
#include "tracereel/log.h"
#include "tracereel/record.h"
#include "tracereel/replay.h"
#include "tracereel/trace.h"

#define TR_LUA_REC "tracereel.rec"
#define TR_LUA_TRACE "tracereel.trace"
#define TR_LUA_NODE "tracereel.node"
#define TR_LUA_LOG "tracereel.log"
#define TR_LUA_CURSOR "tracereel.cursor"
#define TR_LUA_HISTOGRAM "tracereel.histogram"
#define TR_LUA_WRITER "tracereel.writer"
#define TR_LUA_STATE "tracereel.state"
#define TR_LUA_FAILURE "tracereel.failure"

/* ---- core.c: what one Lua state has once ---- */

typedef struct tr_lua_core {
    const tr_keys *rec_keys; /* the fields of records and traces by name; their metatables keep them */
    const tr_keys *trace_keys;
    tr_json json;          /* for one text at a time; its memory is kept from use to use */
    uint32_t script_index; /* whose `trace.data` is shown: the handler table that runs, from 0 */
} tr_lua_core;

/* Lua values that belong to the core, as its user values. */
enum tr_lua_core_value {
    TR_CORE_SEGMENT_NAMES = 1, /* table: number -> name and name -> number */
    TR_CORE_NULL,              /* what stands for JSON null */
    TR_CORE_OBJECT_METATABLE,  /* marks a table as a JSON object, whatever its keys are */
    TR_CORE_DURATION_PARSER,   /* function(text) -> ns or nil, problem; or nil */
    TR_CORE_PLANS_READER,      /* function(text) -> list: what tr_trace.plans says */
    TR_CORE_OUTPUT_READER,     /* function(trace, node_id, form) -> output or nil, problem; or nil */
    TR_CORE_RECORD_KEYS,       /* tr_keys: the names of the fields that a record can be made from */
    TR_CORE_VALUES = TR_CORE_RECORD_KEYS
};

tr_lua_core *tr_lua_core_of(lua_State *L); /* never raises */
void tr_lua_push_core_value(lua_State *L, enum tr_lua_core_value value);
/* Sets it to the value on top of the stack, which is popped. */
void tr_lua_set_core_value(lua_State *L, enum tr_lua_core_value value);
/* Makes the core; before everything else. */
void tr_lua_open_core(lua_State *L);

/* The text written into core->json as a Lua string; raises where memory ran out while it was written. */
void tr_lua_push_json(lua_State *L, tr_lua_core *core);

/* ---- type.c: what all types have in common ---- */

/* Makes the metatable of a type: methods by name in the table at `methods`, `__index` a closure of `index` whose
 * upvalues are the names' lookup, the methods and whatever `upvalue_count` values are on the stack (they are popped),
 * `__newindex` an error, locked. Nothing is left on the stack. Answers with the lookup, which lives as long as the
 * type.
 */
const tr_keys *tr_lua_new_type(lua_State *L, const char *type, const char *const *fields, int field_count,
                               const luaL_Reg *methods, const luaL_Reg *metamethods, lua_CFunction index,
                               int upvalue_count);
/* As luaL_checkudata; for the object of a method, which is missing where it is called with a dot, a message that says
 * so. */
void *tr_lua_check_object(lua_State *L, int index, const char *type);

/* framed(f) -> a C function that calls f. What f raises without a place (level 2 is the C function, which has none)
 * gets the place of the C function's caller. */
int tr_lua_framed(lua_State *L);

/* To be called when what a userdata holds outside Lua's memory has changed: a host can count it as the script's. A
 * growth may run the collector. `*told_bytes` is what was told before, 0 in the beginning. */
void tr_lua_tell_memory(lua_State *L, size_t *told_bytes, size_t bytes);
/* Who counts it; NULL: nobody. */
extern void (*tr_lua_memory_counter)(lua_State *L, size_t bytes_before, size_t bytes);
enum { TR_UPVALUE_KEYS = 1, TR_UPVALUE_METHODS = 2, TR_UPVALUE_FIRST_OWN = 3 };

/* A `__newindex` that raises; its upvalue is what cannot be changed. */
int tr_lua_refuse_assignment(lua_State *L);

/* Pushes a userdata that gives what its pointer (NULL now) points to back to free(). */
void **tr_lua_push_block(lua_State *L);

/* For the end of an `__index`: the method of that name, or an error that lists what there is. */
int tr_lua_index_method(lua_State *L, const char *what);

/* ---- failure.c ---- */

/* Raise a failure object. `error` may be NULL: the status says enough. The int is for `return` to say that all ends. */
_Noreturn int tr_lua_raise_status(lua_State *L, tr_status status, const tr_error *error);
_Noreturn int tr_lua_raise(lua_State *L, const char *kind, const char *format, ...);
/* Pushes one from the message on top of the stack, which it replaces. */
void tr_lua_wrap_failure(lua_State *L, const char *kind);
/* Gives the traceback on top of the stack, which is popped, to the failure below it. */
void tr_lua_set_traceback(lua_State *L);
/* Lua functions: failure(kind, message, traceback), is_failure(value). */
int tr_lua_new_failure(lua_State *L);
int tr_lua_is_failure(lua_State *L);
void tr_lua_open_failure(lua_State *L);

/* ---- arguments.c: values from Lua as the engine wants them ---- */

/* An argument that is a path: a text, and whole: what the system takes ends at a zero byte, and would be another path.
 */
const char *tr_lua_check_path(lua_State *L, int argument);

/* Pushes, and answers with, a value that was not expected as a message shows it: texts in quotes, cut and without
 * control bytes; "a table" for what has no text of its own, because its address tells nobody anything. */
const char *tr_lua_push_got(lua_State *L, int index);

/* The same for what was given as a name: texts and numbers as they stand. */
const char *tr_lua_push_name(lua_State *L, int index);

/* For a walk over a table's keys, which come in another order on every run: replaces what stands at `kept_index` (nil
 * in the beginning) by the key at `key_index` where that comes first, so that a message is about the same key. */
void tr_lua_keep_first(lua_State *L, int key_index, int kept_index);

/* The integer at `index`, within 0 .. 2^32-1; otherwise an error that names the field. */
uint32_t tr_lua_to_u32(lua_State *L, int index, const char *field);
/* Any integer, read as unsigned. */
uint64_t tr_lua_to_u64(lua_State *L, int index, const char *field);
void tr_lua_to_trace_id(lua_State *L, int index, const char *field, uint8_t id[TR_TRACE_ID_BYTES]);
tr_record_type tr_lua_to_type(lua_State *L, int index);
static inline void tr_lua_push_unsigned(lua_State *L, uint64_t value) {
    lua_pushinteger(L, (lua_Integer)value);
}
void tr_lua_push_trace_id(lua_State *L, const uint8_t id[TR_TRACE_ID_BYTES]);
/* The text, or nil where it is absent. */
void tr_lua_push_text(lua_State *L, const char *bytes, size_t length);
/* Into the table on top. */
static inline void tr_lua_set_unsigned(lua_State *L, const char *name, uint64_t value) {
    tr_lua_push_unsigned(L, value);
    lua_setfield(L, -2, name);
}
static inline void tr_lua_set_flag(lua_State *L, const char *name, bool value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}
static inline void tr_lua_set_name(lua_State *L, const char *name, const char *value) { /* of the engine's names */
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

/* ---- options.c ---- */

typedef struct tr_lua_option {
    const char *name;
    void (*read)(lua_State *L, int index, void *into); /* the value at `index`; NULL: the name is only known */
} tr_lua_option;

typedef struct tr_lua_options {
    const char *owner; /* "open": open has no option 'x'; it has a, b */
    const char *noun;  /* "option" */
    const tr_lua_option *items;
    size_t count;
} tr_lua_options;

/* Reads every key of the table at `index` (which is not relative to the top). A key that is not known is an error that
 * lists those that are. */
void tr_lua_read_options(lua_State *L, int index, const tr_lua_options *options, void *into);
/* Whether the table has any of the keys itself. */
bool tr_lua_has_option(lua_State *L, int index, const tr_lua_options *options);

/* ---- rec.c ---- */

typedef struct tr_lua_rec {
    tr_record record;    /* views `bytes` */
    const tr_keys *keys; /* of the type: an upvalue would be slower to get at */
    uint64_t sequence;
    uint64_t offset;
    uint32_t segment_name; /* number in TR_CORE_SEGMENT_NAMES; 0 = it came from no log */
    bool suspect;
    uint8_t bytes[];
} tr_lua_rec;

tr_lua_rec *tr_lua_check_rec(lua_State *L, int index);
tr_lua_rec *tr_lua_test_rec(lua_State *L, int index); /* NULL: it is something else */
/* Pushes a copy of the record; the metatable stands at `metatable_index`. */
tr_lua_rec *tr_lua_push_rec(lua_State *L, const tr_lua_core *core, const tr_record *record, int metatable_index);
void tr_lua_open_rec(lua_State *L);

/* ---- record_make.c ---- */

/* Pushes TR_CORE_RECORD_KEYS. */
void tr_lua_push_record_keys(lua_State *L);

/* Lua functions: constructors(now), decode(bytes, position), rec:copy(changes), rec:with_metadata(text). */
int tr_lua_constructors(lua_State *L);
int tr_lua_decode(lua_State *L);
int tr_lua_rec_copy(lua_State *L);
int tr_lua_rec_with_metadata(lua_State *L);

/* ---- cursor.c: one pass over a log ---- */

typedef struct tr_lua_gap {
    tr_gap gap;            /* its `segment` is not to be read: see segment_name */
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

/* A userdata with `__gc`. User value 1 is the table of handles of open traces, by log_slot + 1. */
typedef struct tr_lua_cursor {
    tr_lua_core *core;
    tr_log *log;
    tr_replay *replay;
    const tr_place *place;
    tr_trace *closed; /* closed by the last event: what handles show of it must be moved before the next one */
    tr_lua_gap *gaps; /* the first TR_LUA_MAX_GAPS_KEPT */
    size_t gap_count;
    size_t gap_capacity;
    uint32_t script_count; /* handler tables in this pass, at least 1 */
    uint32_t segment_index;
    uint32_t segment_name;     /* of segment_index, number in TR_CORE_SEGMENT_NAMES */
    uint32_t gap_segment_name; /* the same of the last gap */
    tr_lua_cursor_state state;
    bool is_taken;    /* log:traces() has read on: a pull must not */
    bool is_measured; /* what tracereel wrote is passed over */
} tr_lua_cursor;

enum { TR_LUA_MAX_GAPS_KEPT = 10000 };

/* Where the things that a pass needs at hand stand: stack slots, or upvalues. */
typedef struct tr_lua_slots {
    int cursor;
    int handles;
    int rec_metatable;
    int trace_metatable;
} tr_lua_slots;

/* Pushes a cursor that has not begun. */
tr_lua_cursor *tr_lua_push_cursor(lua_State *L, const char *path, const tr_log_options *options);
/* Opens the replay: call once, before the first next. */
void tr_lua_begin_cursor(lua_State *L, tr_lua_cursor *cursor, uint32_t script_count, tr_lua_cursor_state state);
void tr_lua_set_cursor_state(tr_lua_cursor *cursor, tr_lua_cursor_state state); /* never raises */
/* Pushes, in this order, the four things of tr_lua_slots, of the cursor at `index`. */
void tr_lua_push_slots(lua_State *L, int index);
/* As tr_replay_next; gaps are noted. Raises only where memory runs out. */
tr_status tr_lua_cursor_next(lua_State *L, tr_lua_cursor *cursor, const tr_lua_slots *slots, tr_event *event);
void tr_lua_push_event_rec(lua_State *L, const tr_lua_cursor *cursor, const tr_lua_slots *slots, const tr_event *event);
void tr_lua_push_gap(lua_State *L, const tr_gap *gap, uint32_t segment_name);
void tr_lua_open_cursor(lua_State *L);

/* ---- trace.c, trace_view.c, node.c ---- */

/* A userdata without `__gc`. What keeps `trace` alive is its user value TR_HANDLE_OWNER: the cursor, and after the
 * trace has closed a block with its final state. */
typedef struct tr_lua_trace {
    const tr_trace *trace; /* NULL: the cursor was finalized (only other finalizers can see that) */
    const tr_lua_core *core;
    uint32_t script_count;
    uint32_t metadata_life; /* the restart_count of the trace when TR_HANDLE_METADATA was decoded */
    bool taint_was_read;    /* by `trace.tainted`, since recovery last asked */
} tr_lua_trace;

enum { TR_HANDLE_OWNER = 1, TR_HANDLE_ID = 2, TR_HANDLE_METADATA = 3, TR_HANDLE_FIRST_DATA = 4 };

static inline bool tr_lua_is_open(const tr_trace *trace) {
    return trace->status == TR_TRACE_RUNNING || trace->status == TR_TRACE_SUSPENDED;
}

tr_lua_trace *tr_lua_check_trace(lua_State *L, int index);
const tr_trace *tr_lua_test_trace(lua_State *L, int index);
/* Pushes the one handle of an open (or just closed) trace of the cursor. */
void tr_lua_push_trace(lua_State *L, tr_lua_cursor *cursor, const tr_lua_slots *slots, const tr_trace *trace);
/* The same without a cursor; `slots->cursor` is what keeps the trace alive. */
void tr_lua_push_handle(lua_State *L, const tr_lua_core *core, uint32_t script_count, const tr_lua_slots *slots,
                        const tr_trace *trace);
/* Pushes the handles of the open traces, in order of their ids. */
void tr_lua_push_sorted_traces(lua_State *L, const tr_lua_core *core, uint32_t script_count, const tr_lua_slots *slots,
                               tr_traces *traces);
/* For finalizers: makes the handles in the table on top of the stack, if it is one, show nothing. */
void tr_lua_forget_handles(lua_State *L);
/* Moves what the handle of `trace`, if there is one, shows into memory of its own. */
void tr_lua_detach_trace(lua_State *L, const tr_lua_slots *slots, const tr_trace *trace);
void tr_lua_open_trace(lua_State *L);

/* Tables made of a trace: each pushes one value. The handle stands at stack index 1. */
void tr_lua_push_nodes(lua_State *L, const tr_trace *trace);
void tr_lua_push_errors(lua_State *L, const tr_trace *trace);
void tr_lua_push_history_errors(lua_State *L, const tr_trace *trace);
void tr_lua_push_failed_nodes(lua_State *L, const tr_trace *trace);
void tr_lua_push_violations(lua_State *L, const tr_trace *trace);
void tr_lua_push_suspension(lua_State *L, const tr_trace *trace);
void tr_lua_push_held(lua_State *L, const tr_trace *trace);
void tr_lua_push_planned(lua_State *L, const tr_trace *trace);
void tr_lua_push_suspensions(lua_State *L, const tr_trace *trace);
void tr_lua_push_last_suspension(lua_State *L, const tr_trace *trace);
void tr_lua_push_started_nodes(lua_State *L, const tr_trace *trace);
void tr_lua_push_completed_nodes(lua_State *L, const tr_trace *trace);
void tr_lua_push_recovery(lua_State *L, const tr_trace *trace);

/* Pushes a copy of a node's state. The trace's handle stands at `handle_index`, the type's metatable at
 * `metatable_index`. */
void tr_lua_push_node(lua_State *L, const tr_trace *trace, const tr_node *node, int handle_index, int metatable_index);
void tr_lua_open_node(lua_State *L);

/* ---- filter.c ---- */

/* Pushes a userdata with the filter that the table at `index` describes; NULL, and nil pushed, where it lets everything
 * pass. Keys that are not a filter's are not looked at. */
const tr_filter *tr_lua_push_filter(lua_State *L, int index);
/* Raises where the table has a key that is not a filter's. */
void tr_lua_check_filter_keys(lua_State *L, int index);
/* The names of the filter's keys. */
#define TR_FILTER_KEYS(X) X(types) X(nodes) X(traces) X(since_ns) X(until_ns)

/* ---- log.c, replay.c ---- */

int tr_lua_open_log(lua_State *L); /* the Lua function open(path, options) */
void tr_lua_open_log_type(lua_State *L);

/* The handlers' keys, beside the record types. X(name). */
#define TR_HANDLER_EVENTS(X) X(record) X(gap) X(violation) X(tick)
/* What a script has besides. */
#define TR_SCRIPT_KEYS(X) X(api) X(summary) X(args) X(start) X(finish) X(merge) X(recover) X(check)

void tr_lua_push_handler_keys(lua_State *L, bool with_script_keys);
/* Replays with the handler tables at 2 .. handler_count + 1; the cursor stands at `cursor_index`, not begun. */
typedef struct tr_pace tr_pace;
void tr_lua_run_replay(lua_State *L, int cursor_index, int handler_count, const tr_pace *pace);
/* Pushes the iterator of records() over a cursor that was not begun, with the filter userdata (or nil) at
 * `filter_index`. */
void tr_lua_push_records(lua_State *L, int cursor_index, int filter_index);

/* Why a pass over a log should end before its end. Written by signal handlers. */
typedef enum tr_lua_stop {
    TR_STOP_NONE,
    TR_STOP_INTERRUPT, /* end the pass as if the log ended here */
    TR_STOP_LIMIT      /* raise an error */
} tr_lua_stop;
extern volatile sig_atomic_t tr_lua_stop_flag;
/* How many replays and pulls are under way: an interrupt reaches them through the flag above. */
extern volatile sig_atomic_t tr_lua_active_cursors;

/* ---- traversal.c, value_text.c, sort.c ---- */

int tr_lua_new_traversal(lua_State *L);
int tr_lua_new_text_functions(lua_State *L);
int tr_lua_sort(lua_State *L);

/* ---- histogram.c, writer.c, json.c, state.c, digest.c ---- */

int tr_lua_new_histogram(lua_State *L);
void tr_lua_open_histogram(lua_State *L);
int tr_lua_new_writer(lua_State *L);
void tr_lua_open_writer(lua_State *L);
int tr_lua_new_state(lua_State *L);
void tr_lua_open_state(lua_State *L);
int tr_lua_sha256(lua_State *L);
int tr_lua_crc32(lua_State *L);
int tr_lua_path_result(lua_State *L, bool is_done, const char *path); /* luaL_fileresult; raises a shortage */
int tr_lua_open_file(lua_State *L);
int tr_lua_file_kind(lua_State *L);
int tr_lua_is_link(lua_State *L);
int tr_lua_is_same_file(lua_State *L);
/* The function core.engine_walk: engine_walk.c */
int tr_lua_engine_walk(lua_State *L);
int tr_lua_has_entry(lua_State *L);
int tr_lua_without_links(lua_State *L);
int tr_lua_unfinished_file(lua_State *L);
int tr_lua_unfinished_directory(lua_State *L);
int tr_lua_sync_file(lua_State *L);
void tr_lua_open_unfinished(lua_State *L);
int tr_lua_taint_was_read(lua_State *L);

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
int luaopen_tracereel_core(lua_State *L);

#endif
