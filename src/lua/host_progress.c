#include "lua/host_progress.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lua/cursor.h"
#include "tracereel/log.h"

enum { MAX_LINE_BYTES = 80, INTERVAL_NS = 200000000, FIRST_SECONDS = 1 };

/* Shared with the signal handler. */
static volatile sig_atomic_t is_shown;
static struct timespec begun;

static timer_t timer;
static bool has_timer;
static pid_t owner; /* a worker that was forked has no timer, and shows nothing */

typedef struct line {
    char bytes[MAX_LINE_BYTES];
    size_t length;
} line;

/* printf is not for signal handlers. */
static void add(line *self, const char *text) {
    for (; *text != '\0' && self->length < sizeof self->bytes; text++) {
        self->bytes[self->length++] = *text;
    }
}

static void add_number(line *self, uint64_t number) {
    char digits[24];
    size_t first = sizeof digits - 1;
    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    add(self, digits + first);
}

/* The log is read by the thread that the signal interrupts: what it says is of this moment or the one before. */
static void on_moment(int signal_number) {
    (void)signal_number;
    int before = errno;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    line shown = {.length = 0};
    add(&shown, "\r");
    const tr_log *log = tr_lua_log_being_read;
    if (log != NULL) {
        add(&shown, "reading: ");
        add_number(&shown, tr_log_get_statistics(log).records);
        add(&shown, " records, ");
    } else {
        add(&shown, "working: ");
    }
    add_number(&shown, (uint64_t)(now.tv_sec - begun.tv_sec));
    add(&shown, " s\033[K");
    is_shown = write(STDERR_FILENO, shown.bytes, shown.length) > 0;
    errno = before;
}

int tr_host_begin_progress(lua_State *L) {
    (void)L;
    struct sigaction action = {0};
    action.sa_handler = on_moment;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    struct sigevent event = {0};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR2;
    if (has_timer || sigaction(SIGUSR2, &action, NULL) != 0 || timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
        return 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &begun);
    struct itimerspec when = {.it_interval = {0, INTERVAL_NS}, .it_value = {FIRST_SECONDS, 0}};
    owner = getpid();
    has_timer = timer_settime(timer, 0, &when, NULL) == 0;
    if (!has_timer) {
        timer_delete(timer);
    }
    return 0;
}

int tr_host_clear_progress(lua_State *L) {
    (void)L;
    if (is_shown && owner == getpid()) {
        static const char nothing[] = "\r\033[K";
        is_shown = 0;
        (void)!write(STDERR_FILENO, nothing, sizeof nothing - 1);
    }
    return 0;
}

int tr_host_end_progress(lua_State *L) {
    if (has_timer && owner == getpid()) {
        timer_delete(timer);
        has_timer = false;
        signal(SIGUSR2, SIG_IGN); /* one that is under way */
    }
    return tr_host_clear_progress(L);
}
