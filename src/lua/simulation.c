#include "lua/simulation.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/contention.h"
#include "lua/failure.h"
#include "lua/log_options.h"
#include "lua/pool_results.h"
#include "lua/probe.h"
#include "lua/scenario.h"
#include "lua/stop.h"
#include "lua/timing.h"
#include "lua/type.h"
#include "tracereel/log.h"
#include "tracereel/record.h"

typedef struct tr_lua_recording {
    tr_log *log;
    tr_recording *recording; /* NULL once it was finalized */
} tr_lua_recording;

enum { RECORDS_AT_ONCE = 65536, RECORDS_BETWEEN_PROGRESS = 256 };

/* ---- check ---- */

tr_recording *tr_lua_check_recording(lua_State *L, int index) {
    const tr_lua_recording *self = tr_lua_check_object(L, index, TR_LUA_RECORDING);
    if (self->recording == NULL) {
        luaL_error(L, "the recording was finalized");
    }
    return self->recording;
}

/* ---- push ---- */

void tr_lua_raise_where_stopped(lua_State *L) {
    if (tr_lua_stop_flag == TR_STOP_INTERRUPT) {
        tr_lua_raise(L, "interrupted", "interrupted");
    } else if (tr_lua_stop_flag == TR_STOP_LIMIT) {
        luaL_error(L, "a limit on the script was reached");
    }
}

/* Calls the function at `index` with how many records and traces there are so far. 0, or nil: nobody wants to know. */
static void tell_progress(lua_State *L, int index, uint64_t records, uint64_t traces) {
    if (index > 0 && lua_isfunction(L, index)) {
        lua_pushvalue(L, index);
        tr_lua_push_unsigned(L, records);
        tr_lua_push_unsigned(L, traces);
        lua_call(L, 2, 0);
    }
}

int tr_lua_new_recording(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    lua_settop(L, 4);
    tr_timing *timing = lua_isnil(L, 4) ? NULL : tr_lua_check_timing(L, 4, "what measures the log");
    tr_lua_recording *self = lua_newuserdatauv(L, sizeof *self, 0); /* path, progress, to, timing, recording */
    memset(self, 0, sizeof *self);
    luaL_setmetatable(L, TR_LUA_RECORDING);
    tr_log_options options;
    memset(&options, 0, sizeof options);
    tr_error error = {""};
    options.stop = &tr_lua_stop_flag;
    options.has_to = !lua_isnil(L, 3);
    if (options.has_to) {
        options.to = tr_lua_to_position(L, 3, "to");
    }
    tr_status status = tr_log_open(path, &options, &self->log, &error);
    if (status == TR_OK) {
        status = tr_recording_open(self->log, &self->recording, &error);
    }
    if (status == TR_OK && timing != NULL) {
        tr_recording_measure(self->recording, timing);
    }
    while (status == TR_OK) {
        tr_lua_active_cursors++;
        status = tr_recording_read(self->recording, RECORDS_AT_ONCE, &error);
        tr_lua_active_cursors--;
        tr_lua_raise_where_stopped(L);
        const tr_recording_stats *stats = tr_recording_get_stats(self->recording);
        tell_progress(L, 2, stats->records, stats->traces);
    }
    if (timing != NULL) {
        tr_lua_tell_timing_memory(L, 4);
    }
    return status == TR_END ? 1 : tr_lua_raise_status(L, status, &error);
}

static void push_simulation_stats(lua_State *L, const tr_simulation_stats *stats) {
    lua_createtable(L, 0, 8);
    tr_lua_set_unsigned(L, "records", stats->records);
    tr_lua_set_unsigned(L, "traces", stats->traces);
    tr_lua_set_unsigned(L, "injected_errors", stats->injected_errors);
    tr_lua_set_unsigned(L, "retries", stats->retries);
    tr_lua_set_unsigned(L, "given_up_traces", stats->given_up_traces);
    tr_lua_set_unsigned(L, "waiting_traces", stats->waiting_traces);
    tr_lua_set_unsigned(L, "faults", stats->faults);
    tr_lua_set_unsigned(L, "last_ns", stats->last_ns);
}

/* ---- fields and methods ---- */

static int recording_index(lua_State *L) {
    return tr_lua_index_method(L, "a recording");
}

