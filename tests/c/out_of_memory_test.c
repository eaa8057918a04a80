/* Memory that runs out anywhere while a log is read. */
#include "refused_memory.h"

#if CAN_RUN_OUT_OF_MEMORY

#include "tracereel/engine_walk.h"
#include "tracereel/history.h"
#include "tracereel/json.h"
#include "tracereel/replay.h"
#include "tracereel/timing.h"

static char directory[64]; /* has a log, made for the running test */

/* ---- reading ---- */

static const char *read_path;
static tr_log_options read_options;

static tr_status note_trace(tr_json *json, const tr_trace *trace) {
    tr_json_reset(json);
    tr_json_trace(json, trace);
    note(json->bytes, json->length_bytes);
    return tr_json_status(json);
}

static tr_status note_event(tr_json *json, const tr_event *event) {
    tr_json_reset(json);
    tr_json_record(json, &event->record);
    tr_status status = tr_json_status(json);
    note(json->bytes, json->length_bytes);
    note_number(event->violations);
    bool is_end = event->trace != NULL && event->trace->status >= TR_TRACE_COMPLETE;
    return status == TR_OK && is_end ? note_trace(json, event->trace) : status;
}

static tr_status note_open_traces(tr_json *json, tr_traces *traces) {
    size_t count = tr_traces_open_count(traces);
    tr_trace **sorted = tr_traces_sorted(traces);
    tr_status status = sorted == NULL && count > 0 ? TR_ERROR_MEMORY : TR_OK;
    for (size_t i = 0; status == TR_OK && i < count; i++) {
        status = note_trace(json, sorted[i]);
    }
    free(sorted);
    return status;
}

/* Reads a log and digests its records, and what is known afterwards. */
typedef struct reader {
    tr_status (*each)(void *self, const tr_event *event);
    tr_status (*end)(void *self, tr_traces *traces);
    void *self;
} reader;

static tr_status read_replay(tr_replay *replay, const tr_log *log, reader reading) {
    tr_event event;
    tr_status status;
    while ((status = tr_replay_next(replay, &event)) == TR_OK || status == TR_GAP) {
        if (status == TR_GAP) {
            note_number(tr_log_gap(log)->gap_class);
            note_number(tr_log_gap(log)->length_bytes);
        } else if ((status = reading.each(reading.self, &event)) != TR_OK) {
            return status;
        }
    }
    return status == TR_END ? reading.end(reading.self, tr_replay_traces(replay)) : status;
}

static tr_status read_log(reader reading, bool is_measured) {
    tr_log *log;
    tr_replay *replay;
    tr_error error = {""};
    tr_status status = tr_log_open(read_path, &read_options, &log, &error);
    CHECK(status == TR_OK ? log != NULL : log == NULL && error.message[0] != '\0');
    if (status != TR_OK) {
        return status;
    }
    status = tr_replay_open(log, &replay);
    if (status == TR_OK) {
        if (is_measured) {
            tr_replay_measure(replay);
        }
        status = read_replay(replay, log, reading);
        tr_replay_close(replay);
    }
    tr_log_close(log);
    return status;
}

static tr_status each_as_json(void *self, const tr_event *event) {
    return note_event(self, event);
}

static tr_status end_as_json(void *self, tr_traces *traces) {
    return note_open_traces(self, traces);
}

static tr_status read_as_json(void) {
    tr_json json;
    tr_json_init(&json);
    tr_status status = read_log((reader){each_as_json, end_as_json, &json}, false);
    tr_json_free(&json);
    return status;
}

static tr_status measure_as_json(void) {
    tr_json json;
    tr_json_init(&json);
    tr_status status = read_log((reader){each_as_json, end_as_json, &json}, true);
    tr_json_free(&json);
    return status;
}

static tr_status each_to_history(void *self, const tr_event *event) {
    return tr_history_add(self, event, NULL);
}

static tr_status end_history(void *self, tr_traces *traces) {
    (void)traces;
    tr_history_finish(self);
    for (uint32_t number = 0; number < tr_history_count(self); number++) {
        const tr_moment *moment = tr_history_moment(self, number);
        note_number(moment->next);
        note_number(moment->outcome);
    }
    return TR_OK;
}

static tr_status read_history(void) {
    tr_history *history = NULL;
    tr_history_open(&history, NULL);
    tr_status status =
        history == NULL ? TR_ERROR_MEMORY : read_log((reader){each_to_history, end_history, history}, false);
    tr_history_close(history);
    return status;
}

/* Traces go alternately into one of two reports; the second is then merged into the first. */
typedef struct timed {
    tr_timing *timings[2];
    unsigned count;
} timed;

static tr_status add_timing(timed *self, const tr_trace *trace) {
    return tr_timing_add(self->timings[self->count++ % 2], trace);
}

static tr_status each_to_timing(void *self, const tr_event *event) {
    bool is_end = event->trace != NULL && event->trace->status >= TR_TRACE_COMPLETE;
    return is_end ? add_timing(self, event->trace) : TR_OK;
}

static void note_timing(const tr_timing *timing) {
    for (size_t i = 0; i < tr_timing_node_count(timing); i++) {
        const tr_node_timing *node = tr_timing_node(timing, i);
        note_number(node->node_id);
        note_number(node->done_count);
        note_number(node->error_count);
        note_number(node->retry_count);
    }
    for (uint32_t i = 0; tr_timing_worst(timing, i) != NULL; i++) {
        note(tr_timing_worst(timing, i)->id, TR_TRACE_ID_BYTES);
        note_number(tr_timing_worst(timing, i)->span_count);
    }
}

