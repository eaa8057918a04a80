/* The input of an importer: rows, lines and JSON, read in pieces; and times. */
#ifndef TRACEREEL_LUA_IMPORT_INPUT_H
#define TRACEREEL_LUA_IMPORT_INPUT_H

#include <stdbool.h>

#include <lua.h>

#include "import/csv.h"
#include "import/input_stream.h"
#include "tracereel/status.h"

typedef struct tr_lua_import_stream {
    tr_input_stream *stream; /* NULL once it was closed */
    tr_csv_reader csv;
    int watch;           /* a reference to the function that is told how far reading is, or LUA_NOREF */
    uint64_t told_bytes; /* how far it was when it was told last */
} tr_lua_import_stream;

/* The upvalue of every iterator over an input that is the stream. */
enum { TR_UPVALUE_STREAM = 1 };

/* The open stream at `index`, or that of the iterator that runs. Raise where it is closed. */
tr_lua_import_stream *tr_lua_check_import_stream(lua_State *L, int index);
tr_lua_import_stream *tr_lua_iterated_stream(lua_State *L);

/* Raises what reading returned, unless that is TR_OK or TR_END. Tells who watches, now and then, how far it is. */
void tr_lua_check_import_read(lua_State *L, tr_lua_import_stream *self, tr_status status, const tr_error *error);

/* The next line; false: there are no more. Raises what is wrong. */
bool tr_lua_next_line(lua_State *L, tr_lua_import_stream *self, tr_text *line);
/* All that is left to read, which stays unread. */
tr_input_view tr_lua_read_all(lua_State *L, tr_lua_import_stream *self);

/* Lua functions: import_stream(path, watch) -> stream, where watch(read bytes, the file's bytes or nil) is called now
 * and then; import_time(fail) -> function(value, zone or unit) -> ns, where fail(message) raises. */
int tr_lua_new_import_stream(lua_State *L);
int tr_lua_new_import_time(lua_State *L);
void tr_lua_open_import_stream(lua_State *L);

#endif
