/* The driver of `make bench-counts`: instructions a record of each job of `make bench`, and instructions of some starts
 * of the program, counted by valgrind. It compares them with a table. How to read it: docs/benchmarks.md.
 *
 * Instructions a record are the difference between a long log and a short one, over the difference of their records:
 * what a start costs is not in them.
 *
 * Run in the root of the source tree: counts BUILD_DIRECTORY SCRATCH TABLE compare|write. Environment: BENCH_JOBS, a
 * word: only jobs with it in their names. Status 1: something cannot be run; 3: more than the table says. */
#include "parts/jobs.h"
#include "parts/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_RECORDS = 200000, SHORT_RECORDS = 20000, MAX_SLOTS = 64, REGRESSION = 3 };
#define TOLERANCE 1.02

/* Starts of the program with nothing to do, or next to nothing. */
static const bench_job starts[] = {
    {.name = "start: --version", .arguments = {"%b/tracereel", "--version"}},
    {.name = "start: --help", .arguments = {"%b/tracereel", "--help"}},
    {.name = "start: help", .arguments = {"%b/tracereel", "help"}},
    {.name = "start: timing --help", .arguments = {"%b/tracereel", "timing", "--help"}},
    {.name = "start: check a tiny log", .arguments = {"%b/tracereel", "check", "tests/fixtures/logs/all-complete"}},
};
enum { START_COUNT = sizeof starts / sizeof starts[0], ROW_COUNT = BENCH_JOB_COUNT + START_COUNT };

/* Jobs of other programs, which stand there for comparison: more instructions of theirs are no regression. */
#define OTHERS_PREFIX "Python: "

typedef struct row {
    const bench_job *job;
    bool is_start;
    bool is_missing; /* its program is not installed */
    bool is_known;   /* it stands in the table */
    double count, known_count;
} row;

/* One run of a job under valgrind; of a start: of records 0. */
typedef struct task {
    row *of;
    unsigned long records;
    uint64_t instructions;
} task;

typedef struct slot {
    pid_t process; /* 0: free */
    task *running;
    bench_places places;
    char scratch[TEXT_BYTES];
} slot;

static row rows[ROW_COUNT];
static size_t row_count;

static void add_rows(const bench_job *jobs, size_t count, bool are_starts) {
    const char *wanted = getenv("BENCH_JOBS");
    for (size_t i = 0; i < count; i++) {
        if (wanted == NULL || strstr(jobs[i].name, wanted) != NULL) {
            rows[row_count++] = (row){.job = &jobs[i], .is_start = are_starts};
        }
    }
}

/* The words of a job without `env` and its settings, which set_environment makes for all. */
static const char *const *words_of(const bench_job *job) {
    const char *const *words = job->arguments;
    while (words[0] != NULL && (strcmp(words[0], "env") == 0 || strchr(words[0], '=') != NULL)) {
        words++;
    }
    return words;
}

/* The same environment for everyone: its size alone moves the stack, and the seed of Lua's hashes with it. */
static void set_environment(const char *build, const char *scratch) {
    char module[TEXT_BYTES + 16], preload[TEXT_BYTES + 32];
    snprintf(module, sizeof module, "%s/lua/?.so;;", build);
    snprintf(preload, sizeof preload, "%s/bench/unvaried.so", build);
    const char *const settings[][2] = {
        {"PATH", "/usr/local/bin:/usr/bin:/bin"},   {"TMPDIR", scratch},   {"PYTHONHASHSEED", "0"},
        {"LUA_PATH", "lua/?.lua;lua/?/init.lua;;"}, {"LUA_CPATH", module}, {"LD_PRELOAD", preload},
    };
    if (clearenv() != 0) {
        fail("clearenv", strerror(errno));
    }
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (setenv(settings[i][0], settings[i][1], 1) != 0) {
            fail(settings[i][0], strerror(errno));
        }
    }
}

