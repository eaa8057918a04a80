#include "jobs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LUA_ENVIRONMENT "env", "LUA_PATH=lua/?.lua;lua/?/init.lua;;", "LUA_CPATH=%b/lua/?.so;;"
#define SIMULATE "%b/tracereel", "simulate", "-o", "%o"

const bench_job bench_jobs[BENCH_JOB_COUNT] = {
    {"yardstick: lengths and CRC", 0, 5, false, {"%b/bench/yardstick", "%l", "%p"}},
    {"yardstick, mapped once", 0, 25, false, {"%b/bench/yardstick", "%l", "%p", "once"}},
    {"decode and verify (C)", 0.85, 5, true, {"%b/bench/read_records", "%l", "%p"}},
    {"state machine (C)", 0.25, 5, true, {"%b/bench/replay_records", "%l", "%p"}},
    {"C program that keeps less", 0, 5, false, {"%b/bench/rival", "%l", "%p"}},
    {"script: every record", 0.075, 1, true, {"%b/tracereel", "run", "tests/bench/every_record.lua", "%l"}},
    {"script: fields of every record",
     0.12,
     1,
     true,
     {"%b/tracereel", "run", "tests/bench/every_record_fields.lua", "%l"}},
    {"script: node_done only", 0.13, 1, true, {"%b/tracereel", "run", "tests/bench/node_done.lua", "%l"}},
    {"script: histogram by node", 0.15, 1, true, {"%b/tracereel", "run", "tests/bench/aggregates.lua", "%l"}},
    {"timing", 0.08, 1, true, {"%b/tracereel", "timing", "%l"}},
    {"crash points", 0.015, 1, false, {"%b/tracereel", "crashtest", "tests/bench/crash_points.lua", "%l"}},
    {SIMULATE_EMPTY, 0.02, 1, true, {SIMULATE, "tests/bench/simulate_empty.lua", "%l"}},
    {SIMULATE_TIME, 0.01, 1, true, {SIMULATE, "tests/bench/simulate_time.lua", "%l"}},
    {SIMULATE_POOLS, 0.012, 1, true, {SIMULATE, "tests/bench/simulate_pools.lua", "%l"}},
    {BACKTEST, 0.005, 1, false, {"%b/tracereel", "backtest", "%l"}},
    {"dump --json", 0.025, 1, true, {"%b/tracereel", "dump", "--json", "%l"}},
    {"check", 0, 1, false, {"%b/tracereel", "check", "%l"}},
    {"traces --json", 0, 1, false, {"%b/tracereel", "traces", "--json", "%l"}},
    {"export --format csv", 0, 1, false, {"%b/tracereel", "export", "--format", "csv", "%l"}},
    {"lua5.4: pull every record", 0, 1, false, {LUA_ENVIRONMENT, "lua5.4", "tests/bench/pull_records.lua", "%l"}},
    {"Python: count node_done", 0, 1, false, {"python3", "tests/bench/count_nodes.py", "%l"}},
    {"Python: timing", 0, 1, false, {"python3", "tests/bench/timing_python.py", "%l"}},
};

unsigned long bench_setting(const char *name, unsigned long otherwise) {
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? otherwise : strtoul(text, NULL, 10);
}

void bench_make_log(bench_places *places, const char *name, const char *const *options, int output) {
    char *path = places->log_directory;
    snprintf(path, TEXT_BYTES, "%s/bench/%s", places->build, name);
    if (access(path, F_OK) == 0) {
        return;
    }
    char finished[TEXT_BYTES];
    memcpy(finished, path, sizeof finished);
    snprintf(path, TEXT_BYTES, "%s/bench/%s.%ld.unfinished", places->build, name, (long)getpid());
    const char *arguments[MAX_ARGUMENTS] = {"%b/tracereel", "generate", "%l"};
    for (size_t i = 0; options[i] != NULL && i + 4 < MAX_ARGUMENTS; i++) {
        arguments[i + 3] = options[i];
    }
    printf("making %s\n", finished);
    program generate = {"generate", 1, arguments};
    if (!process_wait(generate, process_start(places, generate, output))) {
        fail("generate", "cannot be run; is the program built?");
    }
    if (rename(path, finished) != 0) {
        fail(finished, strerror(errno));
    }
    memcpy(path, finished, sizeof finished);
}

void bench_make_records(bench_places *places, unsigned long records, int output) {
    char count[32], name[64];
    snprintf(count, sizeof count, "%lu", records);
    snprintf(name, sizeof name, "log-%lu", records);
    bench_make_log(places, name, (const char *const[]){"--traces", count, "--crash-after", count, "--wait-done", NULL},
                   output);
}
