#include "lua/export_nodes.h"

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/trace.h"
#include "lua/trace_view.h"
#include "tracereel/trace.h"

enum { SLOT_TRACE = 1, SLOT_EXITS, SLOT_WANTED, SLOT_ENTRIES, SLOT_NEXT_ERRORS, SLOT_NODES, SLOT_NOTHING };

/* What is known of an entry in the trace's `nodes` while the tables are made. */
typedef struct entry {
    uint64_t start_ns, end_ns; /* the earliest and the latest time; UINT64_MAX and 0 where there is none */
    lua_Integer place;         /* in the list; 0: it is not wanted */
    bool is_shown;
    uint32_t suspension_count; /* until the lists are made; then how many are in them */
    uint32_t loop_event_count;
    uint32_t attempt_count;
    uint32_t next_error; /* index in the trace's `errors` of the first one that no attempt has yet, or TR_NONE */
    uint32_t last_error; /* its latest one, or TR_NONE */
} entry;

/* ---- the times of all entries, and what belongs to each ---- */

static uint64_t end_of(uint64_t start_ns, uint64_t end_ns) {
    return end_ns < start_ns ? start_ns : end_ns;
}

static uint64_t attempt_end_ns(const tr_trace *trace, const tr_attempt *attempt) {
    return end_of(attempt->start_ns, attempt->outcome == TR_OUTCOME_OPEN ? trace->last_ns : attempt->end_ns);
}

static uint64_t suspension_end_ns(const tr_trace *trace, const tr_suspension *suspension) {
    return end_of(suspension->start_ns, suspension->outcome == TR_OUTCOME_OPEN ? trace->last_ns : suspension->end_ns);
}

static void widen(entry *self, uint64_t start_ns, uint64_t end_ns) {
    self->start_ns = start_ns < self->start_ns ? start_ns : self->start_ns;
    self->end_ns = end_ns > self->end_ns ? end_ns : self->end_ns;
}

/* TR_NONE where it does not count, or is at no node of the trace. Of a wait that a snapshot or a plan names alone the
 * node is found by its id. */
static uint32_t entry_of_suspension(const tr_trace *trace, const tr_suspension *suspension) {
    const tr_node *node = tr_trace_suspension_node(trace, suspension);
    node = node != NULL ? node : tr_trace_find_node(trace, suspension->node_id);
    bool is_measured = suspension->outcome != TR_OUTCOME_ABANDONED;
    return node != NULL && is_measured ? (uint32_t)(node - trace->nodes) : TR_NONE;
}

static void note_errors(const tr_trace *trace, entry *entries, uint32_t *next_errors) {
    for (uint32_t i = 0; i < trace->error_list_count; i++) {
        const tr_trace_error *error = &trace->errors[i];
        const tr_node *node = error->by_tracereel ? NULL : tr_trace_error_node(trace, error);
        next_errors[i] = TR_NONE;
        if (node == NULL) {
            continue;
        }
        entry *of = &entries[node - trace->nodes];
        if (of->next_error == TR_NONE) {
            of->next_error = i;
        } else {
            next_errors[of->last_error] = i;
        }
        of->last_error = i;
    }
}

static void note_times(const tr_trace *trace, entry *entries) {
    for (uint32_t i = 0; i < trace->attempt_count; i++) {
        const tr_attempt *attempt = &trace->attempts[i];
        widen(&entries[attempt->node_index], attempt->start_ns, attempt_end_ns(trace, attempt));
        entries[attempt->node_index].attempt_count++;
    }
    for (uint32_t i = 0; i < trace->suspension_count; i++) {
        const tr_suspension *suspension = &trace->suspensions[i];
        uint32_t at = entry_of_suspension(trace, suspension);
        if (at != TR_NONE) {
            widen(&entries[at], suspension->start_ns, suspension_end_ns(trace, suspension));
            entries[at].suspension_count++;
        }
    }
    for (uint32_t i = 0; i < trace->loop_event_count; i++) {
        const tr_loop_event *event = &trace->loop_events[i];
        widen(&entries[event->node_index], event->timestamp_ns, event->timestamp_ns);
        entries[event->node_index].loop_event_count++;
    }
    for (uint32_t i = 0; i < trace->node_count; i++) {
        if (entries[i].start_ns > entries[i].end_ns) {
            /* A snapshot says of this node that it is done or runs, and nothing else. */
            entries[i].start_ns = entries[i].end_ns = trace->last_ns;
        }
    }
}

static entry *push_entries(lua_State *L, const tr_trace *trace) {
    entry *entries = lua_newuserdatauv(L, trace->node_count * sizeof *entries, 0); /* ..., entries */
    uint32_t *next_errors = lua_newuserdatauv(L, trace->error_list_count * sizeof *next_errors, 0);
    for (uint32_t i = 0; i < trace->node_count; i++) {
        entries[i] = (entry){.start_ns = UINT64_MAX, .next_error = TR_NONE, .last_error = TR_NONE};
        entries[i].is_shown = !tr_lua_runs_only_in_instances(trace, &trace->nodes[i]);
    }
    note_errors(trace, entries, next_errors);
    note_times(trace, entries);
    return entries;
}

