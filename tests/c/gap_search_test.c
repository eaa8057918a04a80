/* The search for the end of a gap: skipping zeros, and stopped from outside. */
#include <signal.h>

#include "tracereel/log.h"

#include "log_fixture.h"

#define SEGMENT "wal_0000000000000000.log"

static written_record node_done(const char *metadata) {
    return (written_record){
        .type = 2, .trace = 7, .node_id = 3, .timestamp_ns = 1764000000000000000, .metadata = metadata};
}

static tr_log *open_bytes(const char *directory, const uint8_t *bytes, size_t length, const tr_log_options *options) {
    tr_log *log = NULL;
    tr_error error = {""};
    write_file(directory, SEGMENT, bytes, length);
    CHECK_INT(TR_OK, tr_log_open(directory, options, &log, &error));
    return log;
}

/* Writes a record, `gap_bytes` bytes of `filler`, and a record of `length` bytes. Both must be found, and the gap
 * between. */
static void check_found_after(const char *directory, uint8_t filler, size_t gap_bytes, size_t length) {
    enum { LONGEST = 70000, SHORTEST = 69 };
    static uint8_t bytes[2 * LONGEST + 70000];
    static char metadata[LONGEST];
    memset(metadata, 'm', length - SHORTEST);
    metadata[length - SHORTEST] = '\0';
    size_t first = put_record(bytes, node_done(NULL));
    CHECK_UINT(SHORTEST, first);
    memset(bytes + first, filler, gap_bytes);
    CHECK_UINT(length, put_record(bytes + first + gap_bytes, node_done(metadata)));
    tr_log *log = open_bytes(directory, bytes, first + gap_bytes + length, NULL);
    tr_record record;
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    CHECK_INT(TR_GAP, tr_log_next(log, &record));
    CHECK_UINT(first, tr_log_gap(log)->position.offset);
    CHECK_UINT(gap_bytes, tr_log_gap(log)->length_bytes);
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    CHECK_UINT(length, record.length_bytes);
    CHECK_INT(TR_END, tr_log_next(log, &record));
    tr_log_close(log);
}

/* The length of a record, its first four bytes, begins with a zero byte if it is a multiple of 256, and with two if it
 * is one of 65536. */
static void records_after_zeros(void) {
    static const size_t lengths[] = {69, 100, 256, 512, 65536};
    char directory[64];
    make_directory(directory);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t gap_bytes = 1; gap_bytes < 80; gap_bytes++) {
            check_found_after(directory, 0, gap_bytes, lengths[i]);
        }
        check_found_after(directory, 0, 4096, lengths[i]);
        check_found_after(directory, 0, 65537, lengths[i]);
        check_found_after(directory, 0xff, 33, lengths[i]);
    }
    remove_directory(directory);
}

static void a_search_that_is_stopped(void) {
    enum { GARBAGE_BYTES = 1 << 20 };
    char directory[64];
    volatile sig_atomic_t stop = 0;
    const tr_log_options options = {.stop = &stop};
    make_directory(directory);
    uint8_t *bytes = malloc(GARBAGE_BYTES + 200);
    size_t first = put_record(bytes, node_done(NULL));
    memset(bytes + first, 0xa5, GARBAGE_BYTES);
    size_t length = first + GARBAGE_BYTES;
    length += put_record(bytes + length, node_done(NULL));
    tr_log *log = open_bytes(directory, bytes, length, &options);
    tr_record record;
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    stop = 1;
    CHECK_INT(TR_ERROR_INTERRUPTED, tr_log_next(log, &record));
    CHECK_INT(TR_ERROR_INTERRUPTED, tr_log_next(log, &record));
    stop = 0;
    CHECK_INT(TR_GAP, tr_log_next(log, &record));
    CHECK_UINT(first, tr_log_gap(log)->position.offset);
    CHECK_UINT(GARBAGE_BYTES, tr_log_gap(log)->length_bytes);
    stop = 1; /* what needs no search is still read */
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    CHECK_INT(TR_END, tr_log_next(log, &record));
    tr_log_close(log);
    free(bytes);
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a record after zeros is found where it begins, even if its length begins with zeros",
              records_after_zeros);
    check_run("a search that is stopped from outside ends, and restarts with the next call", a_search_that_is_stopped);
    return check_end();
}
