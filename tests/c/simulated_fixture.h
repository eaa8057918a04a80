/* The log that the tests of a simulation's memory simulate: wide traces, small ones, a loop, waits, and orphans. */
#ifndef TRACEREEL_SIMULATED_FIXTURE_H
#define TRACEREEL_SIMULATED_FIXTURE_H

#include "log_fixture.h"

enum {
    WIDE_NODES = 40,
    LOOP = 200,
    BODY = 201,
    WAITING = 202,
    FAN = 203,
    INSTANCES = 20,
    COPIES = 3,
    TRACES_OF_A_COPY = 4
};

static uint8_t log_bytes[64 * 1024];
static size_t log_length;
static uint64_t log_ns;

static void put(written_record record) {
    record.timestamp_ns = log_ns += 10;
    log_length += put_record(log_bytes + log_length, record);
}

/* A node in parallel with itself, as imported logs have it. */
static void put_instances(uint8_t trace) {
    for (unsigned i = 0; i < 2 * INSTANCES; i++) {
        char said[32];
        snprintf(said, sizeof said, "{\"instance\":\"%u\"}", i % INSTANCES);
        put((written_record){
            .type = (uint8_t)(i < INSTANCES ? 1 : 2), .trace = trace, .node_id = FAN, .metadata = said});
    }
}

/* Nodes side by side, one of which fails and is tried again, a node in parallel with itself, and a loop. */
static void put_wide_trace(uint8_t trace) {
    put((written_record){.type = 0, .trace = trace, .metadata = "{\"order\": 1}"});
    for (uint32_t node = 1; node <= WIDE_NODES; node++) {
        put((written_record){.type = 1, .trace = trace, .node_id = node});
    }
    put((written_record){.type = 3, .trace = trace, .node_id = 2, .error_message = "no"});
    put((written_record){.type = 1, .trace = trace, .node_id = 2});
    for (uint32_t node = 1; node <= WIDE_NODES; node++) {
        put((written_record){.type = 2, .trace = trace, .node_id = node, .output_size = 3});
    }
    put_instances(trace);
    for (uint32_t iteration = 1; iteration < 20; iteration++) {
        put((written_record){.type = 9, .trace = trace, .node_id = LOOP, .iteration = iteration});
        put((written_record){.type = 1, .trace = trace, .node_id = BODY});
        put((written_record){.type = 2, .trace = trace, .node_id = BODY});
    }
    put((written_record){.type = 10, .trace = trace, .node_id = LOOP, .iteration = 19});
    put((written_record){.type = 4, .trace = trace});
}

/* One that waits for a person, and one beside it that an error ends; one is open at the end. */
static void put_small_traces(uint8_t trace) {
    uint8_t failing = (uint8_t)(trace + 1), open = (uint8_t)(trace + 2);
    put((written_record){.type = 0, .trace = trace, .metadata = "{}"});
    put((written_record){.type = 1, .trace = trace, .node_id = WAITING});
    put((written_record){.type = 6, .trace = trace, .node_id = WAITING, .metadata = "{}"});
    put((written_record){.type = 0, .trace = failing, .metadata = "{}"});
    put((written_record){.type = 1, .trace = failing, .node_id = 1});
    put((written_record){.type = 0, .trace = open, .metadata = "{}"});
    put((written_record){.type = 1, .trace = open, .node_id = 1});
    put((written_record){.type = 3, .trace = failing, .node_id = 1, .error_message = "no"});
    put((written_record){.type = 5, .trace = failing, .error_message = "no"});
    put((written_record){.type = 7, .trace = trace});
    put((written_record){.type = 2, .trace = trace, .node_id = WAITING});
    put((written_record){.type = 4, .trace = trace});
}

/* Writes it into a new directory, of two segments. */
static void write_log_to_simulate(char directory[64]) {
    log_length = 0;
    log_ns = 1000;
    size_t half = 0;
    for (unsigned copy = 0; copy < COPIES; copy++) {
        half = log_length;
        put_wide_trace((uint8_t)(1 + copy * TRACES_OF_A_COPY));
        put_small_traces((uint8_t)(2 + copy * TRACES_OF_A_COPY));
        put((written_record){.type = 8, .metadata = "{}"});
        put((written_record){.type = 2, .trace = 250, .node_id = 1}); /* an orphan */
    }
    make_directory(directory);
    write_file(directory, "wal_0000000000000000.log", log_bytes, half);
    write_file(directory, "wal_0000000000000001.log", log_bytes + half, log_length - half);
}

#endif
