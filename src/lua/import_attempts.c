/* Rows of an input that are attempts, taken without a Lua value for each: what `out:attempts` gives an importer are the
 * other rows. */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "import/name_table.h"
#include "import/row_attempt.h"
#include "import/trace_text.h"
#include "lua/arguments.h"
#include "lua/failure.h"
#include "lua/import_csv.h"
#include "lua/import_draft.h"
#include "lua/import_event.h"
#include "lua/stop.h"

#define TR_LUA_ROW_TAKER "tracereel.import_row_taker"

static const char call_name[] = "attempts";

/* What is known while rows are taken. */
typedef struct row_taker {
    tr_row_columns columns;
    bool is_parallel;
    bool has_outcome;
    tr_record_type outcome;
    char *outcome_metadata; /* owned */
    uint32_t outcome_metadata_bytes;
    tr_name_table traces;
    tr_name_table nodes;
    uint64_t row_count;
} row_taker;

enum { UPVALUE_TAKER = TR_ROWS_UPVALUES + 1, UPVALUE_DRAFT, UPVALUE_REPORT, UPVALUE_COLUMNS };

/* On the stack of the iterator. */
enum { DRAFT_INDEX = 1, REPORT_INDEX = 2 };

static int taker_finalize(lua_State *L) {
    row_taker *self = luaL_checkudata(L, 1, TR_LUA_ROW_TAKER);
    free(self->columns.of_attempt);
    free(self->columns.of_trace);
    free(self->outcome_metadata);
    tr_name_table_free(&self->traces);
    tr_name_table_free(&self->nodes);
    memset(self, 0, sizeof *self);
    return 0;
}

/* ---- writing ---- */

static void write_metadata(tr_json *json, const tr_csv_reader *reader, const tr_row_metadata *list, size_t count) {
    bool is_begun = false;
    for (size_t i = 0; i < count; i++) {
        tr_text text = reader->fields[list[i].index].text;
        if (text.length_bytes > 0 && !is_begun) {
            tr_json_key(json, "metadata");
            tr_json_begin_object(json);
            is_begun = true;
        }
        if (text.length_bytes > 0) {
            tr_json_key_text(json, list[i].name.bytes, list[i].name.length_bytes);
            tr_json_text(json, text.bytes, text.length_bytes);
        }
    }
    if (is_begun) {
        tr_json_end_object(json);
    }
}

static uint32_t add_trace(lua_State *L, tr_lua_draft *draft, row_taker *self, const tr_csv_reader *reader,
                          const uint8_t *id, tr_text text) {
    tr_error error = {""};
    uint32_t trace = 0;
    tr_lua_begin_members(&draft->json);
    if (!tr_lua_is_own_id(id, text)) {
        tr_lua_write_member(&draft->json, "id", text);
    }
    write_metadata(&draft->json, reader, self->columns.of_trace, self->columns.of_trace_count);
    tr_text metadata = tr_lua_end_members(L, call_name, &draft->json);
    tr_status status = tr_draft_add_trace(draft->draft, id, NULL, TR_TIME_UNKNOWN, metadata, &trace, &error);
    if (status == TR_OK && self->has_outcome) {
        tr_text outcome_metadata = {self->outcome_metadata, self->outcome_metadata_bytes};
        status = tr_draft_set_outcome(draft->draft, trace, self->outcome, outcome_metadata, &error);
    }
    tr_lua_check_drafted(L, status, &error);
    return trace;
}

static uint32_t find_trace(lua_State *L, tr_lua_draft *draft, row_taker *self, const tr_csv_reader *reader,
                           tr_text text) {
    uint32_t trace = 0;
    if (!tr_name_table_find(&self->traces, text, &trace)) {
        uint8_t id[TR_TRACE_ID_BYTES];
        tr_trace_id_of_text(text.bytes, text.length_bytes, id);
        if (!tr_draft_find_trace(draft->draft, id, &trace)) {
            trace = add_trace(L, draft, self, reader, id, text);
        }
        tr_lua_check_import_memory(L, tr_name_table_add(&self->traces, text, trace));
    }
    return trace;
}