static void start(slot *free_slot, task *started, int output) {
    static const char *const before[] = {"valgrind", "--tool=cachegrind", "--cache-sim=no",
                                         "--cachegrind-out-file=/dev/null", "--log-file=%o.counted"};
    const char *arguments[MAX_ARGUMENTS] = {NULL};
    size_t count = 0;
    for (; count < sizeof before / sizeof before[0]; count++) {
        arguments[count] = before[count];
    }
    for (const char *const *words = words_of(started->of->job); *words != NULL && count < MAX_ARGUMENTS; words++) {
        arguments[count++] = *words;
    }
    if (started->records > 0) {
        bench_make_records(&free_slot->places, started->records, output);
    }
    program counted = {started->of->job->name, 1, arguments};
    free_slot->running = started;
    free_slot->process = process_start(&free_slot->places, counted, output);
}

/* What valgrind has counted: "==PID== I refs: 1,234,567", with more spaces. */
static uint64_t read_count(const slot *ended) {
    char path[TEXT_BYTES + 16], line[TEXT_BYTES];
    snprintf(path, sizeof path, "%s.counted", ended->places.output_directory);
    FILE *log = fopen(path, "r");
    if (log == NULL) {
        fail(path, strerror(errno));
    }
    uint64_t instructions = 0;
    while (fgets(line, sizeof line, log) != NULL) {
        char *found = strstr(line, "I   refs:");
        for (const char *digit = found == NULL ? "" : found; *digit != '\0'; digit++) {
            instructions = *digit >= '0' && *digit <= '9' ? instructions * 10 + (uint64_t)(*digit - '0') : instructions;
        }
    }
    fclose(log);
    if (instructions == 0) {
        fail(ended->running->of->job->name, "valgrind has counted nothing");
    }
    return instructions;
}

static void finish_one(slot *slots, size_t slot_count) {
    int status;
    pid_t ended = wait(&status);
    if (ended < 0) {
        fail("wait", strerror(errno));
    }
    for (size_t i = 0; i < slot_count; i++) {
        if (slots[i].process == ended) {
            slots[i].process = 0;
            task *done = slots[i].running;
            if (process_end(&slots[i].places, done->of->job->name, status)) {
                done->instructions = read_count(&slots[i]);
            } else {
                done->of->is_missing = true;
            }
        }
    }
}

static slot *find_free(slot *slots, size_t slot_count) {
    for (size_t i = 0; i < slot_count; i++) {
        if (slots[i].process == 0) {
            return &slots[i];
        }
    }
    return NULL;
}

/* As many at a time as there are processors: none of them is timed. */
static void run_tasks(task *tasks, size_t count, const char *build, const char *scratch, int output) {
    static slot slots[MAX_SLOTS];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t slot_count = processors < 1 ? 1 : processors > MAX_SLOTS ? MAX_SLOTS : (size_t)processors;
    for (size_t i = 0; i < slot_count; i++) {
        snprintf(slots[i].scratch, sizeof slots[i].scratch, "%s/%zu", scratch, i);
        slots[i].places.build = build;
        slots[i].places.output_directory = slots[i].scratch;
    }
    for (size_t next = 0; next < count; next++) {
        slot *free_slot = find_free(slots, slot_count);
        if (free_slot == NULL) {
            finish_one(slots, slot_count);
            free_slot = find_free(slots, slot_count);
        }
        start(free_slot, &tasks[next], output);
    }
    for (size_t i = 0; i < slot_count; i++) {
        if (slots[i].process != 0) {
            finish_one(slots, slot_count);
            i = (size_t)-1; /* from the first on again */
        }
    }
}

static void count_all(const char *build, const char *scratch, int output) {
    static task tasks[2 * ROW_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < row_count; i++) {
        tasks[count++] = (task){.of = &rows[i], .records = rows[i].is_start ? 0 : LONG_RECORDS};
        if (!rows[i].is_start) {
            tasks[count++] = (task){.of = &rows[i], .records = SHORT_RECORDS};
        }
    }
    run_tasks(tasks, count, build, scratch, output);
    for (size_t i = 0; i < count; i++) {
        double instructions = (double)tasks[i].instructions;
        double divisor = tasks[i].records == 0 ? 1 : LONG_RECORDS - SHORT_RECORDS;
        tasks[i].of->count += (tasks[i].records == SHORT_RECORDS ? -instructions : instructions) / divisor;
    }
}

