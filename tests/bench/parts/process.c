#include "process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRAM_MISSING = 127, POLL_NS = 1000000 };

noreturn void fail(const char *what, const char *detail) {
    fprintf(stderr, "bench: %s: %s\n", what, detail);
    exit(1);
}

static void expand(const bench_places *places, const char *template, unsigned passes, char out[TEXT_BYTES]) {
    size_t length = 0;
    for (const char *from = template; *from != '\0'; from++) {
        char number[16];
        const char *text = NULL;
        if (*from == '%') {
            snprintf(number, sizeof number, "%u", passes);
            from++;
            text = *from == 'b'   ? places->build
                   : *from == 'l' ? places->log_directory
                   : *from == 'o' ? places->output_directory
                                  : number;
        }
        size_t added = text == NULL ? 1 : strlen(text);
        if (length + added >= TEXT_BYTES) {
            fail("argument too long", template);
        }
        memcpy(out + length, text == NULL ? from : text, added);
        length += added;
    }
    out[length] = '\0';
}

pid_t process_start(const bench_places *places, program started, int output) {
    static char texts[MAX_ARGUMENTS][TEXT_BYTES];
    char *arguments[MAX_ARGUMENTS + 1] = {NULL};
    for (size_t i = 0; i < MAX_ARGUMENTS && started.arguments[i] != NULL; i++) {
        expand(places, started.arguments[i], started.passes, texts[i]);
        arguments[i] = texts[i];
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(output, STDOUT_FILENO);
        execvp(texts[0], arguments);
        _exit(PROGRAM_MISSING);
    }
    if (child < 0) {
        fail("fork", strerror(errno));
    }
    return child;
}

/* Returns false if the program is not installed. */
static bool check_end(const char *name, int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == PROGRAM_MISSING) {
        return false;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        char detail[64];
        snprintf(detail, sizeof detail, "ended with %s %d", WIFEXITED(status) ? "status" : "signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        fail(name, detail);
    }
    return true;
}

bool process_wait(program started, pid_t process) {
    int status;
    if (waitpid(process, &status, 0) != process) {
        fail(started.name, strerror(errno));
    }
    return check_end(started.name, status);
}

/* Removes what a program wrote. */
static void clear_output(const bench_places *places) {
    program remove = {"rm", 1, (const char *const[MAX_ARGUMENTS]){"rm", "-rf", "--", "%o"}};
    if (!process_wait(remove, process_start(places, remove, STDOUT_FILENO))) {
        fail(places->output_directory, "cannot be removed");
    }
}

bool process_end(const bench_places *places, const char *name, int status) {
    clear_output(places);
    return check_end(name, status);
}

static double seconds_of(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

bool process_measure_time(const bench_places *places, program measured, int output, double *seconds) {
    pid_t child = process_start(places, measured, output);
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) != child) {
        fail(measured.name, strerror(errno));
    }
    *seconds = (seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime)) / measured.passes;
    return process_end(places, measured.name, status);
}

/* Memory of a process other than mapped files, in KiB; 0 if it cannot be read. */
static uint64_t anonymous_kib(pid_t process) {
    char line[TEXT_BYTES];
    snprintf(line, sizeof line, "/proc/%ld/status", (long)process);
    FILE *status = fopen(line, "r");
    uint64_t kib = 0;
    if (status == NULL) {
        return 0;
    }
    while (fgets(line, sizeof line, status) != NULL && sscanf(line, "RssAnon: %" SCNu64, &kib) != 1) {
    }
    fclose(status);
    return kib;
}

void process_watch(const char *name, pid_t process, process_spent *spent) {
    struct rusage usage;
    pid_t ended;
    spent->peak_kib = 0;
    while ((ended = wait4(process, &spent->status, WNOHANG, &usage)) == 0) {
        uint64_t kib = anonymous_kib(process);
        spent->peak_kib = kib > spent->peak_kib ? kib : spent->peak_kib;
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    if (ended != process) {
        fail(name, strerror(errno));
    }
    spent->seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double process_measure_peak_mib(const bench_places *places, program measured, int output) {
    process_spent spent;
    process_watch(measured.name, process_start(places, measured, output), &spent);
    process_end(places, measured.name, spent.status);
    return (double)spent.peak_kib / 1024;
}