static void add_start(lua_State *L, tr_lua_draft *draft, const row_taker *self, const tr_csv_reader *reader,
                      const tr_row_attempt *attempt, tr_import_event *event) {
    tr_lua_begin_members(&draft->json);
    tr_lua_write_member(&draft->json, "instance", attempt->instance);
    if (attempt->scheduled_ns != TR_TIME_UNKNOWN) {
        tr_json_key(&draft->json, "scheduled_ns");
        tr_json_unsigned(&draft->json, attempt->scheduled_ns);
    }
    tr_lua_write_member(&draft->json, "resource", attempt->resource);
    write_metadata(&draft->json, reader, self->columns.of_attempt, self->columns.of_attempt_count);
    tr_lua_add_event(L, call_name, draft, event, TR_TYPE_NODE_START, attempt->start_ns, (tr_text){NULL, 0});
}

static void add_end(lua_State *L, tr_lua_draft *draft, const tr_row_attempt *attempt, tr_import_event *event) {
    tr_record_type type = attempt->error.length_bytes > 0 ? TR_TYPE_NODE_ERROR : TR_TYPE_NODE_DONE;
    tr_lua_begin_members(&draft->json);
    tr_lua_write_member(&draft->json, "instance", attempt->instance);
    tr_lua_add_event(L, call_name, draft, event, type, attempt->end_ns, attempt->error);
}

/* Takes the row that was read last; false where it is not an attempt as it stands. */
static bool take_row(lua_State *L, tr_lua_draft *draft, row_taker *self, const tr_csv_reader *reader) {
    tr_row_attempt attempt;
    if (!tr_row_attempt_of(reader, &self->columns, &attempt)) {
        return false;
    }
    tr_import_event event = {.trace = find_trace(L, draft, self, reader, attempt.trace)};
    event.node = tr_lua_known_node(L, DRAFT_INDEX, REPORT_INDEX, call_name, &self->nodes, attempt.node);
    if (attempt.instance.length_bytes > 0) {
        event.instance = tr_draft_instance(attempt.instance);
    }
    if (self->is_parallel) {
        tr_lua_find_instance(L, draft->draft, &event, attempt.start_ns, attempt.end_ns, &attempt.instance);
    }
    add_start(L, draft, self, reader, &attempt, &event);
    add_end(L, draft, &attempt, &event);
    lua_settop(L, REPORT_INDEX); /* a text of the instance's */
    return true;
}

static int next_other_row(lua_State *L) {
    enum { ROWS_BETWEEN_LOOKS = 1024 };
    tr_lua_import_stream *stream = tr_lua_iterated_stream(L);
    row_taker *self = lua_touserdata(L, lua_upvalueindex(UPVALUE_TAKER));
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_DRAFT));
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_REPORT));
    tr_lua_draft *draft = lua_touserdata(L, DRAFT_INDEX);
    (void)tr_lua_open_draft_of(L, draft);
    while (tr_lua_next_row(L, stream)) {
        if (!take_row(L, draft, self, &stream->csv)) {
            tr_lua_push_row(L, stream);
            return 1;
        } else if (++self->row_count % ROWS_BETWEEN_LOOKS == 0 && tr_lua_stop_flag != TR_STOP_NONE) {
            return luaL_error(L, "attempts: stopped");
        }
    }
    return 0;
}

/* ---- columns ---- */

/* The index of the column whose number is at `index`. */
static uint32_t read_index(lua_State *L, int index, tr_row_columns *columns) {
    uint32_t number = (uint32_t)lua_tointeger(L, index);
    columns->width = number > columns->width ? number : columns->width;
    return number - 1;
}

