#include "lua/host_worker.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>

#include "files/temporary.h"
#include "lua/files.h"
#include "lua/host_work.h"
#include "lua/limits.h"
#include "lua/stop.h"
#include "lua/unfinished.h"

static const char type_name[] = "tracereel.worker";

enum { STREAM_STDOUT, STREAM_STDERR, STREAM_VALUE, STREAMS };

typedef struct worker {
    pid_t pid; /* 0 once it has ended */
    int status;
    int streams[STREAMS]; /* unlinked files; -1 once they were closed */
    struct worker *previous, *next;
} worker;

/* All whose files are open. Signal handlers read it, so they are blocked while it changes. */
static worker *all;
static bool is_open; /* between begin_workers and end_workers */

/* ---- signals ---- */

static void block_signals(sigset_t *before) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGALRM, SIGCHLD};
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

/* That a worker has ended is looked up where it is waited for; the signal only wakes who waits. */
static void on_child(int signal_number) {
    (void)signal_number;
}

static void handle_child(void (*handler)(int)) {
    struct sigaction action = {0};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
    sigemptyset(&action.sa_mask);
    sigaction(SIGCHLD, &action, NULL);
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

static void close_streams(worker *self) {
    for (int i = 0; i < STREAMS; i++) {
        if (self->streams[i] >= 0) {
            close(self->streams[i]);
            self->streams[i] = -1;
        }
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
    close_streams(self);
}

/* With signals blocked: whether it has ended now. */
static bool reap(worker *self, int options) {
    pid_t ended;
    do {
        ended = waitpid(self->pid, &self->status, options);
    } while (ended < 0 && errno == EINTR);
    if (ended == 0) {
        return false;
    }
    if (ended < 0) { /* somebody else has waited for it: how it ended is not known */
        self->status = WORKER_FAILED << 8;
    }
    self->pid = 0;
    return true;
}

/* ---- in the worker ---- */

/* Gives up what belongs to the parent: its workers, what it writes, its timer, and that it may be interrupted. */
static noreturn void become_worker(lua_State *L, worker *self, pid_t parent, const sigset_t *signals) {
    int value = dup(self->streams[STREAM_VALUE]); /* all others are closed */
    prctl(PR_SET_PDEATHSIG, SIGKILL);             /* nobody would read what it writes */
    if (value < 0 || getppid() != parent || dup2(self->streams[STREAM_STDOUT], STDOUT_FILENO) < 0 ||
        dup2(self->streams[STREAM_STDERR], STDERR_FILENO) < 0) {
        _exit(WORKER_FAILED);
    }
    while (all != NULL) {
        drop(all);
    }
    is_open = false;
    handle_child(SIG_DFL);
    tr_lua_unfinished_disown_all();
    tr_limits_begin_worker();
    restore_signals(signals);
    tr_host_work(L, value);
}

/* ---- in the parent ---- */

/* begin_workers(): from here on an interrupt does not unwind the state: the workers end what they do. */
int tr_host_begin_workers(lua_State *L) {
    (void)L;
    if (!is_open) {
        handle_child(on_child);
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
        if (self->pid > 0) {
            reap(self, 0);
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
 * calls finish_unit after each piece of work; what it writes to standard output and error goes to files. */
int tr_host_start_worker(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    worker *self = lua_newuserdatauv(L, sizeof *self, 0);
    *self = (worker){.streams = {-1, -1, -1}};
    luaL_setmetatable(L, type_name);
    for (int i = 0; i < STREAMS; i++) {
        const char *directory;
        self->streams[i] = tr_temporary_file(&directory);
        if (self->streams[i] < 0) {
            return tr_lua_path_result(L, false, directory);
        }
    }
    fflush(NULL); /* what is buffered must not be written twice */
    sigset_t before;
    block_signals(&before);
    pid_t parent = getpid();
    self->pid = fork();
    if (self->pid == 0) {
        become_worker(L, self, parent, &before);
    }
    int error_number = errno;
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

/* wait_for_workers(): until one of those that run has ended; returns at once where none runs. */
int tr_host_wait_for_workers(lua_State *L) {
    sigset_t before;
    block_signals(&before);
    bool is_any_running = true, has_any_ended = false;
    while (is_any_running && !has_any_ended && !tr_limits_is_unwinding()) {
        is_any_running = false;
        for (worker *self = all; self != NULL; self = self->next) {
            is_any_running = is_any_running || self->pid > 0;
            has_any_ended = (self->pid > 0 && reap(self, WNOHANG)) || has_any_ended;
        }
        if (is_any_running && !has_any_ended) {
            sigsuspend(&before);
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

/* worker:unit(offset) -> where in its "stdout" and "stderr" the unit ends whose value's header is at `offset`, and the
 * value's first and last offset; nil where no more was finished. Numbers alone: a file that cannot be read has none. */
static int worker_unit(lua_State *L) {
    const worker *self = check(L);
    lua_Integer offset = luaL_checkinteger(L, 2);
    int64_t header[HEADER_FIELDS];
    if (pread(self->streams[STREAM_VALUE], header, sizeof header, (off_t)offset) != (ssize_t)sizeof header) {
        return 0;
    }
    struct stat found;
    lua_Integer first = offset + (lua_Integer)sizeof header;
    if (fstat(self->streams[STREAM_VALUE], &found) != 0 || found.st_size - first < header[HEADER_VALUE_BYTES]) {
        return 0; /* the worker was killed while it wrote */
    }
    lua_pushinteger(L, header[HEADER_STDOUT_END]);
    lua_pushinteger(L, header[HEADER_STDERR_END]);
    lua_pushinteger(L, first);
    lua_pushinteger(L, first + header[HEADER_VALUE_BYTES]);
    return 4;
}

/* worker:read(stream, offset, end) -> bytes of its "stdout", "stderr" or "value" from `offset`, at most up to `end`, ""
 * at the end; or nil, what is wrong and errno */
static int worker_read(lua_State *L) {
    static const char *const names[] = {"stdout", "stderr", "value", NULL};
    enum { CHUNK_BYTES = 65536 };
    const worker *self = check(L);
    int stream = luaL_checkoption(L, 2, NULL, names);
    lua_Integer offset = luaL_checkinteger(L, 3), end = luaL_checkinteger(L, 4);
    size_t wanted_bytes = end <= offset ? 0 : end - offset < CHUNK_BYTES ? (size_t)(end - offset) : CHUNK_BYTES;
    luaL_Buffer buffer;
    char *chunk = luaL_buffinitsize(L, &buffer, CHUNK_BYTES);
    ssize_t length;
    do {
        length = pread(self->streams[stream], chunk, wanted_bytes, (off_t)offset);
    } while (length < 0 && errno == EINTR);
    if (length < 0) {
        return tr_lua_path_result(L, false, "a temporary file");
    }
    luaL_pushresultsize(&buffer, (size_t)length);
    return 1;
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
        reap(self, 0);
    }
    drop(self);
    restore_signals(&before);
    return 0;
}

void tr_host_open_worker(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"ended", worker_ended}, {"unit", worker_unit}, {"read", worker_read}, {"close", worker_close}, {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    lua_pushcfunction(L, worker_finalize);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

/* ---- how many ---- */

/* max_workers() -> integer: how many the limit on open files allows to run while as many that have ended are kept */
int tr_host_max_workers(lua_State *L) {
    enum { OWN_FILES = 64, KEPT = 2, MAX = 4096 };
    struct rlimit limit;
    lua_Integer count = MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)MAX * KEPT * STREAMS) {
        count = ((lua_Integer)limit.rlim_cur - OWN_FILES) / (KEPT * STREAMS);
    }
    lua_pushinteger(L, count > 1 ? count : 1);
    return 1;
}

/* cores() -> integer: how many this process may use */
int tr_host_cores(lua_State *L) {
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)online;
    lua_pushinteger(L, count > 0 ? count : 1);
    return 1;
}
