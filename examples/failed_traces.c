/* A line for each trace that failed, and for each stretch of the log that could not be read. */
#include <inttypes.h>
#include <stdio.h>
#include <tracereel/tracereel.h>

static void show(const tr_log *log, const tr_event *event, tr_status status) {
    if (status == TR_GAP) {
        const tr_gap *gap = tr_log_gap(log);
        printf("%s:%" PRIu64 ": %s\n", gap->segment, gap->position.offset, gap->detail);
    } else if (event->trace && event->trace->status == TR_TRACE_FAILED) {
        char id[TR_TRACE_ID_TEXT_BYTES];
        tr_trace_id_format(event->trace->id, id);
        printf("%s failed, errors: %" PRIu32 "\n", id, event->trace->error_count);
    }
}

int main(int argument_count, char **arguments) {
    tr_log *log;
    tr_error error;
    if (tr_log_open(argument_count > 1 ? arguments[1] : "-", NULL, &log, &error) != TR_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 4;
    }
    tr_replay *replay;
    tr_event event;
    tr_status status = tr_replay_open(log, &replay);
    while (replay && ((status = tr_replay_next(replay, &event)) == TR_OK || status == TR_GAP)) {
        show(log, &event, status);
    }
    if (status != TR_END) {
        fprintf(stderr, "%s\n", replay ? tr_replay_error(replay)->message : tr_status_meaning(status));
    }
    int exit_status = status != TR_END ? 4 : tr_log_is_damaged(log) ? 3 : 0;
    tr_replay_close(replay);
    tr_log_close(log);
    return exit_status;
}
