#include "lua/event_field.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/trace.h"
#include "lua/type.h"

/* ---- names ---- */

typedef struct field_list {
    const char *object; /* its own name: "trace" */
    const char *prefix; /* before the names of its fields: "trace." */
    const char *const *(*fields)(int *count);
} field_list;

#define FIELDS_OF_RECORD tr_lua_rec_fields
#define FIELDS_OF_TRACE tr_lua_trace_fields
#define FIELDS_OF_NODE tr_lua_node_fields
static const field_list lists[] = {
#define FIELD_LIST(constant, name, prefix) {#name, prefix, FIELDS_OF_##constant},
    TR_EVENT_OBJECTS(FIELD_LIST)
#undef FIELD_LIST
};
enum { LIST_COUNT = sizeof lists / sizeof *lists };

static void describe(tr_event_field *field) {
    static const tr_event_way ways[] = {[TR_EVENT_RECORD] = TR_EVENT_BY_RECORD,
                                        [TR_EVENT_TRACE] = TR_EVENT_BY_TRACE,
                                        [TR_EVENT_NODE] = TR_EVENT_BY_NODE};
    field->way = field->number == TR_EVENT_WHOLE ? TR_EVENT_AS_A_WHOLE : ways[field->object];
    field->form = field->number == TR_EVENT_WHOLE ? TR_FIELD_TABLE : TR_FIELD_SCALAR;
    if (field->way == TR_EVENT_BY_RECORD && tr_lua_is_record_number(field->number)) {
        field->way = TR_EVENT_BY_NUMBERS;
    } else if (field->way == TR_EVENT_BY_TRACE) {
        bool is_noted;
        field->form = tr_lua_trace_field_form(field->number, &is_noted);
        field->way = is_noted || field->form != TR_FIELD_SCALAR ? TR_EVENT_BY_HANDLE : TR_EVENT_BY_TRACE;
    } else if (field->way == TR_EVENT_BY_NODE) {
        field->form = tr_lua_node_field_form(field->number);
    }
}

static int number_of(const field_list *list, const char *name, const char **known) {
    int count;
    const char *const *fields = list->fields(&count);
    for (int i = 0; i < count; i++) {
        if (strcmp(fields[i], name) == 0) {
            *known = fields[i];
            return i;
        }
    }
    return -1;
}

bool tr_event_field_find(const char *name, tr_event_field *field) {
    if (strcmp(name, "code") == 0) {
        *field = (tr_event_field){TR_EVENT_CODE, TR_EVENT_WHOLE, TR_FIELD_SCALAR, TR_EVENT_AS_A_WHOLE, "code"};
        return true;
    }
    for (int i = 0; i < LIST_COUNT; i++) {
        const field_list *list = &lists[i];
        size_t prefix_length = strlen(list->prefix);
        bool is_whole = strcmp(name, list->object) == 0;
        const char *known = list->object;
        int number = TR_EVENT_WHOLE;
        if (!is_whole && strncmp(name, list->prefix, prefix_length) == 0) {
            number = number_of(list, name + prefix_length, &known);
        }
        if (is_whole || number >= 0) {
            field->object = (tr_event_object)i;
            field->number = number;
            field->name = known;
            describe(field);
            return true;
        }
    }
    return false;
}

/* Appends those of one object to the list on top, which has `place` of them. Returns how many it has then. */
static lua_Integer append_names(lua_State *L, const field_list *list, lua_Integer place) {
    int count;
    const char *const *fields = list->fields(&count);
    for (int i = 0; i < count; i++) {
        lua_pushfstring(L, "%s%s", list->prefix, fields[i]);
        lua_rawseti(L, -2, ++place);
    }
    return place;
}

int tr_lua_event_field_names(lua_State *L) {
    lua_newtable(L); /* names */
    lua_Integer place = 0;
    for (int i = 0; i < LIST_COUNT; i++) {
        place = append_names(L, &lists[i], place);
    }
    for (int i = 0; i < LIST_COUNT; i++) {
        lua_pushstring(L, lists[i].object);
        lua_rawseti(L, -2, ++place);
    }
    lua_pushliteral(L, "code");
    lua_rawseti(L, -2, ++place);
    return 1;
}

