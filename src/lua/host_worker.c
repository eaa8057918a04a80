#include "lua/host_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>

#include "lua/files.h"
#include "lua/host_work.h"
#include "lua/limits.h"
#include "lua/stop.h"
#include "lua/unfinished.h"
#include "lua/worker_files.h"

static const char type_name[] = "tracereel.worker";

enum { MAX_WORKERS = 4096 };

typedef struct worker {
    pid_t pid; /* 0 once it has ended */
    int status;
    int line;     /* the parent's end of the socket that units go through; -1 once no more is asked for */
    bool is_busy; /* a unit was given to it that it has not finished */
    worker_files files;
    struct worker *previous, *next;
} worker;

/* All whose files are open. Signal handlers read it, so they are blocked while it changes. */
static worker *all;
static bool is_open; /* between begin_workers and end_workers */

/* ---- signals ---- */

static void block_signals(sigset_t *before) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGALRM};
    sigset_t blocked;
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaddset(&blocked, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, before);
}

static void restore_signals(const sigset_t *before) {
    sigprocmask(SIG_SETMASK, before, NULL);
}

static void signal_all(int signal_number) {
    for (const worker *self = all; self != NULL; self = self->next) {
        if (self->pid > 0) {
            kill(self->pid, signal_number);
        }
    }
}

void tr_host_workers_interrupt(void) {
    int kept = errno;
    signal_all(SIGINT);
    errno = kept;
}

/* ---- the list ---- */

static void close_line(worker *self) {
    if (self->line >= 0) {
        close(self->line);
        self->line = -1;
    }
}

static void add(worker *self) {
    self->previous = NULL;
    self->next = all;
    if (all != NULL) {
        all->previous = self;
    }
    all = self;
}

/* With signals blocked. */
static void drop(worker *self) {
    if (self->previous != NULL || self->next != NULL || all == self) {
        *(self->previous == NULL ? &all : &self->previous->next) = self->next;
        if (self->next != NULL) {
            self->next->previous = self->previous;
        }
        self->previous = self->next = NULL;
    }
    close_line(self);
    worker_files_close(&self->files);
}

/* With signals blocked: waits for its end. */
static void reap(worker *self) {
    pid_t ended;
    do {
        ended = waitpid(self->pid, &self->status, 0);
    } while (ended < 0 && errno == EINTR);
    if (ended < 0) { /* somebody else has waited for it: how it ended is not known */
        self->status = WORKER_FAILED << 8;
    }
    self->pid = 0;
    self->is_busy = false;
    close_line(self);
}

/* ---- in the worker ---- */

/* Gives up what belongs to the parent: its workers, what it writes, its timer, and that it may be interrupted. */
static noreturn void become_worker(lua_State *L, worker *self, int line, pid_t parent, const sigset_t *signals) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would read what it writes */
    while (all != NULL) {
        all->pid = 0; /* it is not this process that waits for it */
        drop(all);
    }
    close_line(self);
    int value = fcntl(self->files.of[WORKER_VALUE], F_DUPFD_CLOEXEC, 0); /* all others are closed */
    if (value < 0 || getppid() != parent || dup2(self->files.of[WORKER_STDOUT], STDOUT_FILENO) < 0 ||
        dup2(self->files.of[WORKER_STDERR], STDERR_FILENO) < 0) {
        _exit(WORKER_FAILED);
    }
    drop(self);
    is_open = false;
    tr_lua_unfinished_disown_all();
    tr_limits_begin_worker();
    restore_signals(signals);
    tr_host_work(L, value, line);
}

/* ---- in the parent ---- */

/* begin_workers(): from here on an interrupt does not unwind the state: the workers end what they do. */
int tr_host_begin_workers(lua_State *L) {
    (void)L;
    if (!is_open) {
        tr_lua_active_cursors++;
        is_open = true;
    }
    return 0;
}

void tr_host_workers_cancel(void) {
    sigset_t before;
    block_signals(&before);
    signal_all(SIGTERM);
    for (worker *self = all; self != NULL; self = self->next) {
        close_line(self); /* one that waits for a unit learns so that there is none */
        if (self->pid > 0) {
            reap(self);
        }
    }
    while (all != NULL) {
        drop(all);
    }
    restore_signals(&before);
    if (is_open) {
        tr_lua_active_cursors--;
        is_open = false;
    }
}

