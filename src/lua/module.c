#include "lua/module.h"

#include <lauxlib.h>

#include "bytes/digits.h"
#include "lua/aggregate.h"
#include "lua/arguments.h"
#include "lua/cbor.h"
#include "lua/contention.h"
#include "lua/core.h"
#include "lua/cursor.h"
#include "lua/data_text.h"
#include "lua/declared.h"
#include "lua/digest.h"
#include "lua/engine_nodes.h"
#include "lua/engine_walk.h"
#include "lua/event_field.h"
#include "lua/export_nodes.h"
#include "lua/failure.h"
#include "lua/files.h"
#include "lua/handlers.h"
#include "lua/histogram.h"
#include "lua/histogram_fields.h"
#include "lua/history.h"
#include "lua/import_csv.h"
#include "lua/import_draft.h"
#include "lua/import_input.h"
#include "lua/json.h"
#include "lua/json_decode.h"
#include "lua/lanes.h"
#include "lua/layout.h"
#include "lua/log.h"
#include "lua/node.h"
#include "lua/rec.h"
#include "lua/record_make.h"
#include "lua/simulation.h"
#include "lua/sort.h"
#include "lua/sort_by.h"
#include "lua/state.h"
#include "lua/text_block.h"
#include "lua/timing.h"
#include "lua/timing_fields.h"
#include "lua/timing_report.h"
#include "lua/trace.h"
#include "lua/trace_text.h"
#include "lua/traversal.h"
#include "lua/type.h"
#include "lua/unfinished.h"
#include "lua/value_text.h"
#include "lua/writer.h"
#include "tracereel/log.h"
#include "tracereel/record.h"
#include "tracereel/trace.h"

/* ---- functions and tables of the module ---- */

static int unsigned_digits(lua_State *L) {
    char digits[TR_UNSIGNED_DIGITS];
    const char *end = tr_put_unsigned(digits, (uint64_t)luaL_checkinteger(L, 1));
    lua_pushlstring(L, digits, (size_t)(end - digits));
    return 1;
}

static int got(lua_State *L) {
    luaL_checkany(L, 1);
    tr_lua_push_got(L, 1);
    return 1;
}

static int name(lua_State *L) {
    luaL_checkany(L, 1);
    tr_lua_push_name(L, 1);
    return 1;
}

static int set_duration_parser(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    tr_lua_set_core_value(L, TR_CORE_DURATION_PARSER);
    return 0;
}

static int set_plans_reader(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    tr_lua_set_core_value(L, TR_CORE_PLANS_READER);
    return 0;
}

/* function(trace, node_id, form) -> output or nil, problem; nil: there are no arenas. */
static int set_output_reader(lua_State *L) {
    lua_settop(L, 1);
    tr_lua_set_core_value(L, TR_CORE_OUTPUT_READER);
    return 0;
}

/* Outside of a replay: whose `trace.data` is shown, by the position of its handler table from 1. */
static int set_script(lua_State *L) {
    lua_Integer position = luaL_checkinteger(L, 1);
    luaL_argcheck(L, position >= 1 && position <= INT32_MAX, 1, "a position from 1");
    tr_lua_core_of(L)->script_index = (uint32_t)(position - 1);
    return 0;
}

static int null_tostring(lua_State *L) {
    lua_pushliteral(L, "null");
    return 1;
}

static void push_null(lua_State *L) {
    lua_newtable(L);          /* null */
    lua_createtable(L, 0, 3); /* null, metatable */
    lua_pushcfunction(L, null_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "tracereel.null");
    lua_pushcclosure(L, tr_lua_refuse_assignment, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "tracereel.null");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    tr_lua_set_core_value(L, TR_CORE_NULL);
}

