/* Benchmark: the state machine over every record of a log. Prints how many traces are open at the end, and how much the
 * anonymous memory of the process (which excludes mapped files) has grown since the beginning. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tracereel/replay.h"

static uint64_t anonymous_bytes(void) {
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) {
        return 0;
    }
    char line[256];
    uint64_t kibibytes = 0;
    while (fgets(line, sizeof line, status) != NULL && sscanf(line, "RssAnon: %" SCNu64, &kibibytes) != 1) {
    }
    fclose(status);
    return kibibytes * 1024;
}

static void fail(const char *message) {
    fprintf(stderr, "replay_records: %s\n", message);
    exit(1);
}

/* Returns the number of open traces; `grown_bytes` receives the memory that they and their table take. */
static size_t replay_once(const char *path, uint64_t *grown_bytes) {
    uint64_t before_bytes = anonymous_bytes();
    tr_error error;
    tr_log *log;
    if (tr_log_open(path, NULL, &log, &error) != TR_OK) {
        fail(error.message);
    }
    tr_replay *replay;
    if (tr_replay_open(log, &replay) != TR_OK) {
        fail("out of memory");
    }
    tr_event event;
    tr_status status;
    while ((status = tr_replay_next(replay, &event)) == TR_OK || status == TR_GAP) {
    }
    if (status != TR_END) {
        fail(tr_replay_error(replay)->message);
    }
    size_t open_count = tr_traces_open_count(tr_replay_traces(replay));
    uint64_t after_bytes = anonymous_bytes();
    *grown_bytes = after_bytes > before_bytes ? after_bytes - before_bytes : 0;
    tr_replay_close(replay);
    tr_log_close(log);
    return open_count;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: replay_records LOG PASSES\n");
        return 2;
    }
    for (long pass = strtol(argv[2], NULL, 10); pass > 0; pass--) {
        uint64_t grown_bytes;
        size_t open_count = replay_once(argv[1], &grown_bytes);
        printf("%zu open traces, %" PRIu64 " bytes\n", open_count, grown_bytes);
    }
    return 0;
}