/* end_workers(): ends those that are still running. Allowed where there are none. */
int tr_host_end_workers(lua_State *L) {
    (void)L;
    tr_host_workers_cancel();
    return 0;
}

/* start_worker(callee) -> worker, or nil, what is wrong and errno. In a process of its own, `callee` is called, which
 * asks for units with next_unit and calls finish_unit after each; what it writes to standard output and error goes to
 * files. */
int tr_host_start_worker(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    worker *self = lua_newuserdatauv(L, sizeof *self, 0);
    *self = (worker){.line = -1};
    const char *directory;
    bool is_made = worker_files_open(&self->files, &directory);
    luaL_setmetatable(L, type_name);
    int line[2];
    if (!is_made) {
        int error_number = errno;
        const char *place = lua_pushfstring(L, "a temporary file (TMPDIR says where) in %s", directory);
        errno = error_number;
        return tr_lua_path_result(L, false, place);
    } else if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) != 0) {
        return tr_lua_path_result(L, false, "socketpair");
    }
    self->line = line[0];
    fflush(NULL); /* what is buffered must not be written twice */
    sigset_t before;
    block_signals(&before);
    pid_t parent = getpid();
    self->pid = fork();
    if (self->pid == 0) {
        become_worker(L, self, line[1], parent, &before);
    }
    int error_number = errno;
    close(line[1]);
    if (self->pid > 0) {
        add(self);
    }
    restore_signals(&before);
    if (self->pid < 0) {
        self->pid = 0;
        errno = error_number;
        return tr_lua_path_result(L, false, "fork");
    }
    return 1;
}

/* With signals blocked: a worker's socket has something to say: a unit is finished, or there is nobody any more. */
static void hear(worker *self) {
    char finished;
    ssize_t length;
    do {
        length = recv(self->line, &finished, sizeof finished, MSG_DONTWAIT);
    } while (length < 0 && errno == EINTR);
    if (length > 0) {
        self->is_busy = false;
    } else if (length == 0 || errno != EAGAIN) {
        reap(self);
    }
}

/* wait_for_workers(): until one of those that run has finished a unit or ended, or a signal came; returns at once where
 * none runs. */
int tr_host_wait_for_workers(lua_State *L) {
    static struct pollfd lines[MAX_WORKERS];
    static worker *of_line[MAX_WORKERS];
    sigset_t before;
    block_signals(&before);
    nfds_t count = 0;
    for (worker *self = all; self != NULL && count < MAX_WORKERS; self = self->next) {
        if (self->line >= 0) {
            lines[count] = (struct pollfd){.fd = self->line, .events = POLLIN};
            of_line[count++] = self;
        }
    }
    if (count > 0 && !tr_limits_is_unwinding() && ppoll(lines, count, NULL, &before) > 0) {
        for (nfds_t i = 0; i < count; i++) {
            if (lines[i].revents != 0) {
                hear(of_line[i]);
            }
        }
    }
    restore_signals(&before);
    return tr_limits_is_unwinding() ? tr_limits_raise(L) : 0;
}

static worker *check(lua_State *L) {
    return luaL_checkudata(L, 1, type_name);
}

/* worker:ended() -> nil while it runs; or "done", "failed", "limit", "interrupted"; "disk" and why a file could not be
 * written; "signal" and which one has ended it */
static int worker_ended(lua_State *L) {
    static const char *const words[] = {"done", "failed", "limit", "interrupted"};
    const worker *self = check(L);
    if (self->pid > 0) {
        return 0;
    }
    if (WIFSIGNALED(self->status)) {
        int number = WTERMSIG(self->status);
        const char *description = strsignal(number);
        lua_pushliteral(L, "signal");
        lua_pushfstring(L, "signal %d (%s)", number, description != NULL ? description : "unknown");
        return 2;
    }
    int status = WEXITSTATUS(self->status);
    if (status >= WORKER_DISK) {
        lua_pushliteral(L, "disk");
        lua_pushstring(L, strerror(status - WORKER_DISK));
        return 2;
    }
    lua_pushstring(L, words[status]);
    return 1;
}

