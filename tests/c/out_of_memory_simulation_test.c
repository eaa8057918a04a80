/* Memory that runs out anywhere while a log is recorded and simulated. */
#include "refused_memory.h"

#if CAN_RUN_OUT_OF_MEMORY

#include <dirent.h>

#include "simulated_fixture.h"
#include "tracereel/simulation.h"

static char directory[64]; /* has a log, and below `new` what is simulated */

/* ---- recording ---- */

static tr_log *source;
static tr_recording *recorded;

static bool is_measured; /* what is recorded or simulated has a timing */

static void note_timing(const tr_timing *timing) {
    const tr_trace_timing *traces = tr_timing_traces(timing);
    note_number(traces->makespan_ns);
    for (size_t i = 0; i < tr_timing_node_count(timing); i++) {
        note_number(tr_timing_node(timing, i)->run_ns);
    }
    CHECK(traces->open_count > 0 && traces->complete_count > 0);
}

static tr_status record_source(tr_recording **recording, tr_timing *timing) {
    tr_error error = {""};
    tr_status status = tr_recording_open(source, recording, &error);
    CHECK((status == TR_OK) == (*recording != NULL));
    if (status == TR_OK && timing != NULL) {
        tr_recording_measure(*recording, timing);
    }
    while (status == TR_OK) {
        status = tr_recording_read(*recording, 50, &error);
    }
    CHECK(status == TR_END || error.message[0] != '\0');
    return status == TR_END ? TR_OK : status;
}

static tr_status record_the_log(void) {
    tr_recording *recording = NULL;
    tr_error error = {""};
    tr_timing *timing = is_measured ? tr_timing_new(NULL, 0) : NULL;
    tr_status status = is_measured && timing == NULL ? TR_ERROR_MEMORY : tr_log_open(directory, NULL, &source, &error);
    if (status == TR_OK) {
        status = record_source(&recording, timing);
    }
    if (status == TR_OK && is_measured) {
        note_timing(timing);
    }
    if (status == TR_OK) {
        note_number(tr_recording_get_stats(recording)->records);
        note_number(tr_recording_get_stats(recording)->orphans);
        note_number(tr_recording_node_count(recording));
        for (uint64_t i = 0; i < tr_recording_get_stats(recording)->traces; i++) {
            note_number(tr_recording_trace_at(recording, i).records);
        }
    }
    tr_recording_close(recording);
    tr_log_close(source);
    tr_timing_free(timing);
    source = NULL;
    return status;
}

/* ---- simulating ---- */

static const tr_scenario *scenario;
static const tr_probe *probe;
static tr_simulation_stats simulated; /* by the last simulation */

static void new_log(char path[512]) {
    join(path, 512, directory, "new");
}

static void remove_simulated_log(void) {
    char path[512];
    new_log(path);
    remove_directory(path);
}

static int ascending(const void *a, const void *b) {
    return strcmp(a, b);
}

static void note_simulated_log(void) {
    static char names[16][300];
    char path[512];
    size_t count = 0;
    new_log(path);
    DIR *list = opendir(path);
    REQUIRE(list != NULL);
    for (struct dirent *entry = readdir(list); entry != NULL && count < 16; entry = readdir(list)) {
        if (entry->d_name[0] != '.') {
            snprintf(names[count++], sizeof names[0], "new/%s", entry->d_name);
        }
    }
    closedir(list);
    qsort(names, count, sizeof names[0], ascending);
    CHECK(count > 0);
    for (size_t i = 0; i < count; i++) {
        size_t length;
        join(path, sizeof path, directory, names[i]);
        uint8_t *bytes = read_file(path, &length);
        note(bytes, length);
        free(bytes);
    }
}

static void note_probe_result(const tr_simulation *simulation) {
    const tr_probe_result *result = tr_simulation_get_probe_result(simulation);
    REQUIRE(result->trace != NULL);
    note_number(result->trace->record_count);
    note_number(result->trace->last_ns);
    note(result->log, result->log_bytes);
    for (size_t i = 0; i < result->record_count; i++) {
        note_number(result->records[i].time_ns);
        note_number(result->records[i].is_written);
    }
}

/* Answers each question with something else than what was recorded. */
static uint64_t answer_to(const tr_question *question) {
    switch (question->kind) {
    case TR_QUESTION_NODE_FAIL:
        return question->attempt == 1 && question->node_id % 3 == 0;
    case TR_QUESTION_LOOP:
        return 2 + question->seed % 30;
    case TR_QUESTION_EVENT:
        return question->now_ns > question->recorded_ns ? question->now_ns : question->recorded_ns + 3;
    default:
        return question->recorded_ns * 2 + 1;
    }
}

static tr_status run_simulation(tr_simulation *simulation, tr_error *error) {
    const tr_question *question;
    tr_status status;
    while ((status = tr_simulation_next(simulation, &question, error)) == TR_OK) {
        if (question != NULL) {
            tr_simulation_answer(simulation, answer_to(question));
        }
    }
    return status;
}

