/* The JSON documents of an input of an importer. */
#ifndef TRACEREEL_LUA_IMPORT_JSON_H
#define TRACEREEL_LUA_IMPORT_JSON_H

#include <stdbool.h>

#include <lua.h>

#include "lua/import_input.h"

/* The documents that an iterator gives: those of the lines, or the one that the input is as a whole. */
typedef enum tr_lua_documents {
    TR_DOCUMENTS_NONE,
    TR_DOCUMENTS_LINES,
    TR_DOCUMENTS_WHOLE,
    TR_DOCUMENTS_OVER
} tr_lua_documents;

/* What the function at `index` iterates over; TR_DOCUMENTS_NONE where it is another function. */
tr_lua_documents tr_lua_documents_of(lua_State *L, int index);

/* The text of the next document, valid until the stream is read again; false where there are no more: then, and after
 * the only one, `*documents` is TR_DOCUMENTS_OVER. A document that is the whole input stays unread. */
bool tr_lua_next_document(lua_State *L, tr_lua_import_stream *self, tr_lua_documents *documents, tr_text *text);

/* Pushes the value of a document, or raises what is wrong with it. `is_line`: of those of lines. */
void tr_lua_push_document(lua_State *L, const tr_input_stream *stream, tr_text text, bool is_line);

/* Lua functions: methods of a stream. */
int tr_lua_stream_json(lua_State *L);
int tr_lua_stream_json_lines(lua_State *L);
int tr_lua_stream_json_document(lua_State *L);

#endif