/* By name: { number = 3, trace = true, node = true, message = true }, of what records of the type have. */
static void push_record_types(lua_State *L) {
    lua_createtable(L, 0, TR_RECORD_TYPE_COUNT); /* types */
    for (unsigned type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
        lua_newtable(L); /* types, type */
        lua_pushinteger(L, (lua_Integer)type);
        lua_setfield(L, -2, "number");
#define SET_MEANING(bit, constant, name)                                                                               \
    lua_pushboolean(L, tr_record_type_has(type, TR_HAS_##constant));                                                   \
    lua_setfield(L, -2, #name);
        TR_RECORD_MEANINGS(SET_MEANING)
#undef SET_MEANING
        lua_setfield(L, -2, tr_record_type_name(type)); /* types */
    }
}

/* Sets the module's tables of names; the module is on top of the stack. */
static void set_names(lua_State *L) {
    push_record_types(L);
    lua_setfield(L, -2, "record_types");
    lua_createtable(L, TR_RECORD_TYPE_COUNT, 0);
    for (unsigned type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
        lua_pushstring(L, tr_record_type_name(type));
        lua_rawseti(L, -2, (lua_Integer)type + 1);
    }
    lua_setfield(L, -2, "types");
    lua_createtable(L, 0, TR_GAP_CLASS_COUNT);
    for (unsigned gap_class = 0; gap_class < TR_GAP_CLASS_COUNT; gap_class++) {
        lua_pushboolean(L, tr_gap_class_is_damage((tr_gap_class)gap_class));
        lua_setfield(L, -2, tr_gap_class_name((tr_gap_class)gap_class));
    }
    lua_setfield(L, -2, "gap_classes");
    lua_createtable(L, 0, TR_VIOLATION_COUNT);
    for (unsigned bit = 0; bit < TR_VIOLATION_COUNT; bit++) {
        lua_pushstring(L, tr_violation_meaning(bit));
        lua_setfield(L, -2, tr_violation_name(bit));
    }
    lua_setfield(L, -2, "violations");
    tr_lua_push_handler_keys(L, false);
    lua_setfield(L, -2, "handler_keys");
    tr_lua_push_handler_keys(L, true);
    lua_setfield(L, -2, "script_keys");
    push_null(L);
    lua_setfield(L, -2, "null");
    lua_pushliteral(L, TRACEREEL_VERSION);
    lua_setfield(L, -2, "version");
}

static const luaL_Reg functions[] = {
    {"open", tr_lua_open_log},
    {"opener", tr_lua_new_opener},
    {"name_nodes", tr_lua_name_nodes},
    {"decode", tr_lua_decode},
    {"fields", tr_lua_new_declared},
    {"declared_problem", tr_lua_declared_problem},
    {"event_field_names", tr_lua_event_field_names},
    {"histogram", tr_lua_new_histogram},
    {"histogram_fields", tr_lua_histogram_fields},
    {"histogram_from", tr_lua_histogram_from},
#define AGGREGATE_FUNCTION(name) {#name, tr_lua_##name},
    TR_LUA_AGGREGATES(AGGREGATE_FUNCTION)
#undef AGGREGATE_FUNCTION
        {"timing", tr_lua_new_timing},
    {"timing_fields", tr_lua_timing_fields},
    {"timing_from", tr_lua_timing_from},
    {"timing_like", tr_lua_timing_like},
    {"timing_absorb", tr_lua_timing_absorb},
    {"timing_report", tr_lua_timing_report},
    {"timing_node", tr_lua_timing_node},
    {"timing_node_part", tr_lua_timing_node_part},
    {"timing_sums", tr_lua_timing_sums},
    {"timing_traces", tr_lua_timing_traces},
    {"writer", tr_lua_new_writer},
    {"json", tr_lua_json},
    {"read_data", tr_lua_read_data},
    {"json_decode", tr_lua_json_decode},
    {"cbor_encode", tr_lua_cbor_encode},
    {"cbor_decode", tr_lua_cbor_decode},
    {"unsigned", unsigned_digits},
    {"text_block", tr_lua_new_text_block},
    {"layout", tr_lua_new_layout},
    {"lanes", tr_lua_assign_lanes},
    {"sort_by", tr_lua_sort_by},
    {"export_nodes", tr_lua_export_nodes},
    {"constructors", tr_lua_constructors},
    {"set_duration_parser", set_duration_parser},
    {"set_output_reader", set_output_reader},
    {"set_plans_reader", set_plans_reader},
    {"set_script", set_script},
    {"state", tr_lua_new_state},
    {"recording", tr_lua_new_recording},
    {"trace_id_of", tr_lua_trace_id_of},
    {"import_draft", tr_lua_new_draft},
    {"import_row_names", tr_lua_import_row_names},
    {"import_stream", tr_lua_new_import_stream},
    {"import_time", tr_lua_new_import_time},
    {"sha256", tr_lua_sha256},
    {"crc32", tr_lua_crc32},
    {"got", got},
    {"framed", tr_lua_framed},
    {"name", name},
    {"sort", tr_lua_sort},
    {"traversal", tr_lua_new_traversal},
    {"text_functions", tr_lua_new_text_functions},
    {"failure", tr_lua_new_failure},
    {"is_failure", tr_lua_is_failure},
    {"open_file", tr_lua_open_file},
    {"file_kind", tr_lua_file_kind},
    {"is_of_medium", tr_lua_is_of_medium},
    {"is_link", tr_lua_is_link},
    {"is_same_file", tr_lua_is_same_file},
    {"engine_walk", tr_lua_engine_walk},
    {"completion_order", tr_lua_completion_order},
    {"begun_nodes", tr_lua_begun_nodes},
    {"has_entry", tr_lua_has_entry},
    {"without_links", tr_lua_without_links},
    {"unfinished_file", tr_lua_unfinished_file},
    {"unfinished_directory", tr_lua_unfinished_directory},
    {"sync_file", tr_lua_sync_file},
    {"taint_was_read", tr_lua_taint_was_read},
    {NULL, NULL},
};

int luaopen_tracereel_core(lua_State *L) {
    luaL_checkversion(L);
    tr_lua_open_core(L);
    tr_lua_push_record_keys(L);
    tr_lua_set_core_value(L, TR_CORE_RECORD_KEYS);
    tr_lua_open_failure(L);
    tr_lua_open_rec(L);
    tr_lua_open_node(L);
    tr_lua_open_trace(L);
    tr_lua_open_cursor(L);
    tr_lua_open_declared(L);
    tr_lua_open_log_type(L);
    tr_lua_open_histogram(L);
    tr_lua_open_timing(L);
    tr_lua_open_aggregate(L);
    tr_lua_open_writer(L);
    tr_lua_open_state(L);
    tr_lua_open_history(L);
    tr_lua_open_recording(L);
    tr_lua_open_contention(L);
    tr_lua_open_draft_types(L);
    tr_lua_open_import_stream(L);
    tr_lua_open_unfinished(L);
    tr_lua_open_text_block(L);
    luaL_newlib(L, functions); /* module */
    set_names(L);
    return 1;
}