/* ---- tables ---- */

static void set_flag_if(lua_State *L, const char *name, bool holds) {
    if (holds) {
        tr_lua_set_flag(L, name, true);
    }
}

/* Pushes the list of that name of the entry's node. */
static void push_list(lua_State *L, const entry *of, const char *name) {
    lua_rawgeti(L, SLOT_NODES, of->place);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

static void set_message(lua_State *L, const char *name, const tr_trace_error *error) {
    lua_pushlstring(L, error->message_bytes == 0 ? "" : error->message, error->message_bytes);
    lua_setfield(L, -2, name);
}

static void set_error(lua_State *L, const tr_trace_error *error) {
    set_message(L, "error_message", error);
    tr_lua_set_unsigned(L, "error_ns", error->timestamp_ns);
}

/* What an imported log says of an attempt; the number is the source's own, where it has one. */
static void set_details(lua_State *L, const tr_trace *trace, const tr_attempt *attempt, uint32_t number) {
    tr_attempt_details details = tr_trace_attempt_details(trace, attempt);
    tr_lua_set_unsigned(L, "number", details.number != 0 ? details.number : number);
    tr_lua_set_text_if_any(L, "instance", tr_trace_instance(trace, &trace->nodes[attempt->node_index]));
    tr_lua_set_text_if_any(L, "resource", details.resource);
    if (details.scheduled_ns != 0) {
        tr_lua_set_unsigned(L, "scheduled_ns", details.scheduled_ns);
    }
    if (attempt->outcome == TR_OUTCOME_ERROR) {
        tr_lua_set_text_if_any(L, "kind", details.kind);
    }
}

static void push_attempt(lua_State *L, const tr_trace *trace, const tr_attempt *attempt, uint32_t number) {
    enum { FIELDS = 8 }; /* and what is rare */
    uint64_t end_ns = attempt_end_ns(trace, attempt);
    lua_createtable(L, 0, FIELDS); /* attempt */
    tr_lua_set_unsigned(L, "start_ns", attempt->start_ns);
    tr_lua_set_unsigned(L, "end_ns", end_ns);
    tr_lua_set_name(L, "outcome", tr_outcome_name(attempt->outcome));
    if (attempt->outcome == TR_OUTCOME_OPEN) {
        tr_lua_set_flag(L, "is_open", true);
    } else {
        uint64_t run_ns = tr_attempt_duration_ns(trace, &trace->nodes[attempt->node_index], attempt);
        tr_lua_set_unsigned(L, "written_end_ns", attempt->end_ns);
        tr_lua_set_unsigned(L, "duration_ns", run_ns);
        tr_lua_set_unsigned(L, "suspended_ns", end_ns - attempt->start_ns - run_ns);
        set_flag_if(L, "is_clock_step", attempt->end_ns < attempt->start_ns);
    }
    set_flag_if(L, "is_estimated", attempt->estimated);
    set_flag_if(L, "is_cut", attempt->cut);
    set_details(L, trace, attempt, number);
}

static void add_attempts(lua_State *L, const tr_trace *trace, entry *entries) {
    const uint32_t *next_errors = lua_touserdata(L, SLOT_NEXT_ERRORS);
    for (uint32_t i = 0; i < trace->attempt_count; i++) {
        const tr_attempt *attempt = &trace->attempts[i];
        entry *of = &entries[attempt->node_index];
        if (of->place == 0) {
            continue;
        }
        push_list(L, of, "attempts"); /* ..., attempts */
        push_attempt(L, trace, attempt, ++of->attempt_count);
        if (attempt->outcome == TR_OUTCOME_ERROR && of->next_error != TR_NONE) {
            set_error(L, &trace->errors[of->next_error]); /* every node_error ends one attempt with that outcome */
            of->next_error = next_errors[of->next_error];
        }
        lua_rawseti(L, -2, (lua_Integer)of->attempt_count);
        lua_pop(L, 1);
    }
}

static void add_suspensions(lua_State *L, const tr_trace *trace, entry *entries) {
    for (uint32_t i = 0; i < trace->suspension_count; i++) {
        const tr_suspension *suspension = &trace->suspensions[i];
        uint32_t at = entry_of_suspension(trace, suspension);
        if (at == TR_NONE || entries[at].place == 0) {
            continue;
        }
        entry *of = &entries[at];
        push_list(L, of, "suspensions");
        lua_createtable(L, 0, 4); /* ..., suspensions, suspension */
        tr_lua_set_unsigned(L, "start_ns", suspension->start_ns);
        tr_lua_set_unsigned(L, "end_ns", suspension_end_ns(trace, suspension));
        if (suspension->outcome == TR_OUTCOME_OPEN) {
            tr_lua_set_flag(L, "is_open", true);
        } else {
            tr_lua_set_unsigned(L, "written_end_ns", suspension->end_ns);
        }
        tr_lua_set_text_if_any(L, "wait", tr_trace_wait_kind(trace, suspension));
        lua_rawseti(L, -2, (lua_Integer)++of->suspension_count);
        lua_pop(L, 1);
    }
}

/* The trace knows no number of a loop_exit: those of its exits are in a list, in their order. */
static void add_loop_events(lua_State *L, const tr_trace *trace, entry *entries) {
    lua_Integer exits = 0;
    for (uint32_t i = 0; i < trace->loop_event_count; i++) {
        const tr_loop_event *event = &trace->loop_events[i];
        entry *of = &entries[event->node_index];
        exits += event->is_exit;
        if (of->place == 0) {
            continue;
        }
        push_list(L, of, "loop_events");
        lua_createtable(L, 0, 4); /* ..., events, event */
        tr_lua_set_unsigned(L, "timestamp_ns", event->timestamp_ns);
        if (event->is_exit) {
            lua_rawgeti(L, SLOT_EXITS, exits);
            lua_setfield(L, -2, "iteration");
            tr_lua_set_flag(L, "is_exit", true);
        } else {
            tr_lua_set_unsigned(L, "iteration", event->iteration);
        }
        set_flag_if(L, "is_abandoned", event->is_abandoned);
        lua_rawseti(L, -2, (lua_Integer)++of->loop_event_count);
        lua_pop(L, 1);
    }
}

/* Sets an empty list for so many items; for none the one that all nodes have. */
static void set_list(lua_State *L, const char *name, uint32_t *count) {
    if (*count > 0) {
        lua_createtable(L, *count < INT32_MAX ? (int)*count : INT32_MAX, 0);
    } else {
        lua_pushvalue(L, SLOT_NOTHING);
    }
    lua_setfield(L, -2, name);
    *count = 0;
}

static void push_node(lua_State *L, const tr_trace *trace, const tr_node *node, entry *of) {
    enum { FIELDS = 8 };
    lua_createtable(L, 0, FIELDS); /* node */
    tr_lua_set_unsigned(L, "id", node->node_id);
    tr_lua_set_text_if_any(L, "instance", tr_trace_instance(trace, node));
    tr_lua_set_name(L, "status", tr_node_status_name(node->status));
    tr_lua_set_unsigned(L, "start_ns", of->start_ns);
    tr_lua_set_unsigned(L, "end_ns", of->end_ns);
    if (of->last_error != TR_NONE) {
        set_message(L, "error", &trace->errors[of->last_error]);
    }
    set_list(L, "attempts", &of->attempt_count);
    set_list(L, "suspensions", &of->suspension_count);
    set_list(L, "loop_events", &of->loop_event_count);
}

static bool is_wanted(lua_State *L, const tr_node *node) {
    if (lua_isnil(L, SLOT_WANTED)) {
        return true;
    }
    lua_rawgeti(L, SLOT_WANTED, (lua_Integer)node->node_id);
    bool wanted = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return wanted;
}

int tr_lua_export_nodes(lua_State *L) {
    const tr_trace *trace = tr_lua_check_trace(L, SLOT_TRACE)->trace;
    lua_settop(L, SLOT_WANTED);
    if (lua_isnil(L, SLOT_EXITS)) {
        lua_newtable(L);
        lua_replace(L, SLOT_EXITS);
    }
    luaL_checktype(L, SLOT_EXITS, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, SLOT_WANTED) || lua_istable(L, SLOT_WANTED), SLOT_WANTED, "table or nil");
    entry *entries = push_entries(L, trace); /* ..., entries, next errors */
    lua_createtable(L, trace->node_count < INT32_MAX ? (int)trace->node_count : INT32_MAX, 0); /* ..., nodes */
    lua_newtable(L);                                                                           /* ..., nodes, nothing */
    entry all = {.start_ns = UINT64_MAX};
    lua_Integer count = 0;
    for (uint32_t i = 0; i < trace->node_count; i++) {
        if (!entries[i].is_shown) {
            continue;
        }
        widen(&all, entries[i].start_ns, entries[i].end_ns);
        if (is_wanted(L, &trace->nodes[i])) {
            push_node(L, trace, &trace->nodes[i], &entries[i]);
            lua_rawseti(L, SLOT_NODES, ++count);
            entries[i].place = count;
        }
    }
    add_attempts(L, trace, entries);
    add_suspensions(L, trace, entries);
    add_loop_events(L, trace, entries);
    lua_settop(L, SLOT_NODES);
    if (all.start_ns > all.end_ns) {
        return 1;
    }
    tr_lua_push_unsigned(L, all.start_ns);
    tr_lua_push_unsigned(L, all.end_ns);
    return 3;
}