static bool is_ours(const row *one) {
    return strncmp(one->job->name, OTHERS_PREFIX, strlen(OTHERS_PREFIX)) != 0;
}

/* Lines of a count and a name. A name that no job has any more is an error, so that no row is forgotten there. */
static void read_table(const char *path) {
    FILE *table = fopen(path, "r");
    if (table == NULL) {
        fail(path, strerror(errno));
    }
    char line[TEXT_BYTES], name[TEXT_BYTES];
    double known;
    while (fgets(line, sizeof line, table) != NULL) {
        if (line[0] == '#' || sscanf(line, "%lf %1023[^\n]", &known, name) != 2) {
            continue;
        }
        bool is_job = getenv("BENCH_JOBS") != NULL;
        for (size_t i = 0; i < row_count; i++) {
            if (strcmp(rows[i].job->name, name) == 0) {
                rows[i].is_known = is_job = true;
                rows[i].known_count = known;
            }
        }
        if (!is_job) {
            fail(name, "is in the table of counts, and is no job");
        }
    }
    fclose(table);
}

static void write_table(const char *path) {
    FILE *table = fopen(path, "w");
    if (table == NULL) {
        fail(path, strerror(errno));
    }
    fputs("# Instructions a record, and of a start. Written by `make bench-counts WRITE=yes`; docs/benchmarks.md.\n",
          table);
    for (size_t i = 0; i < row_count; i++) {
        if (is_ours(&rows[i]) && !rows[i].is_missing) {
            fprintf(table, "%12.*f %s\n", rows[i].is_start ? 0 : 2, rows[i].count, rows[i].job->name);
        }
    }
    if (fclose(table) != 0) {
        fail(path, strerror(errno));
    }
}

/* Returns how many rows are worse than the table says. */
static size_t print_rows(void) {
    size_t worse_count = 0;
    printf("\n%-28s %12s %12s\n", "instructions a record", "counted", "table");
    for (size_t i = 0; i < row_count; i++) {
        const row *one = &rows[i];
        int decimals = one->is_start ? 0 : 2;
        if (i > 0 && one->is_start && !rows[i - 1].is_start) {
            printf("\n%-28s\n", "instructions of a start");
        }
        if (one->is_missing) {
            printf("%-28s not installed\n", one->job->name);
        } else if (!one->is_known) {
            printf("%-28s %12.*f %12s%s\n", one->job->name, decimals, one->count, "-",
                   is_ours(one) ? " not in the table" : "");
        } else {
            double ratio = one->count / one->known_count;
            bool is_worse = ratio > TOLERANCE;
            worse_count += is_worse;
            printf("%-28s %12.*f %12.*f %+6.1f %%%s\n", one->job->name, decimals, one->count, decimals,
                   one->known_count, (ratio - 1) * 100, is_worse ? " REGRESSION" : "");
        }
    }
    return worse_count;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: counts BUILD_DIRECTORY SCRATCH_DIRECTORY TABLE compare|write\n");
        return 2;
    }
    const char *build = argv[1], *table = argv[3];
    bool writes = strcmp(argv[4], "write") == 0;
    add_rows(bench_jobs, BENCH_JOB_COUNT, false);
    add_rows(starts, START_COUNT, true);
    if (writes && row_count < ROW_COUNT) {
        fail("BENCH_JOBS", "the table is written of all jobs");
    }
    int output = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (output < 0) {
        fail("/dev/null", strerror(errno));
    }
    if (!writes) {
        read_table(table);
    }
    set_environment(build, argv[2]);
    count_all(build, argv[2], output);
    if (writes) {
        write_table(table);
    }
    size_t worse_count = print_rows();
    if (worse_count > 0) {
        printf("\n%zu of %zu are more than 2 %% above %s\n", worse_count, row_count, table);
    }
    return worse_count > 0 ? REGRESSION : 0;
}
