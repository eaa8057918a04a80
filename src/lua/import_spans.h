/* Spans of OTLP/JSON that become what happens in traces, without a Lua value for each. */
#ifndef TRACEREEL_LUA_IMPORT_SPANS_H
#define TRACEREEL_LUA_IMPORT_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "import/name_table.h"
#include "import/otlp_span.h"
#include "import/waiting_spans.h"
#include "tracereel/record.h"

#define TR_LUA_SPANS "tracereel.import_spans"

/* What `out:spans` gives an importer. */
typedef struct tr_lua_spans {
    tr_text resource_key; /* a user value; empty: spans have no resource */
    bool has_attributes;  /* are metadata */
    tr_name_table nodes;
    tr_waiting_spans waiting;
    tr_otlp_span span; /* the one that is read */
    uint64_t kept_count;
    size_t told_bytes; /* of tr_lua_tell_memory */
} tr_lua_spans;

/* The user values of spans. */
enum tr_lua_spans_value {
    TR_SPANS_DRAFT = 1,
    TR_SPANS_RESOURCE_KEY,
    TR_SPANS_APART, /* a list of texts: documents with one of them are given back */
    TR_SPANS_WRITE, /* function(span): the root of the trace has come for which the span has waited */
    TR_SPANS_WHERE, /* function() -> the place of what is read */
    TR_SPANS_KEPT,  /* number -> what an importer has waiting */
    TR_SPANS_VALUES = TR_SPANS_KEPT
};

/* On the stack of each function that follows, and of those that call it. */
enum { TR_SPANS_INDEX = 1, TR_SPANS_DRAFT_INDEX, TR_SPANS_REPORT_INDEX };
/* Pushes them, onto the empty stack but for the spans themselves. Raises where the import is over. */
tr_lua_spans *tr_lua_begin_spans_call(lua_State *L);

/* Takes the span whose text it is, which is read into `spans->span`: it is written, or waits for its root. False where
 * that is not possible. */
bool tr_lua_take_span(lua_State *L, tr_lua_spans *spans, tr_text text, tr_text resource);
/* Writes what waits for the root of a trace, by its index. */
void tr_lua_write_waiting(lua_State *L, tr_lua_spans *spans, uint32_t index);
/* The place of what is read, on top of the stack. */
const char *tr_lua_push_spans_place(lua_State *L);

/* Lua function: spans:others(documents) -> an iterator of those that are not taken. */
int tr_lua_spans_others(lua_State *L);
void tr_lua_open_spans_reading(lua_State *L);

/* Lua function: a method of the draft. */
int tr_lua_draft_spans(lua_State *L);
void tr_lua_open_import_spans(lua_State *L);

#endif
