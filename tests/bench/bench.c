/* The driver of `make bench`: makes the logs that it needs, runs every job as a process of its own, all jobs in turn
 * for some rounds, and prints each one's speed as a share of the yardstick's in the same run. How to read it:
 * docs/benchmarks.md. Nothing here fails because it was slow; a job that cannot run ends it with status 1.
 *
 * Run in the root of the source tree. Environment: BENCH_ROUNDS (5), BENCH_RECORDS (2000000), BENCH_OPEN_TRACES
 * (1000000; 0 leaves that part out). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ROUNDS = 99, MAX_ARGUMENTS = 16, TEXT_BYTES = 1024, PROGRAM_MISSING = 127, POLL_NS = 1000000 };

/* In a job's arguments, %b is the build directory, %l the log, %p the number of passes, %o a directory to write to,
 * which is not there when the job starts. */
typedef struct job {
    const char *name;
    double target;       /* of the yardstick's speed, at least; 0: for information */
    unsigned passes;     /* how often the job reads the log in one run: short ones do so more than once */
    bool memory_limited; /* its memory has a target as well */
    const char *arguments[MAX_ARGUMENTS];
} job;

#define LUA_ENVIRONMENT "env", "LUA_PATH=lua/?.lua;lua/?/init.lua;;", "LUA_CPATH=%b/lua/?.so;;"
#define MEMORY_LIMIT_MIB 30.0
#define OPEN_TRACE_LIMIT_BYTES 1024.0
#define PYTHON_RATIO 10.0
#define TIME_FUNCTION_RATIO 0.5
#define LONGER_LOG_MEMORY_RATIO 1.1
#define SIMULATE_EMPTY "simulate: empty scenario"
#define SIMULATE_TIME "simulate: time function"
#define SIMULATE "%b/tracereel", "simulate", "-o", "%o"

static const job jobs[] = {
    {"yardstick: lengths and CRC", 0, 5, false, {"%b/bench/yardstick", "%l", "%p"}},
    {"decode and verify (C)", 0.85, 5, true, {"%b/bench/read_records", "%l", "%p"}},
    {"state machine (C)", 0.25, 5, true, {"%b/bench/replay_records", "%l", "%p"}},
    {"script: every record", 0.075, 1, true, {"%b/tracereel", "run", "tests/bench/every_record.lua", "%l"}},
    {"script: node_done only", 0.13, 1, true, {"%b/tracereel", "run", "tests/bench/node_done.lua", "%l"}},
    {"timing", 0.08, 1, true, {"%b/tracereel", "timing", "%l"}},
    {"crash points", 0.015, 1, false, {"%b/tracereel", "crashtest", "tests/bench/crash_points.lua", "%l"}},
    {SIMULATE_EMPTY, 0.02, 1, true, {SIMULATE, "tests/bench/simulate_empty.lua", "%l"}},
    {SIMULATE_TIME, 0.01, 1, true, {SIMULATE, "tests/bench/simulate_time.lua", "%l"}},
    {"dump --json", 0.025, 1, true, {"%b/tracereel", "dump", "--json", "%l"}},
    {"lua5.4: pull every record", 0, 1, false, {LUA_ENVIRONMENT, "lua5.4", "tests/bench/pull_records.lua", "%l"}},
    {"Python: count node_done", 0, 1, false, {"python3", "tests/bench/count_nodes.py", "%l"}},
    {"Python: timing", 0, 1, false, {"python3", "tests/bench/timing_python.py", "%l"}},
};
enum { JOB_COUNT = sizeof jobs / sizeof jobs[0], YARDSTICK = 0 };

typedef struct result {
    bool is_missing; /* its program is not installed */
    double seconds[MAX_ROUNDS];
    double peak_mib;
} result;

static const char *build;
static char log_directory[TEXT_BYTES];
static const char *output_directory;
static result results[JOB_COUNT];

static void fail(const char *what, const char *detail) {
    fprintf(stderr, "bench: %s: %s\n", what, detail);
    exit(1);
}

static unsigned long setting(const char *name, unsigned long otherwise) {
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? otherwise : strtoul(text, NULL, 10);
}