/* Reads the field of the table at the top: { number, form of times }. */
static void read_column(lua_State *L, const char *name, tr_row_columns *columns, tr_row_column *column) {
    if (lua_getfield(L, -1, name) == LUA_TTABLE) {
        size_t length = 0;
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        const char *form = lua_tolstring(L, -1, &length);
        column->is_there = true;
        column->index = read_index(L, -2, columns);
        if (form != NULL && !tr_time_form_of(form, length, &column->form)) {
            luaL_error(L, "attempts: %s: a unit (s, ms, us, ns) or a zone (Z, +01:00) expected, got %s", name,
                       tr_lua_push_got(L, -1));
        }
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

/* Reads the field of the table at the top: a list of { name, number }. The names live as long as that table. */
static void read_metadata(lua_State *L, const char *name, tr_row_columns *columns, tr_row_metadata **list,
                          size_t *count) {
    if (lua_getfield(L, -1, name) == LUA_TTABLE) {
        size_t length = (size_t)lua_rawlen(L, -1);
        *list = calloc(length + 1, sizeof **list);
        tr_lua_check_import_memory(L, *list != NULL);
        for (; *count < length; ++*count) {
            tr_row_metadata *one = &(*list)[*count];
            size_t name_bytes = 0;
            lua_rawgeti(L, -1, (lua_Integer)*count + 1);
            lua_rawgeti(L, -1, 1);
            lua_rawgeti(L, -2, 2);
            one->name.bytes = lua_tolstring(L, -2, &name_bytes);
            one->name.length_bytes = (uint32_t)name_bytes;
            one->index = read_index(L, -1, columns);
            lua_pop(L, 3);
        }
    }
    lua_pop(L, 1);
}

static void read_outcome(lua_State *L, tr_lua_draft *draft, row_taker *self) {
    if (lua_getfield(L, -1, "outcome") != LUA_TNIL) {
        tr_lua_begin_members(&draft->json);
        self->outcome = tr_lua_draft_outcome(L, call_name, lua_gettop(L), &draft->json);
        tr_text metadata = tr_lua_end_members(L, call_name, &draft->json);
        self->has_outcome = true;
        self->outcome_metadata = malloc((size_t)metadata.length_bytes + 1);
        tr_lua_check_import_memory(L, self->outcome_metadata != NULL);
        if (metadata.length_bytes > 0) {
            memcpy(self->outcome_metadata, metadata.bytes, metadata.length_bytes);
        }
        self->outcome_metadata_bytes = metadata.length_bytes;
    }
    lua_pop(L, 1);
}

/* draft:attempts(rows, columns) -> an iterator of the rows that are no attempts as they stand. `columns`, which
 * tracereel.import.columns makes and checks, has { number, form } by role, of_attempt, of_trace, parallel, outcome. */
int tr_lua_draft_attempts(lua_State *L) {
    tr_lua_draft *draft = luaL_checkudata(L, 1, TR_LUA_DRAFT);
    (void)tr_lua_open_draft_of(L, draft);
    luaL_argcheck(L, tr_lua_is_rows(L, 2), 2, "rows expected");
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    tr_lua_push_rows_upvalues(L, 2);
    row_taker *self = lua_newuserdatauv(L, sizeof *self, 0);
    memset(self, 0, sizeof *self);
    luaL_setmetatable(L, TR_LUA_ROW_TAKER);
    lua_pushvalue(L, 1);
    lua_getiuservalue(L, 1, TR_DRAFT_REPORT);
    lua_pushvalue(L, 3); /* ..., taker, draft, report, columns */
    tr_row_columns *columns = &self->columns;
    struct {
        const char *name;
        tr_row_column *column;
    } const roles[] = {{"trace", &columns->trace},         {"node", &columns->node},
                       {"start", &columns->start},         {"end", &columns->end},
                       {"scheduled", &columns->scheduled}, {"instance", &columns->instance},
                       {"resource", &columns->resource},   {"error", &columns->error}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        read_column(L, roles[i].name, columns, roles[i].column);
    }
    read_metadata(L, "of_attempt", columns, &columns->of_attempt, &columns->of_attempt_count);
    read_metadata(L, "of_trace", columns, &columns->of_trace, &columns->of_trace_count);
    read_outcome(L, draft, self);
    lua_getfield(L, -1, "parallel");
    self->is_parallel = lua_toboolean(L, -1);
    lua_pop(L, 1);
    lua_pushcclosure(L, next_other_row, UPVALUE_COLUMNS);
    return 1;
}

void tr_lua_open_import_attempts(lua_State *L) {
    static const luaL_Reg metamethods[] = {{"__gc", taker_finalize}, {NULL, NULL}};
    luaL_newmetatable(L, TR_LUA_ROW_TAKER);
    luaL_setfuncs(L, metamethods, 0);
    lua_pop(L, 1);
}