static tr_status simulate(void) {
    char path[512];
    tr_simulation *simulation;
    tr_error error = {""};
    new_log(path);
    tr_status status = probe != NULL ? tr_simulation_probe(recorded, scenario, probe, &simulation, &error)
                                     : tr_simulation_open(recorded, scenario, path, &simulation, &error);
    CHECK(status == TR_OK ? simulation != NULL : simulation == NULL && error.message[0] != '\0');
    tr_timing *timing = status == TR_OK && is_measured ? tr_timing_new(NULL, 0) : NULL;
    if (status == TR_OK && is_measured) {
        status = timing == NULL ? TR_ERROR_MEMORY : tr_simulation_measure(simulation, timing);
    }
    if (status == TR_OK) {
        status = run_simulation(simulation, &error);
        CHECK(status == TR_END || error.message[0] != '\0');
    }
    if (status == TR_END) {
        simulated = *tr_simulation_get_stats(simulation);
        note(&simulated, sizeof simulated);
        if (probe != NULL) {
            note_probe_result(simulation);
        }
        if (is_measured) {
            note_timing(timing);
        }
    }
    tr_simulation_close(simulation);
    tr_timing_free(timing);
    return status == TR_END ? TR_OK : status;
}

/* The log that is there in the end is a part of the result. */
static void look_at_simulated_log(tr_status status) {
    if (status == TR_OK) {
        note_simulated_log();
    }
}

static void refuse_each_of(const tr_scenario *wanted, const tr_probe *watched) {
    scenario = wanted;
    probe = watched;
    prepare = remove_simulated_log;
    look_at = watched == NULL ? look_at_simulated_log : NULL;
    refuse_each(simulate);
    prepare = NULL;
    look_at = NULL;
}

static void record_directory(void) {
    tr_error error;
    CHECK_INT(TR_OK, tr_log_open(directory, NULL, &source, &error));
    CHECK_INT(TR_OK, record_source(&recorded, NULL));
}

static void open_recording(void) {
    write_log_to_simulate(directory);
    record_directory();
}

/* A byte in the middle of the second segment is another. */
static void open_damaged_recording(void) {
    static const char name[] = "wal_0000000000000001.log";
    char path[512];
    size_t length;
    write_log_to_simulate(directory);
    join(path, sizeof path, directory, name);
    uint8_t *bytes = read_file(path, &length);
    bytes[length / 2] ^= 255;
    write_file(directory, name, bytes, length);
    free(bytes);
    record_directory();
}

static void close_recording(void) {
    tr_recording_close(recorded);
    tr_log_close(source);
    recorded = NULL;
    source = NULL;
    remove_directory(directory);
}

/* ---- the tests ---- */

static void recording_a_log(void) {
    write_log_to_simulate(directory);
    refuse_each(record_the_log);
    remove_directory(directory);
}

static void a_measured_log(void) {
    is_measured = true;
    recording_a_log();
    open_recording();
    refuse_each_of(&(tr_scenario){.is_temporary = true}, NULL);
    close_recording();
    is_measured = false;
}

static void a_log_as_recorded(void) {
    open_recording();
    refuse_each_of(&(tr_scenario){.is_temporary = true}, NULL);
    CHECK_UINT(COPIES * TRACES_OF_A_COPY, simulated.traces);
    close_recording();
}

static void a_resample_of_a_damaged_log(void) {
    open_damaged_recording();
    CHECK(tr_recording_get_stats(recorded)->tainted_traces > 0);
    refuse_each_of(&(tr_scenario){.resample_block = 2, .trace_count = 15, .is_temporary = true}, NULL);
    CHECK_UINT(15, simulated.traces);
    close_recording();
}

static void limits_and_retries(void) {
    static const tr_node_rule nodes[] = {
        {.node_id = 1, .time = {.kind = TR_TIME_FACTOR, .factor = 3}, .max_retries = 2},
        {.node_id = 3, .fail = TR_FAIL_SHARE, .fail_share = 1, .error = "refused", .error_bytes = 7, .max_retries = 3}};
    open_recording();
    refuse_each_of(&(tr_scenario){.nodes = nodes,
                                  .node_count = 2,
                                  .trace_count = 20,
                                  .arrivals = {.kind = TR_TIME_FIXED, .ns = 5},
                                  .limits = {.nodes_per_trace = 2, .nodes = 5, .traces = 3},
                                  .is_temporary = true},
                   NULL);
    CHECK(simulated.retries > 0 && simulated.traces == 20);
    close_recording();
}