static void expand(const char *template, unsigned passes, char out[TEXT_BYTES]) {
    size_t length = 0;
    for (const char *from = template; *from != '\0'; from++) {
        char number[16];
        const char *text = NULL;
        if (*from == '%') {
            snprintf(number, sizeof number, "%u", passes);
            from++;
            text = *from == 'b' ? build : *from == 'l' ? log_directory : *from == 'o' ? output_directory : number;
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

/* Starts a program with its standard output going to `output`. */
static pid_t start(const char *const *templates, unsigned passes, int output) {
    static char texts[MAX_ARGUMENTS][TEXT_BYTES];
    char *arguments[MAX_ARGUMENTS + 1] = {NULL};
    for (size_t i = 0; i < MAX_ARGUMENTS && templates[i] != NULL; i++) {
        expand(templates[i], passes, texts[i]);
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

/* False where the program is not installed. */
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

/* Removes what a job has written. */
static void clear_output(void) {
    const char *arguments[MAX_ARGUMENTS] = {"rm", "-rf", "--", "%o"};
    int status;
    pid_t child = start(arguments, 1, STDOUT_FILENO);
    if (waitpid(child, &status, 0) != child || !check_end("rm", status)) {
        fail(output_directory, "cannot be removed");
    }
}

static double seconds_of(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* Processor time of one reading of the log, user and system. */
static bool measure_time(const job *measured, int output, double *seconds) {
    pid_t child = start(measured->arguments, measured->passes, output);
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) != child) {
        fail(measured->name, strerror(errno));
    }
    *seconds = (seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime)) / measured->passes;
    clear_output();
    return check_end(measured->name, status);
}

/* Memory of a process besides mapped files, in KiB; 0 when it cannot be read. */
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

/* The most that is seen when looking once in a millisecond: in runs of their own, so that looking costs no time. */
static double measure_peak_mib(const job *measured, int output) {
    pid_t child = start(measured->arguments, 1, output);
    uint64_t peak_kib = 0;
    int status;
    pid_t ended;
    while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
        uint64_t kib = anonymous_kib(child);
        peak_kib = kib > peak_kib ? kib : peak_kib;
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    if (ended != child) {
        fail(measured->name, strerror(errno));
    }
    check_end(measured->name, status);
    clear_output();
    return (double)peak_kib / 1024;
}

static int ascending(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(const double *values, size_t count) {
    double sorted[MAX_ROUNDS];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, ascending);
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static double least(const double *values, size_t count) {
    double found = values[0];
    for (size_t i = 1; i < count; i++) {
        found = values[i] < found ? values[i] : found;
    }
    return found;
}

/* Makes a log unless an earlier run did. `name` says what it holds, so other settings make another one. It is made
 * under another name first: one that was not finished is not taken for a log. */
static void make_log(const char *name, const char *const *options, int output) {
    snprintf(log_directory, sizeof log_directory, "%s/bench/%s", build, name);
    if (access(log_directory, F_OK) == 0) {
        return;
    }
    char finished[TEXT_BYTES];
    memcpy(finished, log_directory, sizeof finished);
    snprintf(log_directory, sizeof log_directory, "%s/bench/%s.%ld.unfinished", build, name, (long)getpid());
    const char *arguments[MAX_ARGUMENTS] = {"%b/tracereel", "generate", "%l"};
    for (size_t i = 0; options[i] != NULL && i + 4 < MAX_ARGUMENTS; i++) {
        arguments[i + 3] = options[i];
    }
    int status;
    printf("making %s\n", finished);
    pid_t child = start(arguments, 1, output);
    if (waitpid(child, &status, 0) != child || !check_end("generate", status)) {
        fail("generate", "cannot be run; is the program built?");
    }
    if (rename(log_directory, finished) != 0) {
        fail(finished, strerror(errno));
    }
    memcpy(log_directory, finished, sizeof finished);
}

static void run_round(size_t round, int output) {
    for (size_t i = 0; i < JOB_COUNT; i++) {
        if (results[i].is_missing) {
            continue;
        }
        results[i].is_missing = !measure_time(&jobs[i], output, &results[i].seconds[round]);
    }
}

static const result *result_of(const char *name) {
    for (size_t i = 0; i < JOB_COUNT; i++) {
        if (strcmp(jobs[i].name, name) == 0) {
            return &results[i];
        }
    }
    fail(name, "is no job");
    return NULL;
}

static void print_row(size_t i, size_t rounds, double records) {
    const result *row = &results[i];
    if (row->is_missing) {
        printf("%-28s not installed\n", jobs[i].name);
        return;
    }
    const double *yardstick = results[YARDSTICK].seconds;
    double seconds = median(row->seconds, rounds), least_seconds = least(row->seconds, rounds);
    double ratio = median(yardstick, rounds) / seconds;
    printf("%-28s %9.1f %9.1f %8.2f %7.3f %7.3f ", jobs[i].name, seconds * 1e3, least_seconds * 1e3,
           records / seconds / 1e6, ratio, least(yardstick, rounds) / least_seconds);
    if (jobs[i].target > 0) {
        printf(">= %-6.3f %-6s", jobs[i].target, ratio >= jobs[i].target ? "met" : "MISSED");
    } else {
        printf("%-9s %-6s", "-", "");
    }
    printf(" %8.1f", row->peak_mib);
    if (jobs[i].memory_limited) {
        printf(" < %.0f %s", MEMORY_LIMIT_MIB, row->peak_mib < MEMORY_LIMIT_MIB ? "met" : "MISSED");
    }
    printf("\n");
}

/* Two jobs that do the same, or nearly so. */
static void print_comparison(const char *name, const char *other, const char *other_words, double target,
                             size_t rounds) {
    const result *ours = result_of(name), *others = result_of(other);
    if (!others->is_missing) {
        double ratio = median(others->seconds, rounds) / median(ours->seconds, rounds);
        printf("\n%s: %.1f times as fast as %s, target >= %.1f: %s\n", name, ratio, other_words, target,
               ratio >= target ? "met" : "MISSED");
    }
}

/* Of a log whose traces all end soon, and of one half as long: what the simulation keeps in memory are open traces, and
 * not the log. */
static void measure_simulation_memory(unsigned long records, int output) {
    const job *simulation = &jobs[result_of(SIMULATE_TIME) - results];
    const unsigned long lengths[] = {records - records / 2, records};
    double peaks_mib[2];
    for (int i = 0; i < 2; i++) {
        char count[32], name[64];
        snprintf(count, sizeof count, "%lu", lengths[i]);
        snprintf(name, sizeof name, "ending-%lu", lengths[i]);
        make_log(name,
                 (const char *const[]){"--traces", count, "--crash-after", count, "--approval-share", "0",
                                       "--error-rate", "0", NULL},
                 output);
        peaks_mib[i] = measure_peak_mib(simulation, output);
    }
    double ratio = peaks_mib[1] / peaks_mib[0];
    printf("\nsimulate: peak %.2f MiB for %lu records of traces that end, %.2f MiB for %lu: %.2f times as much, "
           "target <= %.1f: %s\n",
           peaks_mib[0], lengths[0], peaks_mib[1], lengths[1], ratio, LONGER_LOG_MEMORY_RATIO,
           ratio <= LONGER_LOG_MEMORY_RATIO ? "met" : "MISSED");
}

static void measure_jobs(size_t rounds, unsigned long records, int output) {
    char count[32], name[64];
    snprintf(count, sizeof count, "%lu", records);
    snprintf(name, sizeof name, "log-%lu", records);
    make_log(name, (const char *const[]){"--traces", count, "--crash-after", count, NULL}, output);

    double discarded; /* brings the log into the page cache */
    measure_time(&jobs[YARDSTICK], output, &discarded);
    for (size_t round = 0; round < rounds; round++) {
        run_round(round, output);
    }
    for (size_t i = 0; i < JOB_COUNT; i++) {
        results[i].peak_mib = results[i].is_missing ? 0 : measure_peak_mib(&jobs[i], output);
    }
    printf("\n%lu records, %zu rounds; processor time of one reading; ratio: the yardstick's median over the job's\n\n",
           records, rounds);
    printf("%-28s %9s %9s %8s %7s %7s %-16s %8s\n", "job", "median ms", "least ms", "M rec/s", "ratio", "(least)",
           "target", "peak MiB");
    for (size_t i = 0; i < JOB_COUNT; i++) {
        print_row(i, rounds, (double)records);
    }
    print_comparison("timing", "Python: timing", "the Python program", PYTHON_RATIO, rounds);
    print_comparison(SIMULATE_TIME, SIMULATE_EMPTY, "with an empty scenario", TIME_FUNCTION_RATIO, rounds);
}

/* Every order ends where it waits for a person who never answers. */
static void measure_open_traces(unsigned long traces, int output) {
    char count[32], name[64];
    snprintf(count, sizeof count, "%lu", traces);
    snprintf(name, sizeof name, "open-%lu", traces);
    make_log(name,
             (const char *const[]){"--traces", count, "--approval-share", "1", "--approval-wait", "never",
                                   "--error-rate", "0", "--rate", "1000", NULL},
             output);
    int ends[2];
    if (pipe(ends) != 0) {
        fail("pipe", strerror(errno));
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    const char *arguments[MAX_ARGUMENTS] = {"%b/bench/replay_records", "%l", "1"};
    pid_t child = start(arguments, 1, ends[1]);
    close(ends[1]);
    FILE *answer = fdopen(ends[0], "r");
    if (answer == NULL) {
        fail("pipe", strerror(errno));
    }
    double open_traces, bytes;
    bool is_read = fscanf(answer, "%lf open traces, %lf bytes", &open_traces, &bytes) == 2;
    int status;
    if (waitpid(child, &status, 0) != child || !check_end("replay_records", status) || !is_read || open_traces < 1) {
        fail("replay_records", "said nothing about open traces");
    }
    fclose(answer);
    printf("\n%.0f traces open at the end: %.0f bytes of memory for each, target < %.0f: %s\n", open_traces,
           bytes / open_traces, OPEN_TRACE_LIMIT_BYTES,
           bytes / open_traces < OPEN_TRACE_LIMIT_BYTES ? "met" : "MISSED");
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: bench BUILD_DIRECTORY OUTPUT_DIRECTORY\n");
        return 2;
    }
    build = argv[1];
    output_directory = argv[2];
    unsigned long rounds = setting("BENCH_ROUNDS", 5);
    unsigned long records = setting("BENCH_RECORDS", 2000000);
    unsigned long open_traces = setting("BENCH_OPEN_TRACES", 1000000);
    if (rounds < 1 || rounds > MAX_ROUNDS || records < 1) {
        fail("BENCH_ROUNDS is 1 to 99 and BENCH_RECORDS is not 0", "wrong setting");
    }
    int output = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (output < 0) {
        fail("/dev/null", strerror(errno));
    }
    measure_jobs(rounds, records, output);
    measure_simulation_memory(records, output);
    if (open_traces > 0) {
        measure_open_traces(open_traces, output);
    }
    return 0;
}
