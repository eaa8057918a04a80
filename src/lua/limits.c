#include "lua/limits.h"

#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>

#include "bytes/pool.h"
#include "lua/host_worker.h"
#include "lua/stop.h"
#include "lua/type.h"
#include "lua/unfinished.h"

typedef enum unwinding_reason { UNWIND_NOTHING, UNWIND_MEMORY, UNWIND_TIME, UNWIND_INTERRUPT } unwinding_reason;

static const char *const reasons[] = {
    [UNWIND_NOTHING] = "nothing is wrong",
    [UNWIND_MEMORY] = "the memory limit was reached",
    [UNWIND_TIME] = "the time limit was reached",
    [UNWIND_INTERRUPT] = "interrupted",
};

enum {
    HARD_DEADLINE_SECONDS = 2,      /* after a limit or an interrupt: what still runs then cannot be unwound */
    SAME_INTERRUPT_NS = 100000000,  /* what comes so soon after an interrupt is the same one */
    EXIT_LIMIT = 5,                 /* the program's exit status where a limit was reached */
    EXIT_INTERRUPTED = 130,         /* and where it was interrupted */
    RESERVE_BYTES = 8 * 1024 * 1024 /* beyond the memory limit, for unwinding */
};

/* Shared with signal handlers. */
static lua_State *volatile running; /* the thread whose code runs now */
static volatile sig_atomic_t unwinding = UNWIND_NOTHING;
static volatile sig_atomic_t tripped = TR_LIMIT_NONE;
static volatile sig_atomic_t interrupt_count = 0;
static volatile sig_atomic_t expiration_count = 0;

/* A script makes and drops millions of small objects of few sizes; the pool is faster than malloc for them. It is given
 * back when the process ends. */
static tr_pool pool;
static size_t outside_bytes; /* what objects of the script hold that did not come from the pool */
static size_t limit_bytes;   /* 0: none */
static timer_t timer;
static bool has_timer;
static struct timespec deadline; /* of the timer, by CLOCK_MONOTONIC */
static bool is_worker;
static volatile sig_atomic_t is_guarded;

/* Lua asks again for what it was refused once it has collected its garbage; only that second refusal counts. */
static struct {
    bool is_open;
    void *block;
    size_t bytes;
} refusal;

/* ---- unwinding ---- */

static void raise_while_unwinding(lua_State *L, lua_Debug *activation) {
    (void)activation;
    if (unwinding == UNWIND_NOTHING) {
        lua_sethook(L, NULL, 0, 0); /* left over from an unwinding that has ended */
    } else {
        tr_limits_raise(L);
    }
}