/* Lines of each order, a pool for each of many values, and a station that is closed at first. */
static void pools_with_lines(void) {
    static const uint32_t first[] = {1, 2, 3}, second[] = {FAN};
    static const tr_open_window window = {0, UINT64_C(604800000000000) - 1000};
    static const tr_pool_share share = {.value = "7", .value_bytes = 1, .capacity = 3};
    static const tr_pool pools[] = {
        {.name = "a", .name_bytes = 1, .nodes = first, .node_count = 3, .capacity = 1, .order = TR_ORDER_ASK},
        {.name = "b",
         .name_bytes = 1,
         .nodes = second,
         .node_count = 1,
         .by = "instance",
         .by_bytes = 8,
         .shares = &share,
         .share_count = 1,
         .capacity = 1,
         .order = TR_ORDER_LIFO,
         .calendar = {.windows = &window, .window_count = 1}},
        {.name = "c",
         .name_bytes = 1,
         .takes_others = true,
         .capacity = 2,
         .order = TR_ORDER_MEMBER,
         .priority = "order",
         .priority_bytes = 5}};
    static const tr_fault faults[] = {{.trace_number = 1, .record = 44, .kind = TR_FAULT_CRASH, .ns = 300}};
    open_recording();
    refuse_each_of(&(tr_scenario){.pools = pools,
                                  .pool_count = 3,
                                  .limits = {.nodes_per_trace = 9, .nodes = 30},
                                  .arrivals = {.kind = TR_TIME_FIXED, .ns = 5},
                                  .faults = faults,
                                  .fault_count = 1,
                                  .is_temporary = true},
                   NULL);
    CHECK_UINT(1, simulated.faults);
    close_recording();
}

static void everything_asked_for(void) {
    static const uint32_t body[] = {BODY};
    static const tr_node_rule rule = {.time = {.kind = TR_TIME_ASK}, .fail = TR_FAIL_ASK, .max_retries = 1};
    static const tr_loop_rule loops[] = {{.node_id = LOOP, .asks = true, .body = body, .body_count = 1}};
    static const tr_suspension_rule suspensions[] = {{.node_id = WAITING, .time = {.kind = TR_TIME_ASK}}};
    open_recording();
    refuse_each_of(&(tr_scenario){.seed = 7,
                                  .default_node = &rule,
                                  .loops = loops,
                                  .loop_count = 1,
                                  .suspensions = suspensions,
                                  .suspension_count = 1,
                                  .arrivals = {.kind = TR_TIME_ASK},
                                  .asks_events = true,
                                  .is_temporary = true},
                   NULL);
    CHECK(simulated.injected_errors > 0);
    close_recording();
}

static void a_log_whose_end_is_lost(void) {
    static const tr_loop_rule loops[] = {{.node_id = LOOP, .iterations = 50}};
    open_recording();
    refuse_each_of(&(tr_scenario){.loops = loops,
                                  .loop_count = 1,
                                  .has_crash = true,
                                  .crash_ns = UINT64_MAX,
                                  .crash_records = 500,
                                  .torn_bytes = 11,
                                  .lost_records = 200,
                                  .is_temporary = true},
                   NULL);
    CHECK_UINT(300, simulated.records);
    close_recording();
}

static void faults_and_restarts(void) {
    static const tr_fault faults[] = {
        {.trace_number = 1, .record = 44, .kind = TR_FAULT_LOST},
        {.trace_number = 1, .record = 51, .kind = TR_FAULT_ERROR, .error = "refused", .error_bytes = 7},
        {.trace_number = 2, .record = 3, .kind = TR_FAULT_DELAY, .ns = 700},
        {.trace_number = 2, .record = 4, .kind = TR_FAULT_CRASH, .ns = 300},
        {.trace_number = 5, .record = 60, .kind = TR_FAULT_CRASH, .ns = 1000}};
    open_recording();
    refuse_each_of(&(tr_scenario){.faults = faults,
                                  .fault_count = 5,
                                  .arrivals = {.kind = TR_TIME_FIXED, .ns = 5},
                                  .limits = {.nodes_per_trace = 7, .nodes = 30},
                                  .is_temporary = true},
                   NULL);
    CHECK_UINT(5, simulated.faults);
    close_recording();
}

static void a_trace_in_memory(void) {
    static const tr_fault faults[] = {{.trace_number = 1, .record = 60, .kind = TR_FAULT_CRASH, .ns = 1000}};
    open_recording();
    refuse_each_of(&(tr_scenario){.faults = faults, .fault_count = 1}, &(tr_probe){.trace_number = 1});
    CHECK_UINT(1, simulated.faults);
    refuse_each_of(&(tr_scenario){0}, &(tr_probe){.trace_number = 1, .is_alone = true, .arrival_ns = 99});
    close_recording();
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("without memory a recording says so, or is the same", recording_a_log);
    check_run("without memory for measuring, logs say so, or are the same", a_measured_log);
    check_run("without memory a simulation says so, or writes the same", a_log_as_recorded);
    check_run("without memory a resample of a damaged log says so, or is the same", a_resample_of_a_damaged_log);
    check_run("without memory limits and retries say so, or write the same", limits_and_retries);
    check_run("without memory pools with lines say so, or write the same", pools_with_lines);
    check_run("without memory a simulation that asks for everything says so, or writes the same", everything_asked_for);
    check_run("without memory a simulated log whose end is lost says so, or is the same", a_log_whose_end_is_lost);
    check_run("without memory faults and restarts say so, or write the same", faults_and_restarts);
    check_run("without memory a trace simulated in memory says so, or is the same", a_trace_in_memory);
    return check_end();
}

#else

#include "cannot_run_out.h"

#endif
