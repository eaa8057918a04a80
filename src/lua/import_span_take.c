/* Spans that are taken: the root is the trace, every other one a run of the node of its name. */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/import_draft.h"
#include "lua/import_event.h"
#include "lua/import_spans.h"
#include "record/text.h"

static const char call_name[] = "spans";

/* ---- metadata ---- */

static void write_double(lua_State *L, tr_json *json, tr_text digits) {
    char text[TR_OTLP_MAX_DIGITS + 1];
    memcpy(text, digits.bytes, digits.length_bytes);
    text[digits.length_bytes] = '\0';
    (void)lua_stringtonumber(L, text); /* whatever the locale's decimal point is */
    tr_json_double(json, lua_tonumber(L, -1));
    lua_pop(L, 1);
}

static void write_attribute(lua_State *L, tr_json *json, const tr_otlp_attribute *attribute) {
    tr_json_key_text(json, attribute->key.bytes, attribute->key.length_bytes);
    switch (attribute->type) {
    case TR_OTLP_TEXT:
        tr_json_text(json, attribute->text.bytes, attribute->text.length_bytes);
        break;
    case TR_OTLP_INTEGER:
        tr_json_signed(json, attribute->integer);
        break;
    case TR_OTLP_DOUBLE:
        write_double(L, json, attribute->text);
        break;
    default:
        tr_json_bool(json, attribute->flag);
        break;
    }
}

/* The span's attributes and, where it has a length, the resource, in the order of their keys. */
static void write_metadata(lua_State *L, tr_json *json, const tr_lua_spans *spans, tr_text resource) {
    size_t count = spans->has_attributes ? spans->span.attributes.count : 0;
    bool is_written = resource.length_bytes == 0;
    if (count == 0 && is_written) {
        return;
    }
    tr_json_key(json, "metadata");
    tr_json_begin_object(json);
    for (size_t i = 0; i <= count; i++) {
        const tr_otlp_attribute *next = i < count ? &spans->span.attributes.list[i] : NULL;
        if (!is_written && (next == NULL || tr_text_compare(spans->resource_key, next->key) < 0)) {
            tr_json_key_text(json, spans->resource_key.bytes, spans->resource_key.length_bytes);
            tr_json_text(json, resource.bytes, resource.length_bytes);
            is_written = true;
        }
        if (next != NULL) {
            write_attribute(L, json, next);
        }
    }
    tr_json_end_object(json);
}

/* ---- writing ---- */

/* The span that was read last is a run of a node. */
static void write_run(lua_State *L, tr_lua_spans *spans, uint32_t trace, tr_text resource) {
    tr_lua_draft *draft = lua_touserdata(L, TR_SPANS_DRAFT_INDEX);
    const tr_otlp_span *span = &spans->span;
    tr_text instance = {NULL, 0};
    tr_import_event event = {.trace = trace};
    int top = lua_gettop(L);
    event.node =
        tr_lua_known_node(L, TR_SPANS_DRAFT_INDEX, TR_SPANS_REPORT_INDEX, call_name, &spans->nodes, span->name);
    tr_lua_find_instance(L, draft->draft, &event, span->start_ns, span->end_ns, &instance);
    tr_lua_begin_members(&draft->json);
    tr_lua_write_member(&draft->json, "instance", instance);
    tr_lua_write_member(&draft->json, "resource", resource);
    write_metadata(L, &draft->json, spans, (tr_text){NULL, 0});
    tr_lua_add_event(L, call_name, draft, &event, TR_TYPE_NODE_START, span->start_ns, (tr_text){NULL, 0});
    tr_lua_begin_members(&draft->json);
    tr_lua_write_member(&draft->json, "instance", instance);
    if (span->is_error) {
        tr_json_key(&draft->json, "kind");
        tr_json_text(&draft->json, "error", strlen("error"));
    }
    tr_lua_add_event(L, call_name, draft, &event, span->is_error ? TR_TYPE_NODE_ERROR : TR_TYPE_NODE_DONE, span->end_ns,
                     span->is_error ? span->message : (tr_text){NULL, 0});
    lua_settop(L, top); /* a text of the instance's */
}

