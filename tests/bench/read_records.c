/* Benchmark: every record of a log, decoded and verified, one field of each used. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tracereel/log.h"

static uint64_t read_once(const char *path) {
    tr_error error;
    tr_log *log;
    if (tr_log_open(path, NULL, &log, &error) != TR_OK) {
        fprintf(stderr, "read_records: %s\n", error.message);
        exit(1);
    }
    tr_record record;
    tr_status status;
    uint64_t sum = 0;
    while ((status = tr_log_next(log, &record)) == TR_OK || status == TR_GAP) {
        if (status == TR_OK) {
            sum += tr_record_node_id(&record);
        }
    }
    if (status != TR_END) {
        fprintf(stderr, "read_records: %s\n", tr_log_error(log)->message);
        exit(1);
    }
    tr_log_close(log);
    return sum;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: read_records LOG PASSES\n");
        return 2;
    }
    uint64_t sum = 0;
    for (long pass = strtol(argv[2], NULL, 10); pass > 0; pass--) {
        sum += read_once(argv[1]);
    }
    printf("%" PRIu64 "\n", sum);
    return 0;
}