/* Callable from signal handlers, as lua_sethook is. */
static void unwind(unwinding_reason reason) {
    unwinding = (sig_atomic_t)reason;
    tr_lua_stop_flag = reason == UNWIND_INTERRUPT ? TR_STOP_INTERRUPT : TR_STOP_LIMIT;
    if (running != NULL) {
        lua_sethook(running, raise_while_unwinding, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
    }
}

bool tr_limits_is_unwinding(void) {
    return unwinding != UNWIND_NOTHING;
}

int tr_limits_raise(lua_State *L) {
    return luaL_error(L, "%s", reasons[unwinding]);
}

static void stop_timer(void) {
    if (has_timer) {
        timer_delete(timer);
        has_timer = false;
    }
}

int tr_limits_guard(lua_State *L, int argument_count) {
    if (is_guarded) {
        return lua_pcall(L, argument_count, LUA_MULTRET, 0);
    }
    is_guarded = true;
    int status = lua_pcall(L, argument_count, LUA_MULTRET, 0);
    is_guarded = false;
    if (status != LUA_OK && refusal.is_open && tripped == TR_LIMIT_NONE) {
        tripped = TR_LIMIT_MEMORY;
    }
    refusal.is_open = false;
    if (tripped != TR_LIMIT_NONE) {
        stop_timer();
        limit_bytes = 0;
    }
    if (unwinding != UNWIND_NOTHING) {
        unwinding = UNWIND_NOTHING;
        alarm(0);
        tr_lua_stop_flag = interrupt_count > 0 ? TR_STOP_INTERRUPT : TR_STOP_NONE;
        lua_sethook(L, NULL, 0, 0);
    }
    return status;
}

lua_State *tr_limits_enter(lua_State *thread) {
    lua_State *previous = running;
    running = thread;
    return previous;
}

void tr_limits_leave(lua_State *previous) {
    running = previous;
    if (unwinding != UNWIND_NOTHING) {
        unwind((unwinding_reason)unwinding); /* the hook belongs to a thread: this one needs it too */
    }
}

/* ---- memory ---- */

static void trip_memory(void) {
    if (tripped == TR_LIMIT_NONE) {
        tripped = TR_LIMIT_MEMORY;
        limit_bytes += RESERVE_BYTES;
        unwind(UNWIND_MEMORY);
    }
}

static bool is_over_limit(size_t growth) {
    size_t used_bytes = pool.used_bytes + outside_bytes;
    return limit_bytes != 0 && (growth > limit_bytes || used_bytes > limit_bytes - growth);
}

/* Whether a block may not grow to `bytes`, because of the limit. */
static bool is_refused(const void *block, size_t bytes, size_t growth) {
    bool is_second = refusal.is_open && refusal.block == block && refusal.bytes == bytes;
    bool is_over = is_over_limit(growth);
    if (refusal.is_open && (!is_second || is_over)) {
        trip_memory();
    }
    refusal.is_open = false;
    if (is_over && tripped == TR_LIMIT_NONE) {
        refusal.is_open = true;
        refusal.block = (void *)(uintptr_t)block;
        refusal.bytes = bytes;
    }
    return is_over;
}

void *tr_limits_allocate(void *user_data, void *block, size_t old_bytes, size_t new_bytes) {
    (void)user_data;
    if (block == NULL) {
        old_bytes = 0; /* Lua gives the kind of the object there */
    }
    if (new_bytes > old_bytes && (limit_bytes != 0 || refusal.is_open) &&
        is_refused(block, new_bytes, new_bytes - old_bytes)) {
        return NULL;
    }
    return tr_pool_reallocate(&pool, block, old_bytes, new_bytes);
}

/* The collector does not know this memory: what a script has dropped may still hold much of it. */
static void count_outside(lua_State *L, size_t bytes_before, size_t bytes) {
    outside_bytes += bytes - bytes_before;
    if (bytes > bytes_before && tripped == TR_LIMIT_NONE && is_over_limit(0)) {
        lua_gc(L, LUA_GCCOLLECT);
        if (is_over_limit(0)) {
            trip_memory();
        }
    }
}

void tr_limits_set_memory(size_t bytes) {
    limit_bytes = bytes;
    if (!is_guarded) {
        tripped = TR_LIMIT_NONE; /* what is guarded next can reach either limit, and has to learn which */
    }
}

/* ---- time ---- */

static void give_up(const char *message, size_t length, int status) {
    ssize_t written = write(STDERR_FILENO, message, length);
    (void)written;
    tr_lua_unfinished_tell();
    _exit(status);
}

static void on_timer(int signal_number) {
    static const char message[] = "tracereel: the time limit was reached, and the script cannot be stopped\n";
    static const char interrupted[] = "tracereel: interrupted, and the script cannot be stopped\n";
    (void)signal_number;
    if (unwinding == UNWIND_INTERRUPT) {
        give_up(interrupted, sizeof interrupted - 1, EXIT_INTERRUPTED);
    } else if (expiration_count++ == 0) {
        if (tripped == TR_LIMIT_NONE) {
            tripped = TR_LIMIT_TIME;
        }
        unwind(UNWIND_TIME);
    } else {
        give_up(message, sizeof message - 1, EXIT_LIMIT);
    }
}

bool tr_limits_set_time(double seconds) {
    stop_timer();
    if (seconds <= 0) {
        return true;
    }
    enum { MAX_SECONDS = 1000000000 };
    double shortened = seconds < MAX_SECONDS ? seconds : MAX_SECONDS;
    struct sigevent event = {0};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGALRM;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
        return false;
    }
    has_timer = true;
    expiration_count = 0;
    struct itimerspec span = {{HARD_DEADLINE_SECONDS, 0}, {0, 0}};
    span.it_value.tv_sec = (time_t)shortened;
    span.it_value.tv_nsec = (long)((shortened - (double)span.it_value.tv_sec) * 1e9);
    if (span.it_value.tv_sec == 0 && span.it_value.tv_nsec == 0) {
        span.it_value.tv_nsec = 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += span.it_value.tv_sec;
    deadline.tv_nsec += span.it_value.tv_nsec;
    return timer_settime(timer, 0, &span, NULL) == 0;
}

tr_limit tr_limits_tripped(void) {
    return (tr_limit)tripped;
}

/* ---- interrupts ---- */

/* timeout, and whatever else runs the program for somebody, pass a signal on to the program and then to its group. */
static bool is_same_interrupt(void) {
    static struct timespec counted;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t since_ns = (int64_t)(now.tv_sec - counted.tv_sec) * 1000000000 + (now.tv_nsec - counted.tv_nsec);
    if (interrupt_count > 0 && since_ns < SAME_INTERRUPT_NS) {
        return true;
    }
    counted = now;
    return false;
}

/* The first ends replays as if the log ended there; the second unwinds whatever runs; the third ends the process. A
 * worker gets each from its parent, and its parent's SIGTERM where nothing is wanted of it any more. Schedulers send
 * SIGTERM to all processes of a job: that is an interrupt. */
static void on_interrupt(int signal_number, siginfo_t *from, void *context) {
    (void)context;
    bool is_cancelled = is_worker && signal_number == SIGTERM && from->si_code == SI_USER && from->si_pid == getppid();
    if (!is_cancelled && is_same_interrupt()) {
        return;
    }
    tr_host_workers_interrupt();
    interrupt_count += is_cancelled ? 2 : 1;
    if (interrupt_count >= 2) {
        signal(signal_number, SIG_DFL);
    }
    if (unwinding != UNWIND_NOTHING) {
        return;
    }
    if (interrupt_count >= 2 || tr_lua_active_cursors == 0) {
        unwind(UNWIND_INTERRUPT);
        if (is_guarded || is_worker) {
            alarm(HARD_DEADLINE_SECONDS); /* a search by a pattern, for example, runs no code that could be stopped */
        }
    } else {
        tr_lua_stop_flag = TR_STOP_INTERRUPT;
    }
}

bool tr_limits_interrupted(void) {
    return interrupt_count > 0;
}

static void handle(int signal_number, void (*handler)(int), int flags) {
    struct sigaction action = {0};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

/* No SA_RESTART: a read from a terminal or a pipe must come back. */
static void handle_interrupt(int signal_number) {
    struct sigaction action = {0};
    action.sa_sigaction = on_interrupt;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

void tr_limits_begin(lua_State *main_thread) {
    running = main_thread;
    tr_pool_begin_large(&pool); /* the program's own modules are more than a megabyte */
    tr_lua_memory_counter = count_outside;
    handle_interrupt(SIGINT);
    handle_interrupt(SIGTERM);
    handle(SIGALRM, on_timer, SA_RESTART);
    /* A write that fails, also at a limit on the size of files, is reported where it was made. */
    handle(SIGPIPE, SIG_IGN, 0);
    handle(SIGXFSZ, SIG_IGN, 0);
}

void tr_limits_begin_worker(void) {
    is_worker = true;
    tr_pool_begin_large(&pool);
    is_guarded = false;
    interrupt_count = 0;
    unwinding = UNWIND_NOTHING;
    tr_lua_active_cursors = 0;
    tr_lua_stop_flag = TR_STOP_NONE;
    if (has_timer) {
        has_timer = false; /* timers are not inherited */
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        double left = (double)(deadline.tv_sec - now.tv_sec) + (double)(deadline.tv_nsec - now.tv_nsec) / 1e9;
        tr_limits_set_time(left > 0 ? left : 1e-9);
    }
}

void tr_limits_end(void) {
    stop_timer();
    alarm(0);
    handle(SIGINT, SIG_DFL, 0);
    handle(SIGTERM, SIG_DFL, 0);
    handle(SIGALRM, SIG_IGN, 0);
    running = NULL;
    unwinding = UNWIND_NOTHING;
    limit_bytes = 0;
    refusal.is_open = false;
}
