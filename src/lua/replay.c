#include "lua/replay.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/aggregate.h"
#include "lua/core.h"
#include "lua/failure.h"
#include "lua/replay_clock.h"
#include "lua/stop.h"
#include "lua/trace.h"
#include "tracereel/log.h"
#include "tracereel/timing.h"
#include "tracereel/trace.h"

/* Stack slots of the loop. */
enum { SLOT_REPLAY = 1, SLOT_CURSOR, SLOT_HANDLES, SLOT_REC_METATABLE, SLOT_TRACE_METATABLE, SLOT_FIRST_FUNCTION };
static const tr_lua_slots loop_slots = {SLOT_CURSOR, SLOT_HANDLES, SLOT_REC_METATABLE, SLOT_TRACE_METATABLE};

/* ---- calling handlers ---- */

/* Pushes the handle, or nil for a record of no open trace. */
static void push_event_trace(lua_State *L, const tr_lua_replay *replay) {
    if (replay->event.trace == NULL) {
        lua_pushnil(L);
    } else {
        tr_lua_push_trace(L, replay->cursor, &loop_slots, replay->event.trace);
    }
}

static void make_arguments(lua_State *L, tr_lua_replay *replay, unsigned wanted) {
    unsigned missing = wanted & ~replay->made;
    if ((missing & MADE_RECORD) != 0) {
        tr_lua_push_event_rec(L, replay->cursor, &loop_slots, &replay->event);
        if ((replay->made & MADE_TRACE) != 0) {
            lua_replace(L, replay->top + 1);
        }
    } else if (missing != 0 && replay->made == 0) {
        lua_pushnil(L); /* in the record's place */
    }
    if ((missing & MADE_TRACE) != 0) {
        push_event_trace(L, replay);
    }
    replay->made |= missing;
}

/* Values for names, straight from the event. A record and a handle that are among them are those that other handlers of
 * the event get. */
static void call_declared(lua_State *L, tr_lua_replay *replay, const tr_handler *handler, const char *code) {
    const tr_declared *declared = handler->declared;
    unsigned wanted =
        (declared->takes[TR_EVENT_RECORD] ? MADE_RECORD : 0u) | (declared->takes[TR_EVENT_TRACE] ? MADE_TRACE : 0u);
    if (wanted != 0) {
        make_arguments(L, replay, wanted);
    }
    tr_event_view view;
    tr_lua_view_event(&view, replay->cursor, &replay->event, code);
    lua_pushvalue(L, handler->slot);
    for (int i = 0; i < declared->count; i++) {
        const tr_event_field *field = &declared->fields[i];
        if (field->number == TR_EVENT_WHOLE && field->object <= TR_EVENT_TRACE) {
            lua_pushvalue(L, replay->top + 1 + (int)field->object);
        } else {
            tr_event_field_push(L, &view, &loop_slots, field);
        }
    }
    lua_call(L, declared->count, 0);
}

static void call_handler(lua_State *L, tr_lua_replay *replay, const tr_handler *handler, const char *name,
                         const char *code) {
    if (handler->declared != NULL) {
        replay->handler = name;
        call_declared(L, replay, handler, code);
        return;
    }
    int count = code == NULL && handler->parameters > 2 ? 2 : handler->parameters;
    replay->handler = name;
    make_arguments(L, replay, (count > 0 ? MADE_RECORD : 0u) | (count > 1 ? MADE_TRACE : 0u));
    lua_pushvalue(L, handler->slot);
    if (count > 0) {
        lua_pushvalue(L, replay->top + 1);
    }
    if (count > 1) {
        lua_pushvalue(L, replay->top + 2);
    }
    if (count > 2) {
        lua_pushstring(L, code);
    }
    lua_call(L, count, 0);
}

static void call_violation_handler(lua_State *L, tr_lua_replay *replay, const tr_handler *handler) {
    for (unsigned bit = 0; bit < TR_VIOLATION_COUNT; bit++) {
        if ((replay->event.violations & 1u << bit) != 0) {
            call_handler(L, replay, handler, "violation", tr_violation_name(bit));
        }
    }
}

static void add_to_aggregates(lua_State *L, tr_lua_replay *replay, const tr_handlers *handlers) {
    replay->handler = NULL; /* memory that runs out here does so in no handler */
    tr_lua_aggregate_event(L, handlers->aggregates, handlers->aggregate_count, replay->cursor, &replay->event,
                           &loop_slots);
}