static tr_status end_timing(void *self, tr_traces *traces) {
    timed *both = self;
    size_t count = tr_traces_open_count(traces);
    tr_trace **sorted = tr_traces_sorted(traces);
    tr_status status = sorted == NULL && count > 0 ? TR_ERROR_MEMORY : TR_OK;
    for (size_t i = 0; status == TR_OK && i < count; i++) {
        status = add_timing(both, sorted[i]);
    }
    free(sorted);
    if (status == TR_OK) {
        status = tr_timing_merge(both->timings[0], both->timings[1]);
    }
    note_timing(both->timings[0]);
    return status;
}

static tr_status read_timing_of(const tr_flow *flow) {
    timed both = {{tr_timing_new(flow, 3), tr_timing_new(flow, 3)}, 0};
    tr_status status = both.timings[0] == NULL || both.timings[1] == NULL
                           ? TR_ERROR_MEMORY
                           : read_log((reader){each_to_timing, end_timing, &both}, false);
    tr_timing_free(both.timings[0]);
    tr_timing_free(both.timings[1]);
    return status;
}

static tr_status read_timing(void) {
    return read_timing_of(NULL);
}

static tr_status read_timing_by_flow(void) {
    static const uint32_t after[] = {0, 5};
    static const tr_flow_node nodes[] = {{.node_id = 0},
                                         {.node_id = 5, .after_count = 1, .after = after},
                                         {.node_id = 10, .after_count = 2, .after = after}};
    return read_timing_of(&(tr_flow){.node_count = 3, .nodes = nodes});
}

/* Puts each open trace into another table. */
static tr_status each_ignored(void *self, const tr_event *event) {
    (void)self;
    (void)event;
    return TR_OK;
}

static tr_status put_into_table(tr_json *json, tr_traces *table, const tr_trace *source) {
    tr_trace *copy;
    tr_status status = tr_traces_put(table, source, &copy);
    CHECK(status == TR_OK ? copy != NULL : copy == NULL && tr_traces_find(table, source->id) == NULL);
    return status == TR_OK ? note_trace(json, copy) : status;
}

static tr_status end_with_copies(void *self, tr_traces *traces) {
    size_t count = tr_traces_open_count(traces);
    tr_traces *table = tr_traces_new();
    tr_trace **sorted = tr_traces_sorted(traces);
    tr_status status = table == NULL || (sorted == NULL && count > 0) ? TR_ERROR_MEMORY : TR_OK;
    for (size_t i = 0; status == TR_OK && i < count; i++) {
        status = put_into_table(self, table, sorted[i]);
    }
    free(sorted);
    tr_traces_free(table);
    return status;
}

static tr_status copy_traces(void) {
    tr_json json;
    tr_json_init(&json);
    tr_status status = read_log((reader){each_ignored, end_with_copies, &json}, false);
    tr_json_free(&json);
    return status;
}

static tr_status walk_as_the_engine(void) {
    char path[512];
    tr_engine_walk walk;
    tr_error error;
    join(path, sizeof path, read_path, "wal_0000000000000001.log");
    tr_status status = tr_engine_walk_segment(path, "wal_0000000000000001.log", &walk, &error);
    note_number(walk.records);
    note_number(walk.offset);
    return status;
}

static void read_made_log(bool is_compressed, work *const *jobs, size_t count) {
    write_log(directory, is_compressed);
    read_path = directory;
    read_options = (tr_log_options){0};
    for (size_t i = 0; i < count; i++) {
        refuse_each(jobs[i]);
    }
    remove_directory(directory);
}

static void reading_a_log(void) {
    static work *const jobs[] = {read_as_json, measure_as_json, walk_as_the_engine};
    read_made_log(false, jobs, sizeof jobs / sizeof *jobs);
}

static void reading_a_compressed_segment(void) {
    static work *const jobs[] = {read_as_json};
    read_made_log(true, jobs, 1);
}

static void history_and_timing(void) {
    static work *const jobs[] = {read_history, read_timing, read_timing_by_flow};
    read_made_log(false, jobs, sizeof jobs / sizeof *jobs);
}

static void copies_of_traces(void) {
    static work *const jobs[] = {copy_traces};
    read_made_log(false, jobs, 1);
}

static void reading_from_a_snapshot(void) {
    read_path = FIXTURES "snapshot";
    read_options = (tr_log_options){.use_snapshot = true};
    read_options.to = (tr_position){.sequence = 1, .offset = 2000};
    read_options.has_to = true;
    refuse_each(read_as_json);
}

/* One snapshot that is none, which is reported as a gap. */
static void reading_beside_a_damaged_snapshot(void) {
    char snapshots[512];
    write_log(directory, false);
    join(snapshots, sizeof snapshots, directory, "snapshots");
    CHECK_INT(0, mkdir(snapshots, 0700));
    write_file(snapshots, "snapshot_0000000000000001.snap", "no snapshot", strlen("no snapshot"));
    read_path = directory;
    read_options = (tr_log_options){.use_snapshot = true};
    refuse_each(read_as_json);
    remove_directory(directory);
}

static void reading_around_gaps(void) {
    read_path = FIXTURES "missing-segment";
    read_options = (tr_log_options){.has_to = true, .to = {.sequence = 3, .offset = 1000}};
    refuse_each(read_history);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("without memory a log's reader says so, or reads the same", reading_a_log);
    check_run("without memory a compressed segment's reader says so, or reads the same", reading_a_compressed_segment);
    check_run("without memory a snapshot's reader says so, or reads the same", reading_from_a_snapshot);
    check_run("without memory a reader that meets a damaged snapshot says so, or reads the same",
              reading_beside_a_damaged_snapshot);
    check_run("without memory a damaged log's reader says so, or reads the same", reading_around_gaps);
    check_run("without memory history and timing say so, or are the same", history_and_timing);
    check_run("without memory for a copy the trace is not open", copies_of_traces);
    return check_end();
}

#else

#include "cannot_run_out.h"

#endif
