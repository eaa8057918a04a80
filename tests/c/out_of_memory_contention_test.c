/* Memory that runs out anywhere while it is found what a recording's nodes waited for want of a place. */
#include "refused_memory.h"

#if CAN_RUN_OUT_OF_MEMORY

#include "tracereel/contention.h"

static tr_log *source;
static tr_recording *recorded;
static const tr_scenario *scenario;
static uint64_t starts; /* of all pools, by the last that was found */

static void open_recording(void) {
    char directory[64];
    tr_error error = {""};
    write_log(directory, false);
    REQUIRE(tr_log_open(directory, NULL, &source, &error) == TR_OK);
    REQUIRE(tr_recording_open(source, &recorded, &error) == TR_OK);
    while (tr_recording_read(recorded, 100, &error) == TR_OK) {
    }
    remove_directory(directory);
}

static void close_recording(void) {
    tr_recording_close(recorded);
    tr_log_close(source);
}

static tr_status find(void) {
    tr_contention *contention;
    tr_error error = {""};
    tr_status status = tr_contention_open(recorded, scenario, &contention, &error);
    while (status == TR_OK) {
        status = tr_contention_read(contention, &error);
    }
    CHECK(status == TR_END || error.message[0] != '\0');
    if (status == TR_END) {
        starts = 0;
        for (size_t i = 0; i < tr_contention_pool_count(contention); i++) {
            const tr_pool_use *use = tr_contention_pool_at(contention, i);
            starts += use->starts + use->unwritten_starts;
            note(use, sizeof *use);
        }
        status = TR_OK;
    }
    tr_contention_close(contention);
    return status;
}

static void refuse_each_of(const tr_scenario *asked) {
    scenario = asked;
    refuse_each(find);
    CHECK(starts > 0);
}

static void limits(void) {
    open_recording();
    refuse_each_of(&(tr_scenario){.limits = {.nodes = 2, .nodes_per_trace = 3}});
    refuse_each_of(&(tr_scenario){.recorded = {.nodes = 2, .nodes_per_trace = 1}});
    close_recording();
}

static void pools(void) {
    static const uint32_t nodes[] = {1, 5};
    static const tr_pool list[] = {
        {.name = "a", .name_bytes = 1, .nodes = nodes, .node_count = 2, .by = "resource", .by_bytes = 8, .capacity = 1},
        {.name = "b", .name_bytes = 1, .takes_others = true, .capacity = 1, .recorded = 2, .holds = true}};
    open_recording();
    refuse_each_of(&(tr_scenario){.pools = list, .pool_count = 2});
    close_recording();
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("without memory the contention of limits says so, or is the same", limits);
    check_run("without memory the contention of pools says so, or is the same", pools);
    return check_end();
}

#else

#include "cannot_run_out.h"

#endif
