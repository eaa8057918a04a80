/* The driver of `make bench`: makes the logs that it needs, runs every job as a process, all jobs in turn
 * for several rounds, and prints each one's speed relative to the yardstick in the same run. How to read it:
 * docs/benchmarks.md. Nothing here fails because it was slow; a job that cannot run ends it with status 1.
 *
 * Run in the root of the source tree. Environment: BENCH_ROUNDS (5), BENCH_RECORDS (2000000), BENCH_OPEN_TRACES
 * (1000000; 0 leaves that part out). */
#include "parts/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ROUNDS = 99 };

typedef struct job {
    const char *name;
    double target;       /* minimum speed relative to the yardstick; 0: for information */
    unsigned passes;     /* how often the job reads the log in one run: short jobs do so more than once */
    bool memory_limited; /* its memory has a target, too */
    const char *arguments[MAX_ARGUMENTS]; /* as in process.h */
} job;

#define LUA_ENVIRONMENT "env", "LUA_PATH=lua/?.lua;lua/?/init.lua;;", "LUA_CPATH=%b/lua/?.so;;"
#define MEMORY_LIMIT_MIB 30.0
#define OPEN_TRACE_LIMIT_BYTES 1024.0
#define PYTHON_RATIO 10.0
#define TIME_FUNCTION_RATIO 0.5
#define LONGER_LOG_MEMORY_RATIO 1.1
#define SIMULATE_EMPTY "simulate: empty scenario"
#define SIMULATE_TIME "simulate: time function"
#define SIMULATE_POOLS "simulate: pools"
#define POOLS_RATIO 0.67
#define BACKTEST "backtest"
#define BACKTEST_RATIO 0.25
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
    {SIMULATE_POOLS, 0.012, 1, true, {SIMULATE, "tests/bench/simulate_pools.lua", "%l"}},
    {BACKTEST, 0.005, 1, false, {"%b/tracereel", "backtest", "%l"}},
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

static bench_places places_of_jobs;
static result results[JOB_COUNT];

static unsigned long setting(const char *name, unsigned long otherwise) {
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? otherwise : strtoul(text, NULL, 10);
}

static program program_of(const job *measured, unsigned passes) {
    return (program){measured->name, passes, measured->arguments};
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

/* Makes a log unless an earlier run did. `name` says its settings, so other settings make another one. It is written
 * under a temporary name first: an unfinished one is not taken for a log. */
static void make_log(const char *name, const char *const *options, int output) {
    char *path = places_of_jobs.log_directory;
    snprintf(path, TEXT_BYTES, "%s/bench/%s", places_of_jobs.build, name);
    if (access(path, F_OK) == 0) {
        return;
    }
    char finished[TEXT_BYTES];
    memcpy(finished, path, sizeof finished);
    snprintf(path, TEXT_BYTES, "%s/bench/%s.%ld.unfinished", places_of_jobs.build, name, (long)getpid());
    const char *arguments[MAX_ARGUMENTS] = {"%b/tracereel", "generate", "%l"};
    for (size_t i = 0; options[i] != NULL && i + 4 < MAX_ARGUMENTS; i++) {
        arguments[i + 3] = options[i];
    }
    printf("making %s\n", finished);
    program generate = {"generate", 1, arguments};
    if (!process_wait(generate, process_start(&places_of_jobs, generate, output))) {
        fail("generate", "cannot be run; is the program built?");
    }
    if (rename(path, finished) != 0) {
        fail(finished, strerror(errno));
    }
    memcpy(path, finished, sizeof finished);
}

static void run_round(size_t round, int output) {
    for (size_t i = 0; i < JOB_COUNT; i++) {
        if (results[i].is_missing) {
            continue;
        }
        results[i].is_missing = !process_measure_time(&places_of_jobs, program_of(&jobs[i], jobs[i].passes), output,
                                                      &results[i].seconds[round]);
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
    double seconds = median(row->seconds, rounds), min_seconds = least(row->seconds, rounds);
    double ratio = median(yardstick, rounds) / seconds;
    printf("%-28s %9.1f %9.1f %8.2f %7.3f %7.3f ", jobs[i].name, seconds * 1e3, min_seconds * 1e3,
           records / seconds / 1e6, ratio, least(yardstick, rounds) / min_seconds);
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

/* Compares two jobs that do the same, or nearly so. */
static void print_comparison(const char *name, const char *other, const char *other_words, double target,
                             size_t rounds) {
    const result *ours = result_of(name), *others = result_of(other);
    if (!others->is_missing) {
        double ratio = median(others->seconds, rounds) / median(ours->seconds, rounds);
        printf("\n%s: %.1f times as fast as %s, target >= %.1f: %s\n", name, ratio, other_words, target,
               ratio >= target ? "met" : "MISSED");
    }
}

/* With a log whose traces all end soon, and with one half as long: the simulation keeps open traces in memory, not the
 * log. */
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
        peaks_mib[i] = process_measure_peak_mib(&places_of_jobs, program_of(simulation, 1), output);
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
    make_log(name, (const char *const[]){"--traces", count, "--crash-after", count, "--wait-done", NULL}, output);

    double discarded; /* loads the log into the page cache */
    process_measure_time(&places_of_jobs, program_of(&jobs[YARDSTICK], jobs[YARDSTICK].passes), output, &discarded);
    for (size_t round = 0; round < rounds; round++) {
        run_round(round, output);
    }
    for (size_t i = 0; i < JOB_COUNT; i++) {
        if (!results[i].is_missing) {
            results[i].peak_mib = process_measure_peak_mib(&places_of_jobs, program_of(&jobs[i], 1), output);
        }
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
    print_comparison(SIMULATE_POOLS, SIMULATE_EMPTY, "with an empty scenario", POOLS_RATIO, rounds);
    print_comparison(BACKTEST, SIMULATE_EMPTY, "one simulation", BACKTEST_RATIO, rounds);
}

/* Every order waits at its end for a person who never answers. */
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
    program replay = {"replay_records", 1, arguments};
    pid_t child = process_start(&places_of_jobs, replay, ends[1]);
    close(ends[1]);
    FILE *answer = fdopen(ends[0], "r");
    if (answer == NULL) {
        fail("pipe", strerror(errno));
    }
    double open_traces, bytes;
    bool is_read = fscanf(answer, "%lf open traces, %lf bytes", &open_traces, &bytes) == 2;
    if (!process_wait(replay, child) || !is_read || open_traces < 1) {
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
    places_of_jobs.build = argv[1];
    places_of_jobs.output_directory = argv[2];
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
