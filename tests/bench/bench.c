/* The driver of `make bench`: makes the logs that it needs, runs every job as a process, all jobs in turn
 * for several rounds, and prints each one's speed relative to the yardstick in the same run. How to read it:
 * docs/benchmarks.md. Nothing here fails because it was slow; a job that cannot run ends it with status 1.
 *
 * Run in the root of the source tree. Environment: BENCH_ROUNDS (5), BENCH_RECORDS (2000000), BENCH_OPEN_TRACES
 * (1000000; 0 leaves that part out). */
#include "parts/jobs.h"
#include "parts/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ROUNDS = 99 };

#define MEMORY_LIMIT_MIB 30.0
#define OPEN_TRACE_LIMIT_BYTES 1024.0
#define PYTHON_RATIO 10.0
#define TIME_FUNCTION_RATIO 0.5
#define LONGER_LOG_MEMORY_RATIO 1.1
#define POOLS_RATIO 0.67
#define BACKTEST_RATIO 0.25

typedef struct result {
    bool is_missing; /* its program is not installed */
    double seconds[MAX_ROUNDS];
    double peak_mib;
} result;

static bench_places places_of_jobs;
static result results[BENCH_JOB_COUNT];

static program program_of(const bench_job *measured, unsigned passes) {
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

static void run_round(size_t round, int output) {
    for (size_t i = 0; i < BENCH_JOB_COUNT; i++) {
        if (results[i].is_missing) {
            continue;
        }
        results[i].is_missing = !process_measure_time(&places_of_jobs, program_of(&bench_jobs[i], bench_jobs[i].passes),
                                                      output, &results[i].seconds[round]);
    }
}

static const result *result_of(const char *name) {
    for (size_t i = 0; i < BENCH_JOB_COUNT; i++) {
        if (strcmp(bench_jobs[i].name, name) == 0) {
            return &results[i];
        }
    }
    fail(name, "is no job");
    return NULL;
}

static void print_row(size_t i, size_t rounds, double records) {
    const result *row = &results[i];
    if (row->is_missing) {
        printf("%-28s not installed\n", bench_jobs[i].name);
        return;
    }
    const double *yardstick = results[BENCH_YARDSTICK].seconds;
    double seconds = median(row->seconds, rounds), min_seconds = least(row->seconds, rounds);
    double ratio = median(yardstick, rounds) / seconds;
    printf("%-28s %9.1f %9.1f %8.2f %7.3f %7.3f ", bench_jobs[i].name, seconds * 1e3, min_seconds * 1e3,
           records / seconds / 1e6, ratio, least(yardstick, rounds) / min_seconds);
    if (bench_jobs[i].target > 0) {
        printf(">= %-6.3f %-6s", bench_jobs[i].target, ratio >= bench_jobs[i].target ? "met" : "MISSED");
    } else {
        printf("%-9s %-6s", "-", "");
    }
    printf(" %8.1f", row->peak_mib);
    if (bench_jobs[i].memory_limited) {
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
    const bench_job *simulation = &bench_jobs[result_of(SIMULATE_TIME) - results];
    const unsigned long lengths[] = {records - records / 2, records};
    double peaks_mib[2];
    for (int i = 0; i < 2; i++) {
        char count[32], name[64];
        snprintf(count, sizeof count, "%lu", lengths[i]);
        snprintf(name, sizeof name, "ending-%lu", lengths[i]);
        bench_make_log(&places_of_jobs, name,
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
    bench_make_records(&places_of_jobs, records, output);
    double discarded; /* loads the log into the page cache */
    process_measure_time(&places_of_jobs, program_of(&bench_jobs[BENCH_YARDSTICK], bench_jobs[BENCH_YARDSTICK].passes),
                         output, &discarded);
    for (size_t round = 0; round < rounds; round++) {
        run_round(round, output);
    }
    for (size_t i = 0; i < BENCH_JOB_COUNT; i++) {
        if (!results[i].is_missing) {
            results[i].peak_mib = process_measure_peak_mib(&places_of_jobs, program_of(&bench_jobs[i], 1), output);
        }
    }
    printf("\n%lu records, %zu rounds; processor time of one reading; ratio: the yardstick's median over the job's\n\n",
           records, rounds);
    printf("%-28s %9s %9s %8s %7s %7s %-16s %8s\n", "job", "median ms", "least ms", "M rec/s", "ratio", "(least)",
           "target", "peak MiB");
    for (size_t i = 0; i < BENCH_JOB_COUNT; i++) {
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
    bench_make_log(&places_of_jobs, name,
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
    unsigned long rounds = bench_setting("BENCH_ROUNDS", 5);
    unsigned long records = bench_setting("BENCH_RECORDS", 2000000);
    unsigned long open_traces = bench_setting("BENCH_OPEN_TRACES", 1000000);
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