/* ---- names that do not exist ---- */

enum { MAX_COMPARED = 64 };

/* How many letters must be put in, left out or changed to make one name of the other; of long ones their beginnings. */
static int distance(const char *left, const char *right) {
    int row[MAX_COMPARED + 1];
    int width = (int)strnlen(right, MAX_COMPARED);
    int height = (int)strnlen(left, MAX_COMPARED);
    for (int j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (int i = 1; i <= height; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= width; j++) {
            int changed = diagonal + (left[i - 1] != right[j - 1]);
            int other = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
            diagonal = row[j];
            row[j] = changed < other ? changed : other;
        }
    }
    return row[width];
}

/* The name without "trace.", "node.", or what else stands before a dot. */
static const char *own_part(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

/* Pushes the list of names that tr_lua_event_field_names gives, of which those with the smallest distance to `name`
 * stay. Returns that distance. A name that only another object has is as near as one with one wrong letter. */
static int push_nearest(lua_State *L, const char *name) {
    int least = MAX_COMPARED;
    lua_Integer kept = 0;
    lua_newtable(L);             /* nearest */
    tr_lua_event_field_names(L); /* nearest, names */
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, i); /* nearest, names, candidate */
        const char *candidate = lua_tostring(L, -1);
        int whole = distance(name, candidate);
        int part = 1 + distance(own_part(name), own_part(candidate));
        int found = whole < part ? whole : part;
        if (found < least) {
            least = found;
            kept = 0;
        }
        if (found == least) {
            lua_rawseti(L, -3, ++kept);
        } else {
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1); /* nearest, with more after its end that were farther */
    for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i > kept; i--) {
        lua_pushnil(L);
        lua_rawseti(L, -2, i);
    }
    return least;
}

/* Pushes the names of the object's fields of which the name seems to be one; all names where it says no object. */
static void push_possible(lua_State *L, const char *name) {
    for (int i = 0; i < LIST_COUNT; i++) {
        size_t prefix_length = strlen(lists[i].prefix);
        if (prefix_length > 0 && strncmp(name, lists[i].prefix, prefix_length) == 0) {
            lua_newtable(L);
            append_names(L, &lists[i], 0);
            return;
        }
    }
    tr_lua_event_field_names(L);
}

const char *tr_event_field_push_unknown(lua_State *L, const char *name) {
    int least = push_nearest(L, name); /* names */
    bool is_near = least <= 1 + (int)strlen(own_part(name)) / 4;
    if (!is_near) {
        lua_pop(L, 1);
        push_possible(L, name); /* names */
    }
    int names_index = lua_gettop(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, names_index);
    lua_pushstring(L, name);
    const char *shown = tr_lua_push_name(L, -1); /* names, name, shown */
    lua_pushfstring(L, "an event has no field '%s'; %s", shown, is_near ? "did you mean " : "it has ");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_pushstring(L, i == 1 ? "" : i < count || !is_near ? ", " : " or ");
        lua_rawgeti(L, names_index, i);
        lua_concat(L, 3); /* names, name, shown, text */
    }
    lua_pushstring(L, is_near ? "?" : "");
    lua_concat(L, 2);
    lua_replace(L, names_index);
    lua_settop(L, names_index);
    return lua_tostring(L, -1);
}

/* ---- values ---- */

void tr_lua_view_event(tr_event_view *view, const tr_lua_cursor *cursor, const tr_event *event, const char *code) {
    view->cursor = cursor;
    view->event = event;
    view->has_record = false;
    view->node_is_looked_up = false;
    view->code = code;
}

static const tr_record_view *record_of(tr_event_view *view) {
    if (!view->has_record) {
        view->record = tr_lua_view_record(view->cursor, view->event);
        view->has_record = true;
    }
    return &view->record;
}

/* The record's node in its trace; NULL where there is none. */
static const tr_node_view *node_of(tr_event_view *view) {
    if (!view->node_is_looked_up) {
        const tr_record *record = &view->event->record;
        const tr_trace *trace = view->event->trace;
        bool names_node = tr_record_type_has((unsigned)tr_record_type_of(record), TR_HAS_NODE);
        const tr_node *node =
            trace == NULL || !names_node ? NULL : tr_trace_find_node(trace, tr_record_node_id(record));
        view->node.node = NULL;
        if (node != NULL) {
            view->node = tr_lua_view_node(trace, node, true);
        }
        view->node_is_looked_up = true;
    }
    return view->node.node == NULL ? NULL : &view->node;
}

