#include "lua/host_records.h"

#include <errno.h>
#include <stdio.h>

#include <lauxlib.h>

#include "lua/arguments.h"
#include "lua/cursor.h"
#include "lua/failure.h"
#include "lua/filter.h"
#include "lua/log.h"
#include "lua/stop.h"
#include "tracereel/json.h"
#include "tracereel/log.h"
#include "tracereel/replay.h"
#include "tracereel/status.h"
#include "json/lines.h"

enum { BLOCK_BYTES = 65536 };

typedef struct record_writer {
    tr_lua_cursor *cursor;
    const tr_filter *filter; /* NULL: every record passes */
    FILE *stream;
    tr_json json; /* the lines that are not in the stream yet */
    tr_json_line line;
    size_t max_kept_bytes;
    tr_status status; /* how reading ended */
    int error_number; /* of the write that failed */
} record_writer;

/* Stack slots of the loop. */
enum { SLOT_WRITER = 1, SLOT_ACCEPTS, SLOT_GAP };

static bool hand_over(record_writer *writer) {
    size_t length = writer->json.length_bytes;
    errno = 0;
    if (length > 0 && fwrite(writer->json.bytes, 1, length, writer->stream) < length) {
        writer->error_number = errno;
    }
    tr_json_reset(&writer->json);
    return writer->error_number == 0;
}

static bool is_accepted(lua_State *L, const tr_record *record) {
    if (lua_isnil(L, SLOT_ACCEPTS)) {
        return true;
    }
    lua_pushvalue(L, SLOT_ACCEPTS);
    tr_lua_push_trace_id(L, tr_record_trace_id(record));
    lua_call(L, 1, 1);
    bool accepted = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return accepted;
}

/* Returns whether the stream takes more. */
static bool write_record(lua_State *L, record_writer *writer, const tr_record *record) {
    if ((writer->filter != NULL && !tr_filter_passes(writer->filter, record)) || !is_accepted(L, record)) {
        return true;
    }
    tr_json_begin_line(&writer->json, &writer->line);
    tr_json_record(&writer->json, record);
    tr_json_end_line(&writer->json, &writer->line);
    if (tr_json_status(&writer->json) != TR_OK) {
        tr_lua_raise_status(L, TR_ERROR_MEMORY, NULL);
    }
    return writer->json.length_bytes <= writer->max_kept_bytes || hand_over(writer);
}

static bool tell_gap(lua_State *L, record_writer *writer) {
    if (!hand_over(writer)) {
        return false;
    }
    lua_pushvalue(L, SLOT_GAP);
    tr_lua_push_gap(L, tr_log_gap(writer->cursor->log), writer->cursor->gap_segment_name);
    lua_call(L, 1, 0);
    return true;
}

static int write_all(lua_State *L) {
    record_writer *writer = lua_touserdata(L, SLOT_WRITER);
    tr_record record;
    bool goes_on = true;
    while (goes_on && tr_lua_stop_flag == TR_STOP_NONE) {
        writer->status = tr_lua_cursor_next_record(L, writer->cursor, &record);
        if (writer->status == TR_OK) {
            goes_on = write_record(L, writer, &record);
        } else if (writer->status == TR_GAP) {
            goes_on = tell_gap(L, writer);
        } else {
            goes_on = writer->status == TR_ERROR_INTERRUPTED;
        }
    }
    if (tr_lua_stop_flag == TR_STOP_LIMIT) {
        return luaL_error(L, "a limit on the script was reached");
    }
    return 0;
}

/* Calls write_all with what of the options at index 3 is called. What is written before an error stays written. */
static int call_protected(lua_State *L, record_writer *writer) {
    lua_pushcfunction(L, write_all);
    lua_pushlightuserdata(L, writer);
    lua_getfield(L, 3, "accepts");
    lua_getfield(L, 3, "gap");
    tr_lua_begin_cursor(L, writer->cursor, 1, TR_CURSOR_IN_REPLAY);
    int call_status = lua_pcall(L, 3, 0, 0);
    bool has_ended = call_status == LUA_OK && writer->status == TR_END;
    tr_lua_set_cursor_state(writer->cursor, has_ended ? TR_CURSOR_ENDED : TR_CURSOR_STOPPED);
    if (writer->error_number == 0) {
        (void)hand_over(writer);
    }
    tr_json_free(&writer->json);
    return call_status;
}

int tr_host_write_records(lua_State *L) {
    record_writer writer = {.error_number = 0};
    tr_lua_cursor *cursor = tr_lua_push_fresh_cursor(L); /* log, stream, options, cursor */
    const luaL_Stream *stream = luaL_checkudata(L, 2, LUA_FILEHANDLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    writer.cursor = cursor;
    writer.stream = stream->f;
    writer.filter = tr_lua_push_filter(L, 3, cursor->names); /* log, stream, options, cursor, filter */
    lua_getfield(L, 3, "start");
    size_t start_bytes = 0;
    const char *start = luaL_checklstring(L, -1, &start_bytes); /* ..., start: both live as long as their slots */
    writer.line.start = (tr_text){start, (uint32_t)start_bytes};
    lua_getfield(L, 3, "by_line");
    writer.max_kept_bytes = lua_toboolean(L, -1) ? 0 : BLOCK_BYTES;
    tr_json_init(&writer.json);
    if (call_protected(L, &writer) != LUA_OK) {
        return lua_error(L);
    }
    if (writer.error_number != 0) {
        errno = writer.error_number;
        return luaL_fileresult(L, 0, NULL);
    }
    if (writer.status > TR_GAP && writer.status != TR_ERROR_INTERRUPTED) {
        return tr_lua_raise_status(L, writer.status, tr_log_error(cursor->log));
    }
    lua_pushboolean(L, 1);
    return 1;
}