/* What show_record does where one function, or one table's aggregates, is all there is. */
static void show_to_one(lua_State *L, tr_lua_replay *replay, const tr_sole_handler *sole) {
    const tr_filter *filter = replay->handlers[sole->table].filter;
    if (filter != NULL && !tr_filter_passes(filter, &replay->event.record)) {
        return;
    }
    if (sole->handler.slot == 0) {
        add_to_aggregates(L, replay, &replay->handlers[sole->table]);
        return;
    }
    replay->handler = sole->name;
    replay->cursor->core->script_index = (uint32_t)sole->table;
    if (sole->handler.declared != NULL) {
        replay->made = 0;
        call_declared(L, replay, &sole->handler, NULL);
        if (replay->made != 0) {
            lua_settop(L, replay->top);
        }
        return;
    }
    int count = sole->handler.parameters < 2 ? sole->handler.parameters : 2;
    lua_pushvalue(L, sole->handler.slot);
    if (count > 0) {
        tr_lua_push_event_rec(L, replay->cursor, &loop_slots, &replay->event);
    }
    if (count > 1) {
        push_event_trace(L, replay);
    }
    lua_call(L, count, 0);
}

static void add_closed_trace(lua_State *L, tr_timing *timing, const tr_trace *trace) {
    if (trace != NULL && !tr_lua_is_open(trace) && tr_timing_add(timing, trace) != TR_OK) {
        tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
}

/* The timing of a trace that has closed, aggregates, a handler of the record's own type, then `record`, then
 * `violation`: of each table in turn. */
static void show_record(lua_State *L, tr_lua_replay *replay, unsigned type) {
    replay->made = 0;
    for (int i = 0; i < replay->count; i++) {
        const tr_handlers *handlers = &replay->handlers[i];
        bool has_violation = handlers->violation.slot != 0 && replay->event.violations != 0;
        if ((handlers->types >> type & 1u) == 0 && !has_violation) {
            continue;
        }
        if (handlers->filter != NULL && !tr_filter_passes(handlers->filter, &replay->event.record)) {
            continue;
        }
        replay->cursor->core->script_index = (uint32_t)i;
        if (handlers->timing != NULL) {
            add_closed_trace(L, handlers->timing, replay->event.trace);
        }
        if ((handlers->aggregate_types >> type & 1u) != 0) {
            add_to_aggregates(L, replay, handlers);
        }
        if (handlers->by_type[type].slot != 0) {
            call_handler(L, replay, &handlers->by_type[type], tr_record_type_name(type), NULL);
        }
        if (handlers->record.slot != 0) {
            call_handler(L, replay, &handlers->record, "record", NULL);
        }
        if (has_violation) {
            call_violation_handler(L, replay, &handlers->violation);
        }
    }
    lua_settop(L, replay->top);
}

static void show_gap(lua_State *L, tr_lua_replay *replay) {
    for (int i = 0; i < replay->count; i++) {
        const tr_handler *handler = &replay->handlers[i].gap;
        if (handler->slot != 0) {
            replay->handler = "gap";
            replay->cursor->core->script_index = (uint32_t)i;
            lua_pushvalue(L, handler->slot);
            tr_lua_push_gap(L, tr_log_gap(replay->cursor->log), replay->cursor->gap_segment_name);
            lua_call(L, 1, 0);
        }
    }
}

/* ---- the loop ---- */

static void show_event(lua_State *L, tr_lua_replay *replay) {
    unsigned type = (unsigned)tr_record_type_of(&replay->event.record);
    if (replay->has_tick_handler) {
        tr_lua_replay_show_time(L, replay, tr_replay_now_ns(replay->cursor->replay));
    }
    bool has_violation = replay->has_violation_handler && replay->event.violations != 0;
    if (replay->sole[type].name != NULL && !has_violation) {
        show_to_one(L, replay, &replay->sole[type]);
    } else if ((replay->types >> type & 1u) != 0 || has_violation) {
        show_record(L, replay, type);
    }
}

static bool goes_on(tr_status status) {
    return status == TR_OK || status == TR_GAP || status == TR_ERROR_INTERRUPTED;
}

static int run_loop(lua_State *L) {
    tr_lua_replay *replay = lua_touserdata(L, SLOT_REPLAY);
    tr_lua_cursor *cursor = replay->cursor;
    bool has_clock = replay->pace_matters || replay->has_tick_handler;
    tr_wanted_events wanted = {has_clock ? UINT32_MAX : replay->types, replay->has_violation_handler};
    replay->top = lua_gettop(L);
    tr_lua_check_stack(L, TR_DECLARED_MAX_FIELDS + LUA_MINSTACK, "handlers");
    while (tr_lua_stop_flag == TR_STOP_NONE && goes_on(replay->status)) {
        replay->handler = NULL; /* what fails from here on fails in none, and the record before may be gone */
        if (replay->pace_matters && !tr_lua_replay_advance(L, replay)) {
            continue;
        }
        replay->status = tr_lua_cursor_next_of(L, cursor, &loop_slots, wanted, &replay->event);
        if (replay->is_hidden) {
            continue;
        }
        if (replay->status == TR_OK) {
            show_event(L, replay);
        } else if (replay->status == TR_GAP) {
            show_gap(L, replay);
        }
    }
    if (tr_lua_stop_flag == TR_STOP_LIMIT) {
        return luaL_error(L, "a limit on the script was reached");
    }
    return 0;
}

/* ---- errors ---- */

/* Only keeps the traceback, in its upvalue: what comes after the stack is unwound can be limited, this could not. */
static int keep_traceback(lua_State *L) {
    lua_settop(L, 1);
    luaL_traceback(L, L, NULL, 1);
    lua_replace(L, lua_upvalueindex(1));
    return 1;
}

/* Pushes "NAME offset N, node_done of trace ID": where the log stood when a handler failed. */
static void push_place(lua_State *L, const tr_lua_replay *replay) {
    const tr_lua_cursor *cursor = replay->cursor;
    if (replay->is_between) {
        lua_pushliteral(L, "a time between two records");
        return;
    }
    bool is_gap = replay->status == TR_GAP;
    const tr_position *position = is_gap ? &tr_log_gap(cursor->log)->position : &cursor->place->position;
    tr_lua_push_core_value(L, TR_CORE_SEGMENT_NAMES); /* names */
    lua_rawgeti(L, -1, (lua_Integer)(is_gap ? cursor->gap_segment_name : cursor->segment_name));
    const char *segment = lua_tostring(L, -1); /* names, segment */
    if (is_gap) {
        lua_pushfstring(L, "%s offset %I, a gap", segment, (LUAI_UACINT)position->offset);
    } else {
        char id[TR_TRACE_ID_TEXT_BYTES];
        tr_trace_id_format(tr_record_trace_id(&replay->event.record), id);
        lua_pushfstring(L, "%s offset %I, %s of trace %s", segment, (LUAI_UACINT)position->offset,
                        tr_record_type_name((unsigned)tr_record_type_of(&replay->event.record)), id);
    }
    lua_replace(L, -3);
    lua_pop(L, 1); /* place */
}

static int text_of(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/* Pushes what the error value on top of the stack says; the address of a table would say nothing. A `__tostring` of the
 * script's that fails says nothing either, and must not put another error in the place of this one. */
static void push_problem(lua_State *L) {
    bool has_text = lua_isstring(L, -1);
    if (!has_text && luaL_getmetafield(L, -1, "__tostring") != LUA_TNIL) {
        lua_pop(L, 1);
        has_text = true;
    }
    if (has_text) {
        lua_pushcfunction(L, text_of);
        lua_pushvalue(L, -2);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK) {
            return;
        }
        lua_pop(L, 1);
    }
    lua_pushfstring(L, "(the error is a %s value)", luaL_typename(L, -1));
}

/* What went wrong with a handler whose error value is on top of the stack. What it has met and cannot help, such as an
 * arena that the disk does not give, is not the script's failure. */
static const char *kind_of_problem(lua_State *L, int call_status) {
    const char *kind = call_status == LUA_ERRMEM ? "memory" : tr_lua_failure_kind(L, -1);
    bool is_mistake = kind == NULL || strcmp(kind, "argument") == 0 || strcmp(kind, "internal") == 0;
    return is_mistake ? "script" : kind;
}

/* Raises what a handler raised, which is on top of the stack, with the place added. */
static int raise_handler_error(lua_State *L, const tr_lua_replay *replay, int call_status, int message_handler_index) {
    if (replay->handler == NULL) {
        return lua_error(L);
    }
    const char *kind = kind_of_problem(L, call_status); /* lives as long as the value, which stays below */
    push_problem(L);
    push_place(L, replay);
    lua_pushfstring(L, " (in %s at %s)", replay->handler, lua_tostring(L, -1)); /* problem, place, " (in ..." */
    lua_remove(L, -2);
    lua_concat(L, 2);             /* a problem may hold a byte 0 */
    tr_lua_wrap_failure(L, kind); /* failure */
    if (strcmp(kind, "script") == 0 && lua_getupvalue(L, message_handler_index, 1) != NULL) {
        tr_lua_set_traceback(L);
    }
    return lua_error(L);
}

/* ---- replay ---- */

static void find_sole_handlers(tr_lua_replay *replay) {
    for (unsigned type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
        tr_sole_handler *sole = &replay->sole[type];
        int found = 0;
        for (int i = 0; i < replay->count; i++) {
            const tr_handlers *handlers = &replay->handlers[i];
            if (handlers->by_type[type].slot != 0) {
                *sole = (tr_sole_handler){tr_record_type_name(type), handlers->by_type[type], i};
                found++;
            }
            if (handlers->record.slot != 0) {
                *sole = (tr_sole_handler){"record", handlers->record, i};
                found++;
            }
            if ((handlers->aggregate_types >> type & 1u) != 0) {
                *sole = (tr_sole_handler){"aggregates", {0}, i};
                found++;
            }
            found += handlers->timing != NULL;
        }
        if (found != 1) {
            sole->name = NULL;
        }
    }
}

/* Pushes the functions of the tables at 2 .. handler_count + 1 and notes what is of interest. */
static int resolve_all(lua_State *L, tr_lua_replay *replay, int anchor_index) {
    int functions = 0;
    for (int i = 0; i < replay->count; i++) {
        tr_handlers *handlers = &replay->handlers[i];
        functions += tr_lua_resolve_handlers(L, 2 + i, anchor_index, SLOT_FIRST_FUNCTION + functions,
                                             replay->cursor->names, handlers);
        replay->types |= handlers->types;
        replay->has_violation_handler |= handlers->violation.slot != 0;
        replay->has_tick_handler |= handlers->tick.slot != 0;
    }
    find_sole_handlers(replay);
    return functions;
}

void tr_lua_run_replay(lua_State *L, int cursor_index, int handler_count, const tr_pace *pace) {
    size_t bytes = offsetof(tr_lua_replay, handlers) + (size_t)handler_count * sizeof(tr_handlers);
    tr_lua_cursor *cursor = lua_touserdata(L, cursor_index);
    lua_newtable(L); /* anchor of the filters */
    int anchor_index = lua_gettop(L);
    lua_pushnil(L);
    lua_pushcclosure(L, keep_traceback, 1); /* anchor, message handler */
    int message_handler_index = lua_gettop(L);
    tr_lua_replay *replay = lua_newuserdatauv(L, bytes, 0); /* anchor, message handler, replay */
    memset(replay, 0, offsetof(tr_lua_replay, handlers));
    replay->cursor = cursor;
    replay->count = handler_count;
    replay->pace = *pace;
    replay->pace_matters = tr_lua_pace_matters(pace);
    replay->is_hidden = pace->from_ns > 0;
    tr_lua_check_stack(L, LUA_MINSTACK, "handlers");
    lua_pushcfunction(L, run_loop);
    lua_pushvalue(L, message_handler_index + 1);
    tr_lua_push_slots(L, cursor_index);
    int functions = resolve_all(L, replay, anchor_index); /* ..., replay, loop, replay, slots, functions... */
    tr_lua_begin_cursor(L, cursor, (uint32_t)handler_count, TR_CURSOR_IN_REPLAY);

    uint32_t outer_script = cursor->core->script_index;
    int call_status = lua_pcall(L, SLOT_FIRST_FUNCTION - 1 + functions, 0, message_handler_index);
    cursor->core->script_index = outer_script;
    bool has_ended = call_status == LUA_OK && replay->status == TR_END;
    tr_lua_set_cursor_state(cursor, has_ended ? TR_CURSOR_ENDED : TR_CURSOR_STOPPED);
    if (call_status != LUA_OK) {
        raise_handler_error(L, replay, call_status, message_handler_index);
    }
    if (replay->status > TR_GAP && replay->status != TR_ERROR_INTERRUPTED) {
        tr_lua_raise_status(L, replay->status, tr_replay_error(cursor->replay));
    }
    lua_settop(L, anchor_index - 1);
}