static void push_handle(lua_State *L, const tr_event_view *view, const tr_lua_slots *slots) {
    if (view->event->trace == NULL) {
        lua_pushnil(L);
    } else {
        tr_lua_push_trace(L, view->cursor, slots, view->event->trace);
    }
}

static void push_node(lua_State *L, tr_event_view *view, const tr_lua_slots *slots) {
    const tr_node_view *node = node_of(view);
    if (node == NULL) {
        lua_pushnil(L);
        return;
    }
    push_handle(L, view, slots);
    luaL_getmetatable(L, TR_LUA_NODE); /* handle, metatable */
    tr_lua_push_node(L, node, lua_gettop(L) - 1, lua_gettop(L));
    lua_replace(L, -3);
    lua_pop(L, 1); /* node */
}

static void push_whole(lua_State *L, tr_event_view *view, const tr_lua_slots *slots, tr_event_object object) {
    switch (object) {
    case TR_EVENT_RECORD:
        tr_lua_push_rec(L, view->cursor->core, record_of(view), slots->rec_metatable);
        return;
    case TR_EVENT_TRACE:
        push_handle(L, view, slots);
        return;
    case TR_EVENT_NODE:
        push_node(L, view, slots);
        return;
    case TR_EVENT_CODE:
        lua_pushstring(L, view->code); /* nil for NULL */
    }
}

static void push_from_handle(lua_State *L, const tr_event_view *view, const tr_lua_slots *slots, const char *name) {
    if (view->event->trace == NULL) {
        lua_pushnil(L);
        return;
    }
    push_handle(L, view, slots); /* handle */
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

static void push_of_node(lua_State *L, tr_event_view *view, const tr_event_field *field) {
    const tr_node_view *node = node_of(view);
    if (node == NULL) {
        lua_pushnil(L);
    } else {
        tr_lua_push_node_field(L, view->event->trace, view->cursor->names, node, field->number);
    }
}

void tr_event_field_push(lua_State *L, tr_event_view *view, const tr_lua_slots *slots, const tr_event_field *field) {
    const tr_trace *trace = view->event->trace;
    switch (field->way) {
    case TR_EVENT_BY_NUMBERS:
        lua_pushinteger(L, tr_lua_record_number(&view->event->record, field->number));
        return;
    case TR_EVENT_BY_RECORD:
        tr_lua_push_rec_field(L, record_of(view), field->number);
        return;
    case TR_EVENT_BY_TRACE:
        if (trace == NULL) {
            lua_pushnil(L);
        } else {
            tr_lua_push_trace_field(L, trace, field->number);
        }
        return;
    case TR_EVENT_BY_NODE:
        push_of_node(L, view, field);
        return;
    case TR_EVENT_BY_HANDLE:
        push_from_handle(L, view, slots, field->name);
        return;
    case TR_EVENT_AS_A_WHOLE:
        push_whole(L, view, slots, field->object);
    }
}

tr_scalar tr_event_field_scalar(lua_State *L, tr_event_view *view, const tr_lua_slots *slots,
                                const tr_event_field *field) {
    const tr_trace *trace = view->event->trace;
    if (field->form == TR_FIELD_MADE) {
        push_from_handle(L, view, slots, field->name);
        return tr_scalar_of(L, -1);
    }
    if (field->object == TR_EVENT_CODE) {
        return tr_scalar_name(view->code);
    }
    if (field->form == TR_FIELD_TABLE) {
        return tr_scalar_nil();
    }
    if (field->object == TR_EVENT_RECORD) {
        return tr_lua_rec_scalar(L, record_of(view), field->number);
    }
    if (field->object == TR_EVENT_TRACE) {
        return trace == NULL ? tr_scalar_nil() : tr_lua_trace_scalar(trace, field->number);
    }
    const tr_node_view *node = node_of(view);
    return node == NULL ? tr_scalar_nil() : tr_lua_node_scalar(L, trace, view->cursor->names, node, field->number);
}