static int recording_stats(lua_State *L) {
    const tr_recording_stats *stats = tr_recording_get_stats(tr_lua_check_recording(L, 1));
    lua_createtable(L, 0, 8);
    tr_lua_set_unsigned(L, "records", stats->records);
    tr_lua_set_unsigned(L, "traces", stats->traces);
    tr_lua_set_unsigned(L, "tainted_traces", stats->tainted_traces);
    tr_lua_set_unsigned(L, "orphans", stats->orphans);
    tr_lua_set_unsigned(L, "lost_orphans", stats->lost_orphans);
    tr_lua_set_unsigned(L, "first_ns", stats->first_ns);
    tr_lua_set_unsigned(L, "last_ns", stats->last_ns);
    tr_lua_set_unsigned(L, "first_sequence", stats->first_sequence);
    lua_pushboolean(L, stats->is_damaged);
    lua_setfield(L, -2, "is_damaged");
    return 1;
}

static int recording_has_node(lua_State *L) {
    const tr_recording *recording = tr_lua_check_recording(L, 1);
    lua_pushboolean(L, tr_recording_has_node(recording, tr_lua_to_u32(L, 2, "node")));
    return 1;
}

/* nodes(): the ids of all nodes of the log, ascending. */
static int recording_nodes(lua_State *L) {
    const tr_recording *recording = tr_lua_check_recording(L, 1);
    size_t count = tr_recording_node_count(recording);
    uint32_t *node_ids = lua_newuserdatauv(L, (count + 1) * sizeof *node_ids, 0); /* recording, ids */
    tr_recording_nodes(recording, node_ids);
    lua_createtable(L, (int)count, 0); /* recording, ids, list */
    for (size_t i = 0; i < count; i++) {
        lua_pushinteger(L, node_ids[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* trace_at(index), from 1: its id, records, start_ns, whether it is left out, last_ns, and whether it is closed. */
static int recording_trace_at(lua_State *L) {
    const tr_recording *recording = tr_lua_check_recording(L, 1);
    lua_Integer index = luaL_checkinteger(L, 2);
    luaL_argcheck(L, index >= 1 && (uint64_t)index <= tr_recording_get_stats(recording)->traces, 2, "no such trace");
    tr_recorded_trace trace = tr_recording_trace_at(recording, (uint64_t)index - 1);
    tr_lua_push_trace_id(L, trace.id);
    tr_lua_push_unsigned(L, trace.records);
    tr_lua_push_unsigned(L, trace.start_ns);
    lua_pushboolean(L, trace.is_left_out);
    tr_lua_push_unsigned(L, trace.last_ns);
    lua_pushboolean(L, trace.is_closed);
    return 6;
}

static int recording_has_loop(lua_State *L) {
    const tr_recording *recording = tr_lua_check_recording(L, 1);
    lua_pushboolean(L, tr_recording_has_loop(recording, tr_lua_to_u32(L, 2, "node")));
    return 1;
}

/* Calls the function at `ask_index`, and gives its answer, an integer, back. */
static void answer(lua_State *L, int ask_index, tr_simulation *simulation, const tr_question *question) {
    lua_pushvalue(L, ask_index);
    lua_pushstring(L, tr_question_kind_name(question->kind));
    if (question->has_node) {
        tr_lua_push_unsigned(L, question->node_id);
    } else {
        lua_pushnil(L);
    }
    tr_lua_push_unsigned(L, question->attempt);
    tr_lua_push_unsigned(L, question->recorded_ns);
    tr_lua_push_unsigned(L, question->now_ns);
    tr_lua_push_unsigned(L, question->trace_number);
    tr_lua_push_unsigned(L, question->trace_arrival_ns);
    tr_lua_push_trace_id(L, question->trace_id);
    tr_lua_push_text(L, question->metadata.bytes, question->metadata.length_bytes);
    tr_lua_push_unsigned(L, question->seed);
    lua_pushstring(L, tr_record_type_name(question->record_type));
    lua_call(L, 11, 1);
    tr_simulation_answer(simulation, tr_lua_to_u64(L, -1, "the answer"));
    lua_pop(L, 1);
}

void tr_lua_run_simulation(lua_State *L, int ask_index, int progress_index, tr_simulation *simulation, tr_status status,
                           tr_error *error) {
    uint64_t tell_at = RECORDS_BETWEEN_PROGRESS;
    while (status == TR_OK) {
        const tr_question *question;
        tr_lua_active_cursors++;
        status = tr_simulation_next(simulation, &question, error);
        tr_lua_active_cursors--;
        tr_lua_raise_where_stopped(L);
        if (status == TR_OK && question != NULL) {
            answer(L, ask_index, simulation, question);
        }
        const tr_simulation_stats *stats = tr_simulation_get_stats(simulation);
        if (stats->records >= tell_at) {
            tell_at = stats->records + RECORDS_BETWEEN_PROGRESS;
            tell_progress(L, progress_index, stats->records, stats->traces);
        }
    }
    if (status != TR_END) {
        tr_lua_raise_status(L, status, error);
    }
}

tr_lua_simulation *tr_lua_push_simulation(lua_State *L) {
    tr_lua_simulation *self = lua_newuserdatauv(L, sizeof *self, 0); /* simulation */
    self->simulation = NULL;
    luaL_setmetatable(L, TR_LUA_SIMULATION);
    return self;
}

static int recording_simulate(lua_State *L) {
    const tr_recording *recording = tr_lua_check_recording(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    const char *directory = luaL_checkstring(L, 3);
    luaL_checktype(L, 4, LUA_TFUNCTION);
    lua_settop(L, 6);
    tr_timing *timing = lua_isnil(L, 6) ? NULL : tr_lua_check_timing(L, 6, "what measures the new log");
    lua_newtable(L); /* recording, scenario, directory, ask, progress, timing, anchor */
    tr_scenario scenario;
    tr_lua_read_scenario(L, 2, 7, recording, &scenario);
    tr_lua_simulation *self = tr_lua_push_simulation(L); /* ..., simulation */
    tr_error error = {""};
    tr_status status = tr_simulation_open(recording, &scenario, directory, &self->simulation, &error);
    if (status == TR_OK && timing != NULL) {
        status = tr_simulation_measure(self->simulation, timing);
    }
    tr_lua_run_simulation(L, 4, 5, self->simulation, status, &error);
    if (timing != NULL) {
        tr_lua_tell_timing_memory(L, 6);
    }
    push_simulation_stats(L, tr_simulation_get_stats(self->simulation));
    if (tr_simulation_pool_count(self->simulation) > 0) {
        tr_lua_push_pool_results(L, self->simulation);
        lua_setfield(L, -2, "pools");
    }
    tr_simulation_close(self->simulation);
    self->simulation = NULL;
    return 1;
}

static int recording_finalize(lua_State *L) {
    tr_lua_recording *self = tr_lua_check_object(L, 1, TR_LUA_RECORDING);
    tr_recording_close(self->recording);
    tr_log_close(self->log);
    self->recording = NULL;
    self->log = NULL;
    return 0;
}

/* Only an error leaves one open. */
static int simulation_finalize(lua_State *L) {
    tr_lua_simulation *self = tr_lua_check_object(L, 1, TR_LUA_SIMULATION);
    tr_simulation_close(self->simulation);
    self->simulation = NULL;
    return 0;
}

static int recording_tostring(lua_State *L) {
    lua_pushliteral(L, "recording");
    return 1;
}

/* ---- open ---- */

void tr_lua_open_recording(lua_State *L) {
    static const luaL_Reg methods[] = {{"stats", recording_stats},
                                       {"has_node", recording_has_node},
                                       {"has_loop", recording_has_loop},
                                       {"nodes", recording_nodes},
                                       {"simulate", recording_simulate},
                                       {"trace_at", recording_trace_at},
                                       {"probe", tr_lua_recording_probe},
                                       {"contention", tr_lua_recording_contention},
                                       {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__tostring", recording_tostring}, {"__gc", recording_finalize}, {NULL, NULL}};
    tr_lua_new_type(L, TR_LUA_RECORDING, NULL, 0, methods, metamethods, recording_index, 0);
    luaL_newmetatable(L, TR_LUA_SIMULATION);
    lua_pushcfunction(L, simulation_finalize);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
