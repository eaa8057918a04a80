/* Documents of spans: what is plain in them is taken, and the rest given to the importer. */
#include <string.h>

#include <lauxlib.h>

#include "import/otlp_document.h"
#include "lua/failure.h"
#include "lua/import_json.h"
#include "lua/import_spans.h"
#include "lua/json_decode.h"
#include "lua/stop.h"
#include "lua/type.h"

#define TR_LUA_READING "tracereel.import_reading"

/* Of an iterator: where it is. */
typedef struct tr_lua_reading {
    tr_otlp_document document;
    tr_lua_documents documents;
    tr_text text;       /* of the document */
    bool is_inside;     /* of a document that was begun */
    bool is_whole;      /* what it reads is the input as a whole */
    uint64_t use_count; /* of the stream, while the text is valid */
    uint64_t span_count;
} tr_lua_reading;

enum { UPVALUE_SPANS = TR_UPVALUE_STREAM + 1, UPVALUE_READING, UPVALUE_COUNT = UPVALUE_READING };

static int reading_finalize(lua_State *L) {
    tr_lua_reading *self = luaL_checkudata(L, 1, TR_LUA_READING);
    tr_otlp_document_free(&self->document);
    return 0;
}

/* Has the document one of the texts by which the importer knows those that it reads itself? */
static bool is_apart(lua_State *L, tr_text text) {
    bool is_found = false;
    lua_getiuservalue(L, TR_SPANS_INDEX, TR_SPANS_APART);
    for (lua_Integer i = 1; !is_found && lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
        size_t length = 0;
        const char *part = lua_tolstring(L, -1, &length);
        is_found = memmem(text.bytes, text.length_bytes, part, length) != NULL;
        lua_pop(L, 1);
    }
    lua_settop(L, TR_SPANS_REPORT_INDEX);
    return is_found;
}

static void end_document(tr_input_stream *stream, tr_lua_reading *self) {
    self->is_inside = false;
    if (self->is_whole) {
        tr_input_stream_skip(stream, self->text.length_bytes);
    }
}

/* Goes to the next document that has spans to take. Returns 1 where it is one of which the value is pushed instead, 0
 * at the end, and -1 where it was begun. */
static int begin_document(lua_State *L, tr_lua_import_stream *input, tr_lua_reading *self) {
    tr_input_stream *stream = input->stream;
    if (!tr_lua_next_document(L, input, &self->documents, &self->text)) {
        return 0;
    }
    self->use_count = tr_input_stream_use_count(stream);
    if (!is_apart(L, self->text) &&
        tr_otlp_document_begin(&self->document, self->text.bytes, self->text.length_bytes)) {
        self->is_inside = true;
        return -1;
    }
    tr_lua_push_document(L, stream, self->text, !self->is_whole);
    end_document(stream, self);
    return 1;
}

/* Takes the span that comes next, or pushes its value and its resource. */
static bool take_span(lua_State *L, tr_lua_spans *spans, tr_lua_reading *self) {
    tr_json_reader *reader = &self->document.reader;
    tr_json_reader begin = *reader;
    if (tr_otlp_span_read(reader, &spans->span)) {
        tr_text text = {begin.at, (uint32_t)(reader->at - begin.at)};
        if (tr_lua_take_span(L, spans, text, self->document.resource)) {
            return true;
        }
    }
    *reader = begin;
    tr_json_reader_skip(reader);
    (void)tr_lua_push_json_value(L, begin.at, (size_t)(reader->at - begin.at));
    if (self->document.resource.length_bytes > 0) {
        lua_pushlstring(L, self->document.resource.bytes, self->document.resource.length_bytes);
    } else {
        lua_pushboolean(L, false);
    }
    return false;
}

static void check_use(lua_State *L, const tr_input_stream *stream, const tr_lua_reading *self) {
    if (tr_input_stream_use_count(stream) != self->use_count) {
        luaL_error(L, "spans: the input was read on while the spans of a document were");
    }
}

/* -> document, or a span and its resource (false: none) */
static int next_other(lua_State *L) {
    enum { SPANS_BETWEEN_LOOKS = 1024 };
    tr_lua_import_stream *input = tr_lua_iterated_stream(L);
    tr_lua_reading *self = lua_touserdata(L, lua_upvalueindex(UPVALUE_READING));
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_SPANS));
    tr_lua_spans *spans = tr_lua_begin_spans_call(L);
    for (;;) {
        if (!self->is_inside) {
            tr_lua_tell_memory(L, &spans->told_bytes, tr_waiting_spans_bytes(&spans->waiting));
            int result = begin_document(L, input, self);
            if (result >= 0) {
                return result;
            }
        }
        check_use(L, input->stream, self);
        while (tr_otlp_document_next(&self->document)) {
            if (!take_span(L, spans, self)) {
                return 2;
            } else if (++self->span_count % SPANS_BETWEEN_LOOKS == 0 && tr_lua_stop_flag != TR_STOP_NONE) {
                return luaL_error(L, "spans: stopped");
            }
        }
        end_document(input->stream, self);
    }
}

int tr_lua_spans_others(lua_State *L) {
    const tr_lua_spans *spans = tr_lua_check_object(L, 1, TR_LUA_SPANS);
    tr_lua_documents documents = tr_lua_documents_of(L, 2);
    luaL_argcheck(L, documents != TR_DOCUMENTS_NONE, 2, "the documents of input:json_documents() expected");
    lua_settop(L, 2);
    (void)lua_getupvalue(L, 2, TR_UPVALUE_STREAM);
    lua_pushvalue(L, 1);
    tr_lua_reading *self = lua_newuserdatauv(L, sizeof *self, 0); /* ..., stream, spans, reading */
    memset(self, 0, sizeof *self);
    luaL_setmetatable(L, TR_LUA_READING);
    self->documents = documents;
    self->is_whole = documents == TR_DOCUMENTS_WHOLE;
    self->document.resource_key = spans->resource_key;
    lua_pushcclosure(L, next_other, UPVALUE_COUNT);
    return 1;
}

void tr_lua_open_spans_reading(lua_State *L) {
    static const luaL_Reg metamethods[] = {{"__gc", reading_finalize}, {NULL, NULL}};
    luaL_newmetatable(L, TR_LUA_READING);
    luaL_setfuncs(L, metamethods, 0);
    lua_pop(L, 1);
}
