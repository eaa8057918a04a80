/* What an importer writes to: the traces of a log that is being made. */
#ifndef TRACEREEL_LUA_IMPORT_DRAFT_H
#define TRACEREEL_LUA_IMPORT_DRAFT_H

#include <lua.h>

#include "import/draft.h"
#include "lua/import_fields.h"
#include "tracereel/json.h"

#define TR_LUA_DRAFT "tracereel.import_draft"
#define TR_LUA_DRAFTED_TRACE "tracereel.drafted_trace"

enum { TR_DRAFT_RECENT_NODES = 64 };

/* The number of the kind of waits of which nothing is said. */
enum { TR_DRAFT_WAIT_SIGNAL = 0 };

typedef struct tr_lua_draft {
    tr_draft *draft;     /* NULL once it was written or given up */
    tr_json json;        /* for one text at a time */
    const tr_keys *keys; /* a user value */
    uint32_t node_count;
    uint32_t untold_events; /* added since who watches was told, where somebody does */
    bool is_watched;
    struct {
        const char *name; /* the bytes of a key of TR_DRAFT_NUMBERS, which lives as long as the draft */
        uint32_t number;
    } recent_nodes[TR_DRAFT_RECENT_NODES];
} tr_lua_draft;

/* The user values of a draft. */
enum tr_lua_draft_value {
    TR_DRAFT_NUMBERS = 1, /* name -> number of a node; names are as given, and cleaned */
    TR_DRAFT_NAMES,       /* number + 1 -> name */
    TR_DRAFT_REPORT,      /* function(kind, is_dropped): something does not fit */
    TR_DRAFT_TRACES,      /* text -> trace; weak */
    TR_DRAFT_KEYS,        /* of tr_import_push_keys */
    TR_DRAFT_WATCH,       /* function(events) or nil: is told now and then how many events there are */
    TR_DRAFT_VALUES = TR_DRAFT_WATCH
};

typedef struct tr_lua_drafted_trace {
    const char *mark;    /* tr_lua_drafted_trace_mark: what other userdata of that size do not have */
    tr_lua_draft *draft; /* its user value */
    uint32_t number;
} tr_lua_drafted_trace;

extern const char tr_lua_drafted_trace_mark;

/* The draft that importers may still add to, or raises. */
tr_draft *tr_lua_open_draft_of(lua_State *L, const tr_lua_draft *self);
/* Raises what a call into the engine returned, unless that is TR_OK. */
void tr_lua_check_drafted(lua_State *L, tr_status status, const tr_error *error);

/* The number of the node whose name stands at `index`, of the draft at `draft_index`. A new one gets the next. */
uint32_t tr_lua_draft_node(lua_State *L, int draft_index, int report_index, const char *call, int index);

/* The end of a trace that the name of an outcome at `index` stands for. Where it needs one, its member is added to the
 * object that is being written. */
tr_record_type tr_lua_draft_outcome(lua_State *L, const char *call, int index, tr_json *json);

/* Metadata in the draft's buffer: an object, or an empty text where nothing was written in between. */
void tr_lua_begin_members(tr_json *json);
tr_text tr_lua_end_members(lua_State *L, const char *call, tr_json *json);

/* Is the text that names a trace the UUID's own, so that it need not be kept? */
bool tr_lua_is_own_id(const uint8_t id[TR_TRACE_ID_BYTES], tr_text text);

/* What is at the same time as others of its node and instance gets an instance of its own: "2" for the second, or,
 * where it has a name already, "NAME 2". Changes the event's, and the text, which is then on top of the stack. */
void tr_lua_find_instance(lua_State *L, tr_draft *draft, tr_import_event *event, uint64_t start_ns, uint64_t end_ns,
                          tr_text *instance);

/* Lua functions, whose upvalue is the draft: trace and has_trace of an importer's `out`. */
int tr_lua_out_trace(lua_State *L);
int tr_lua_out_has_trace(lua_State *L);

/* Lua function: a method of the draft. */
int tr_lua_draft_attempts(lua_State *L);
void tr_lua_open_import_attempts(lua_State *L);

/* Lua functions: import_draft(report, memory_bytes) -> draft. */
int tr_lua_new_draft(lua_State *L);
void tr_lua_open_draft_types(lua_State *L);
/* The metatable of the traces, and their methods. */
void tr_lua_open_drafted_trace(lua_State *L);

#endif
