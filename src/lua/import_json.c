#include "lua/import_json.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/failure.h"
#include "lua/json_decode.h"

/* Of the iterator over the only document: has it been read? */
enum { UPVALUE_IS_READ = TR_UPVALUE_STREAM + 1 };

/* ---- texts ---- */

static bool is_blank(tr_text line) {
    for (uint32_t i = 0; i < line.length_bytes; i++) {
        if (strchr(" \t\r", line.bytes[i]) == NULL || line.bytes[i] == '\0') {
            return false;
        }
    }
    return true;
}

/* JSON begins with an ASCII character, so that a zero among the first two bytes is one of UTF-16, as its mark is. */
static bool is_utf16(tr_text text) {
    return text.length_bytes >= 2 && (text.bytes[0] == '\0' || text.bytes[1] == '\0' ||
                                      memcmp(text.bytes, "\xff\xfe", 2) == 0 || memcmp(text.bytes, "\xfe\xff", 2) == 0);
}

/* Raises what is wrong with JSON: the message is on top of the stack. `line`: 0 where the text is the whole input. */
static int raise_json(lua_State *L, const tr_input_stream *stream, tr_text text, uint64_t line) {
    const char *problem = lua_tostring(L, -1);
    if (line <= 1 && is_utf16(text)) {
        problem = "this is UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)";
    }
    if (line == 0) {
        return tr_lua_raise(L, "invalid", "%s: not JSON: %s", tr_input_stream_name(stream), problem);
    }
    return tr_lua_raise(L, "invalid", "%s:%d: not JSON: %s", tr_input_stream_name(stream), (int)line, problem);
}

void tr_lua_push_document(lua_State *L, const tr_input_stream *stream, tr_text text, bool is_line) {
    if (!tr_lua_push_json_value(L, text.bytes, text.length_bytes)) {
        raise_json(L, stream, text, is_line ? tr_input_stream_line_number(stream) : 0);
    }
}

static bool next_line(lua_State *L, tr_lua_import_stream *self, tr_text *line) {
    do {
        if (!tr_lua_next_line(L, self, line)) {
            return false;
        }
    } while (is_blank(*line));
    return true;
}

static tr_text read_whole(lua_State *L, tr_lua_import_stream *self) {
    tr_input_view view = tr_lua_read_all(L, self);
    if (view.length_bytes >= UINT32_MAX) {
        tr_lua_raise(L, "invalid", "%s: a JSON document of more than 4 GiB; give it as JSON lines",
                     tr_input_stream_name(self->stream));
    }
    return (tr_text){view.bytes, (uint32_t)view.length_bytes};
}

bool tr_lua_next_document(lua_State *L, tr_lua_import_stream *self, tr_lua_documents *documents, tr_text *text) {
    if (*documents == TR_DOCUMENTS_LINES) {
        bool is_there = next_line(L, self, text);
        *documents = is_there ? TR_DOCUMENTS_LINES : TR_DOCUMENTS_OVER;
        return is_there;
    } else if (*documents == TR_DOCUMENTS_WHOLE) {
        *documents = TR_DOCUMENTS_OVER;
        *text = read_whole(L, self);
        return true;
    }
    return false;
}

/* ---- iterators ---- */

static int json_lines_next(lua_State *L) {
    tr_text line;
    tr_lua_import_stream *self = tr_lua_iterated_stream(L);
    if (!next_line(L, self, &line)) {
        return 0;
    }
    tr_lua_push_document(L, self->stream, line, true);
    return 1;
}

static int push_whole(lua_State *L, tr_lua_import_stream *self) {
    tr_text text = read_whole(L, self);
    tr_lua_push_document(L, self->stream, text, false);
    tr_input_stream_skip(self->stream, text.length_bytes);
    return 1;
}

static int json_document_next(lua_State *L) {
    tr_lua_import_stream *self = tr_lua_iterated_stream(L);
    if (lua_toboolean(L, lua_upvalueindex(UPVALUE_IS_READ))) {
        return 0;
    }
    lua_pushboolean(L, true);
    lua_replace(L, lua_upvalueindex(UPVALUE_IS_READ));
    return push_whole(L, self);
}

tr_lua_documents tr_lua_documents_of(lua_State *L, int index) {
    lua_CFunction function = lua_tocfunction(L, index);
    if (function == json_lines_next) {
        return TR_DOCUMENTS_LINES;
    } else if (function != json_document_next) {
        return TR_DOCUMENTS_NONE;
    }
    (void)lua_getupvalue(L, index, UPVALUE_IS_READ);
    bool is_read = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_read ? TR_DOCUMENTS_OVER : TR_DOCUMENTS_WHOLE;
}

/* ---- methods ---- */

/* stream:json_lines() -> an iterator of the values of its lines */
int tr_lua_stream_json_lines(lua_State *L) {
    tr_lua_check_import_stream(L, 1);
    lua_settop(L, 1);
    lua_pushcclosure(L, json_lines_next, 1);
    return 1;
}

/* stream:json_document() -> an iterator of the one value that it is as a whole */
int tr_lua_stream_json_document(lua_State *L) {
    tr_lua_check_import_stream(L, 1);
    lua_settop(L, 1);
    lua_pushboolean(L, false);
    lua_pushcclosure(L, json_document_next, 2);
    return 1;
}

/* stream:json() -> the value that it is as a whole */
int tr_lua_stream_json(lua_State *L) {
    return push_whole(L, tr_lua_check_import_stream(L, 1));
}