/* worker:is_busy() -> whether it has a unit that it has neither finished nor lost by ending */
static int worker_is_busy(lua_State *L) {
    lua_pushboolean(L, check(L)->is_busy);
    return 1;
}

/* worker:give(number) -> whether it has the unit now, and does it next; not where it has ended. It must not be busy. */
static int worker_give(lua_State *L) {
    worker *self = check(L);
    int64_t number = luaL_checkinteger(L, 2);
    luaL_argcheck(L, !self->is_busy, 1, "it is busy");
    if (self->pid > 0) {
        self->is_busy = send(self->line, &number, sizeof number, MSG_NOSIGNAL) == (ssize_t)sizeof number;
        if (!self->is_busy) {
            sigset_t before;
            block_signals(&before);
            reap(self);
            restore_signals(&before);
        }
    }
    lua_pushboolean(L, self->is_busy);
    return 1;
}

/* worker:forget(): what it has handed over so far is not needed any more; offsets begin at 0 again, where it returns
 * true. It must not be busy. */
static int worker_forget(lua_State *L) {
    worker *self = check(L);
    luaL_argcheck(L, !self->is_busy, 1, "it is busy");
    lua_pushboolean(L, worker_files_empty(&self->files));
    return 1;
}

/* worker:unit(offset) -> where in its "stdout" and "stderr" the unit ends whose value's header is at `offset`, and the
 * value's first and last offset; nothing where no more was finished */
static int worker_unit(lua_State *L) {
    return worker_files_push_unit(L, &check(L)->files, luaL_checkinteger(L, 2));
}

/* worker:read(stream, offset, end) -> bytes of its "stdout", "stderr" or "value" from `offset`, at most up to `end`, ""
 * at the end; or nil, what is wrong and errno */
static int worker_read(lua_State *L) {
    static const char *const names[] = {
        [WORKER_STDOUT] = "stdout", [WORKER_STDERR] = "stderr", [WORKER_VALUE] = "value", [WORKER_FILES] = NULL};
    const worker *self = check(L);
    int file = luaL_checkoption(L, 2, NULL, names);
    return worker_files_push_bytes(L, &self->files, file, luaL_checkinteger(L, 3), luaL_checkinteger(L, 4));
}

/* worker:dismiss(): it gets no more units, and ends when it has finished the one that it has. */
static int worker_dismiss(lua_State *L) {
    worker *self = check(L);
    if (self->line >= 0) {
        shutdown(self->line, SHUT_WR);
    }
    return 0;
}

/* worker:close(): its files are gone. It must have ended. */
static int worker_close(lua_State *L) {
    worker *self = check(L);
    luaL_argcheck(L, self->pid == 0, 1, "it is still running");
    sigset_t before;
    block_signals(&before);
    drop(self);
    restore_signals(&before);
    return 0;
}

static int worker_finalize(lua_State *L) {
    worker *self = check(L);
    sigset_t before;
    block_signals(&before);
    if (self->pid > 0) {
        kill(self->pid, SIGTERM);
        reap(self);
    }
    drop(self);
    restore_signals(&before);
    return 0;
}

void tr_host_open_worker(lua_State *L) {
    static const luaL_Reg methods[] = {{"ended", worker_ended},     {"is_busy", worker_is_busy}, {"give", worker_give},
                                       {"forget", worker_forget},   {"unit", worker_unit},       {"read", worker_read},
                                       {"dismiss", worker_dismiss}, {"close", worker_close},     {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    lua_pushcfunction(L, worker_finalize);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

/* ---- how many ---- */

/* max_workers() -> integer: how many the limit on open files allows, while as many that have ended are kept */
int tr_host_max_workers(lua_State *L) {
    enum { OWN_FILES = 64, FILES_OF_ONE = WORKER_FILES + 1, FILES_OF_TWO = FILES_OF_ONE + WORKER_FILES };
    struct rlimit limit;
    lua_Integer count = MAX_WORKERS;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)MAX_WORKERS * FILES_OF_TWO) {
        count = ((lua_Integer)limit.rlim_cur - OWN_FILES) / FILES_OF_TWO;
    }
    lua_pushinteger(L, count > 1 ? count : 1);
    return 1;
}
