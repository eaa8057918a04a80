#include "lua/probe.h"

#include <lauxlib.h>

#include "bytes/digest.h"
#include "lua/arguments.h"
#include "lua/core.h"
#include "lua/cursor.h"
#include "lua/rec.h"
#include "lua/scenario.h"
#include "lua/simulation.h"
#include "lua/trace.h"
#include "tracereel/record.h"
#include "tracereel/simulation.h"
#include "tracereel/status.h"
#include "tracereel/trace.h"

/* ---- push ---- */

/* A handle of the trace as it is at the end, which owns what it shows. The simulation is at `owner_index`. */
static void push_trace(lua_State *L, int owner_index, const tr_trace *trace) {
    if (trace == NULL) {
        lua_pushnil(L);
        return;
    }
    int first = lua_gettop(L) + 1;
    lua_pushvalue(L, owner_index);
    lua_newtable(L);
    luaL_getmetatable(L, TR_LUA_REC);
    luaL_getmetatable(L, TR_LUA_TRACE); /* simulation, handles, metatable of records, metatable of traces */
    const tr_lua_slots slots = {first, first + 1, first + 2, first + 3};
    const tr_lua_core *core = tr_lua_core_of(L);
    tr_lua_push_handle(L, core, 1, core->names, &slots, trace);
    tr_lua_detach_trace(L, &slots, trace);
    lua_replace(L, first);
    lua_settop(L, first);
}

/* A list of { type, node_id, time_ns, is_written }. */
static void push_records(lua_State *L, const tr_probe_result *probe) {
    lua_createtable(L, probe->record_count < INT32_MAX ? (int)probe->record_count : INT32_MAX, 0);
    for (size_t i = 0; i < probe->record_count; i++) {
        const tr_probe_record *record = &probe->records[i];
        lua_createtable(L, 0, 4);
        lua_pushstring(L, tr_record_type_name(record->type));
        lua_setfield(L, -2, "type");
        tr_lua_set_unsigned(L, "node_id", record->node_id);
        tr_lua_set_unsigned(L, "time_ns", record->time_ns);
        lua_pushboolean(L, record->is_written);
        lua_setfield(L, -2, "is_written");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* ---- fields and methods ---- */

/* The probe in the table at `index`: { index, number, arrival_ns }; without arrival_ns the trace is not alone. */
static tr_probe read_probe(lua_State *L, int index, const tr_recording *recording) {
    tr_probe probe = {.is_alone = false};
    lua_getfield(L, index, "index");
    probe.trace_index = tr_lua_to_u64(L, -1, "index") - 1;
    lua_getfield(L, index, "number");
    probe.trace_number = tr_lua_to_u64(L, -1, "number");
    luaL_argcheck(L, probe.trace_index < tr_recording_get_stats(recording)->traces && probe.trace_number > 0, index,
                  "no such trace");
    if (lua_getfield(L, index, "arrival_ns") != LUA_TNIL) {
        probe.is_alone = true;
        probe.arrival_ns = tr_lua_to_u64(L, -1, "arrival_ns");
    }
    lua_pop(L, 3);
    return probe;
}

int tr_lua_recording_probe(lua_State *L) {
    const tr_recording *recording = tr_lua_check_recording(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TFUNCTION);
    lua_settop(L, 4);
    lua_newtable(L); /* recording, scenario, probe, ask, anchor */
    tr_scenario scenario;
    tr_lua_read_scenario(L, 2, 5, recording, &scenario);
    tr_probe probe = read_probe(L, 3, recording);
    tr_lua_simulation *self = tr_lua_push_simulation(L); /* ..., simulation */
    tr_error error = {""};
    tr_status status = tr_simulation_probe(recording, &scenario, &probe, &self->simulation, &error);
    tr_lua_run_simulation(L, 4, 0, self->simulation, status, &error);
    const tr_probe_result *result = tr_simulation_get_probe_result(self->simulation);
    push_trace(L, 6, result->trace);
    char digest[TR_SHA256_TEXT_BYTES];
    tr_sha256(result->log, result->log_bytes, digest);
    lua_pushstring(L, digest);
    push_records(L, result); /* ..., trace, digest, records */
    tr_simulation_close(self->simulation);
    self->simulation = NULL;
    return 3;
}
