#include "lua/host_work.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <lauxlib.h>

#include "lua/limits.h"
#include "lua/stop.h"
#include "lua/unfinished.h"
#include "lua/worker_files.h"

/* -1 in a process that is no worker. */
static int own_value = -1; /* the file for the values */
static int own_line = -1;  /* the socket that units come through */

static bool write_all(int file, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static int status_of_failure(lua_State *L) {
    if (tr_limits_tripped() != TR_LIMIT_NONE) {
        return WORKER_LIMIT;
    }
    if (tr_limits_interrupted()) {
        return WORKER_INTERRUPTED;
    }
    const char *message = luaL_tolstring(L, -1, NULL);
    fprintf(stderr, "tracereel: %s\n", message);
    return WORKER_FAILED;
}

/* Ends what the process has of its own; what the parent has open, and would finish or remove, is left to it. */
static noreturn void leave(lua_State *L, int status) {
    tr_lua_unfinished_drop_all();
    tr_limits_end();
    lua_sethook(L, NULL, 0, 0);
    exit(status);
}

static noreturn void leave_for_disk(lua_State *L, int error_number) {
    leave(L, WORKER_DISK + error_number);
}

/* next_unit() -> the number of the unit to do; nil where there is none any more, or an interrupt came. */
int tr_host_next_unit(lua_State *L) {
    luaL_argcheck(L, own_line >= 0, 1, "this is no worker");
    int64_t number = 0;
    ssize_t length = -1;
    tr_lua_active_cursors++; /* an interrupt ends the waiting, and need not unwind the state */
    while (length < 0 && !tr_limits_interrupted()) {
        length = recv(own_line, &number, sizeof number, 0);
        if (length < 0 && errno != EINTR) {
            length = 0;
        }
    }
    tr_lua_active_cursors--;
    if (length != (ssize_t)sizeof number || tr_limits_interrupted()) {
        return 0;
    }
    lua_pushinteger(L, number);
    return 1;
}

/* finish_unit(value): what was written so far, and the string, belong to one unit of work, which is done. */
int tr_host_finish_unit(lua_State *L) {
    size_t length;
    const char *value = luaL_checklstring(L, 1, &length);
    luaL_argcheck(L, own_value >= 0, 1, "this is no worker");
    if (fflush(NULL) != 0) {
        leave_for_disk(L, errno);
    }
    if (ferror(stdout) != 0 || ferror(stderr) != 0) {
        leave_for_disk(L, EIO); /* an earlier write's error, whose number is lost */
    }
    const int64_t header[HEADER_FIELDS] = {lseek(STDOUT_FILENO, 0, SEEK_CUR), lseek(STDERR_FILENO, 0, SEEK_CUR),
                                           (int64_t)length};
    if (!write_all(own_value, (const char *)header, sizeof header) || !write_all(own_value, value, length)) {
        leave_for_disk(L, errno);
    }
    static const char finished = 1;
    send(own_line, &finished, sizeof finished, MSG_NOSIGNAL); /* where nobody hears it, the parent has ended */
    return 0;
}

int tr_host_give_up(lua_State *L) {
    leave_for_disk(L, (int)luaL_checkinteger(L, 1));
}

noreturn void tr_host_work(lua_State *L, int value_file, int line) {
    own_value = value_file;
    own_line = line;
    lua_pushvalue(L, 1);
    leave(L, lua_pcall(L, 0, 0, 0) == LUA_OK ? WORKER_DONE : status_of_failure(L));
}