/* The span that was read last is a trace, which is not there yet. */
static uint32_t write_root(lua_State *L, const tr_lua_spans *spans, tr_text resource) {
    tr_lua_draft *draft = lua_touserdata(L, TR_SPANS_DRAFT_INDEX);
    const tr_otlp_span *span = &spans->span;
    tr_error error = {""};
    uint32_t trace = 0;
    tr_lua_begin_members(&draft->json);
    tr_lua_write_member(&draft->json, "name", span->name);
    write_metadata(L, &draft->json, spans, resource);
    tr_text metadata = tr_lua_end_members(L, call_name, &draft->json);
    tr_status status = tr_draft_add_trace(draft->draft, span->trace_id, NULL, span->start_ns, metadata, &trace, &error);
    if (status == TR_OK) {
        status = tr_draft_close_trace(draft->draft, trace,
                                      span->is_error ? TR_TYPE_TRACE_FAILED : TR_TYPE_TRACE_COMPLETE, span->end_ns,
                                      span->is_error ? span->message : (tr_text){NULL, 0}, (tr_text){NULL, 0}, &error);
    }
    tr_lua_check_drafted(L, status, &error);
    return trace;
}

/* ---- waiting ---- */

const char *tr_lua_push_spans_place(lua_State *L) {
    lua_getiuservalue(L, TR_SPANS_INDEX, TR_SPANS_WHERE);
    lua_call(L, 0, 1);
    return luaL_tolstring(L, -1, NULL);
}

static void keep(lua_State *L, tr_lua_spans *spans, uint32_t index, tr_text text, tr_text resource) {
    int top = lua_gettop(L);
    const char *place = spans->waiting.traces[index].place == NULL ? tr_lua_push_spans_place(L) : "";
    tr_lua_check_import_memory(L, tr_waiting_spans_add(&spans->waiting, index, place, text, resource, 0));
    lua_settop(L, top);
}

static void write_kept(lua_State *L, uint64_t number) {
    lua_getiuservalue(L, TR_SPANS_INDEX, TR_SPANS_WRITE);
    lua_getiuservalue(L, TR_SPANS_INDEX, TR_SPANS_KEPT);
    lua_rawgeti(L, -1, (lua_Integer)number);
    lua_pushnil(L);
    lua_rawseti(L, -3, (lua_Integer)number);
    lua_remove(L, -2);
    lua_call(L, 1, 0);
}

static void write_text(lua_State *L, tr_lua_spans *spans, uint32_t trace, const tr_waiting_span *waiting) {
    tr_text resource = {waiting->texts + waiting->text_bytes, waiting->resource_bytes};
    tr_json_reader reader = tr_json_reader_begin(waiting->texts, waiting->text_bytes, 0, NULL);
    tr_lua_check_import_memory(L, tr_otlp_span_read(&reader, &spans->span)); /* it could be read when it came */
    write_run(L, spans, trace, resource);
}

void tr_lua_write_waiting(lua_State *L, tr_lua_spans *spans, uint32_t index) {
    const tr_waiting_span *first;
    while ((first = spans->waiting.traces[index].first) != NULL) {
        uint64_t number = first->number;
        if (first->text_bytes > 0) {
            write_text(L, spans, spans->waiting.traces[index].number, first);
        }
        bool is_kept = first->text_bytes == 0;
        free(tr_waiting_spans_take(&spans->waiting, index));
        if (is_kept) {
            write_kept(L, number);
        }
    }
}

/* ---- taking ---- */

/* Could the span that was read last be the trace of that id? Not where there is one, or where its metadata would have
 * two of one key. */
static bool suits_as_root(lua_State *L, const tr_lua_spans *spans) {
    const tr_lua_draft *draft = lua_touserdata(L, TR_SPANS_DRAFT_INDEX);
    uint32_t trace = 0;
    for (size_t i = 0; i < spans->span.attributes.count; i++) {
        if (tr_text_equal(spans->span.attributes.list[i].key, spans->resource_key)) {
            return false;
        }
    }
    return !tr_draft_find_trace(draft->draft, spans->span.trace_id, &trace);
}

bool tr_lua_take_span(lua_State *L, tr_lua_spans *spans, tr_text text, tr_text resource) {
    uint32_t index = 0;
    tr_lua_check_import_memory(L, tr_waiting_spans_trace(&spans->waiting, spans->span.trace_id, &index));
    if (spans->waiting.traces[index].has_root) {
        write_run(L, spans, spans->waiting.traces[index].number, resource);
    } else if (!spans->span.is_root) {
        keep(L, spans, index, text, resource);
    } else if (suits_as_root(L, spans)) {
        uint32_t trace = write_root(L, spans, resource);
        tr_waiting_spans_begin(&spans->waiting, index, trace);
        tr_lua_write_waiting(L, spans, index);
    } else {
        return false;
    }
    return true;
}
