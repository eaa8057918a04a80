#include "lua/host_pager.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>

#include "files/command.h"

/* Descriptors of what was replaced; -1: it was not. */
static struct {
    pid_t process; /* 0 while none runs */
    pid_t owner;   /* this process: a worker that was forked from it has no pager */
    int standard_output;
    int standard_error;
} pager = {.standard_output = -1, .standard_error = -1};

/* Puts `descriptor` in the place of a stream. Returns a descriptor of what was there; -1 on failure, with errno. */
static int replace(int stream, int descriptor) {
    enum { FIRST_FREE = 10 };
    int kept = fcntl(stream, F_DUPFD_CLOEXEC, FIRST_FREE);
    if (kept >= 0 && dup2(descriptor, stream) < 0) {
        int refused = errno;
        close(kept);
        errno = refused;
        return -1;
    }
    return kept;
}

static void put_back(int stream, int *kept) {
    if (*kept >= 0) {
        dup2(*kept, stream);
        close(*kept);
        *kept = -1;
    }
}

/* Ends what the pager reads, and waits for it. Returns its status as a shell has it. */
static int finish(void) {
    fflush(stdout);
    put_back(STDOUT_FILENO, &pager.standard_output);
    put_back(STDERR_FILENO, &pager.standard_error);
    int status = 0;
    while (waitpid(pager.process, &status, 0) < 0 && errno == EINTR) {
    }
    pager.process = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int tr_host_start_pager(lua_State *L) {
    const char *command = luaL_checkstring(L, 1);
    /* As git has it: end where all fits on a screen, show colours, and leave the screen as it is. */
    setenv("LESS", "FRX", 0);
    setenv("LV", "-c", 0);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return luaL_fileresult(L, false, NULL);
    }
    fflush(stdout);
    int refused = tr_command_spawn(&pager.process, command, ends[0], -1);
    if (refused == 0) {
        pager.owner = getpid();
        bool takes_errors = isatty(STDERR_FILENO) != 0;
        pager.standard_output = replace(STDOUT_FILENO, ends[1]);
        refused = pager.standard_output < 0 ? errno : 0;
        if (refused == 0 && takes_errors) {
            pager.standard_error = replace(STDERR_FILENO, ends[1]);
        }
    }
    close(ends[0]);
    close(ends[1]);
    if (refused != 0) {
        if (pager.owner == getpid() && pager.process != 0) {
            finish();
        }
        pager.process = 0;
        errno = refused;
        return luaL_fileresult(L, false, NULL);
    }
    lua_pushboolean(L, true);
    return 1;
}

int tr_host_finish_pager(lua_State *L) {
    if (pager.process == 0 || pager.owner != getpid()) {
        return 0;
    }
    lua_pushinteger(L, finish());
    return 1;
}

void tr_host_end_pager(void) {
    if (pager.process != 0 && pager.owner == getpid()) {
        finish();
    }
}
