/* What can be named of an event, a record with its trace after it: the record's fields bare (`node_id`), those of its
 * trace as `trace.status`, those of its node as `node.duration_ns`; `rec`, `trace` and `node` themselves; and `code`,
 * where a violation is shown.
 *
 * The value is what `rec.X`, `trace and trace.X`, and `node and node.X` give, where node is what
 * `trace and trace:node(rec.node_id)` gives for a record that names a node. The names are those lists of fields. */
#ifndef TRACEREEL_LUA_EVENT_FIELD_H
#define TRACEREEL_LUA_EVENT_FIELD_H

#include <stdbool.h>

#include <lua.h>

#include "lua/cursor.h"
#include "lua/node.h"
#include "lua/rec.h"
#include "lua/scalar.h"
#include "tracereel/replay.h"

/* X(C name, name, what comes before the names of its fields). */
#define TR_EVENT_OBJECTS(X)                                                                                            \
    X(RECORD, rec, "")                                                                                                 \
    X(TRACE, trace, "trace.")                                                                                          \
    X(NODE, node, "node.")

typedef enum tr_event_object {
#define TR_EVENT_OBJECT_ENUM(constant, name, prefix) TR_EVENT_##constant,
    TR_EVENT_OBJECTS(TR_EVENT_OBJECT_ENUM)
#undef TR_EVENT_OBJECT_ENUM
        TR_EVENT_CODE
} tr_event_object;

enum { TR_EVENT_WHOLE = -1 };

/* How a field becomes a Lua value. */
typedef enum tr_event_way {
    TR_EVENT_BY_NUMBERS, /* a number that stands in the record */
    TR_EVENT_BY_RECORD,
    TR_EVENT_BY_TRACE,
    TR_EVENT_BY_NODE,
    TR_EVENT_BY_HANDLE, /* a field of a trace that only its handle can give */
    TR_EVENT_AS_A_WHOLE
} tr_event_way;

typedef struct tr_event_field {
    tr_event_object object;
    int number;         /* of the field; TR_EVENT_WHOLE: the object itself, or the code */
    tr_field_form form; /* TR_FIELD_TABLE of an object itself */
    tr_event_way way;
    const char *name; /* of the field alone: "status" */
} tr_event_field;

/* One event: made by tr_lua_view_event, valid until the next one. */
typedef struct tr_event_view {
    const tr_lua_cursor *cursor;
    const tr_event *event;
    tr_record_view record; /* this and the node are made when they are needed first */
    tr_node_view node;
    bool has_record;
    bool node_is_looked_up;
    const char *code; /* of the violation; NULL where none is shown */
} tr_event_view;

/* Returns false where an event has nothing of that name. */
bool tr_event_field_find(const char *name, tr_event_field *field);
/* Pushes a sentence for a name that tr_event_field_find does not know: the nearest names that there are, or all. */
const char *tr_event_field_push_unknown(lua_State *L, const char *name);

void tr_lua_view_event(tr_event_view *view, const tr_lua_cursor *cursor, const tr_event *event, const char *code);
/* Pushes one value. */
void tr_event_field_push(lua_State *L, tr_event_view *view, const tr_lua_slots *slots, const tr_event_field *field);
/* The value without making it one of Lua's; nil for tables. Of a field that is TR_FIELD_MADE it pushes a value, in
 * which a text lives; of others nothing. */
tr_scalar tr_event_field_scalar(lua_State *L, tr_event_view *view, const tr_lua_slots *slots,
                                const tr_event_field *field);

/* Lua function: all names, in their order. */
int tr_lua_event_field_names(lua_State *L);

#endif
