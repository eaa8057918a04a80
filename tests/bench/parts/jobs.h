/* The jobs that `make bench` times and whose instructions `make bench-counts` counts, and the logs that they read. */
#ifndef BENCH_JOBS_H
#define BENCH_JOBS_H

#include "process.h"

#include <stdbool.h>

typedef struct bench_job {
    const char *name;
    double target;       /* minimum speed relative to the yardstick; 0: for information */
    unsigned passes;     /* how often the job reads the log in one run: short jobs do so more than once */
    bool memory_limited; /* its memory has a target, too */
    const char *arguments[MAX_ARGUMENTS]; /* as in process.h */
} bench_job;

/* Jobs that others are compared with. */
#define SIMULATE_EMPTY "simulate: empty scenario"
#define SIMULATE_TIME "simulate: time function"
#define SIMULATE_POOLS "simulate: pools"
#define BACKTEST "backtest"

enum { BENCH_JOB_COUNT = 22, BENCH_YARDSTICK = 0 };
extern const bench_job bench_jobs[BENCH_JOB_COUNT];

/* A number from the environment. */
unsigned long bench_setting(const char *name, unsigned long otherwise);

/* Makes a log unless an earlier run did, and lets places->log_directory name it. `name` says its settings, so other
 * settings make another one. It is written under a temporary name first: an unfinished one is not taken for a log. */
void bench_make_log(bench_places *places, const char *name, const char *const *options, int output);

/* The log that the jobs read. */
void bench_make_records(bench_places *places, unsigned long records, int output);

#endif
