/* Segments that change, shrink or grow while they are read. */
#include <signal.h>
#include <sys/wait.h>

#include "files/file_window.h"
#include "log_fixture.h"
#include "tracereel/log.h"

#define SEGMENT "wal_0000000000000000.log"

enum { RECORD_BYTES = 100, PAGE_BYTES = 4096, RECORDS = 400 };

/* Record number `i` of a log in which all are 100 bytes long. */
static void put_numbered(uint8_t *out, uint32_t i) {
    size_t length = put_record(out, (written_record){.type = 2,
                                                     .trace = 0xee,
                                                     .node_id = i,
                                                     .timestamp_ns = 1764000000000000000u + i,
                                                     .metadata = "0123456789012345678901234567890"});
    CHECK_UINT(RECORD_BYTES, length);
}

static uint8_t *put_log(size_t records) {
    uint8_t *bytes = malloc(records * RECORD_BYTES);
    for (uint32_t i = 0; bytes != NULL && i < records; i++) {
        put_numbered(bytes + (size_t)i * RECORD_BYTES, i);
    }
    return bytes;
}

typedef struct changing_log {
    char directory[64];
    char path[128];
    uint8_t *bytes;
    tr_log *log;
} changing_log;

/* Opens a log of RECORDS records and reads up to record `already`. */
static void open_changing(changing_log *with, uint32_t already) {
    tr_record record;
    make_directory(with->directory);
    with->bytes = put_log(2 * RECORDS);
    write_file(with->directory, SEGMENT, with->bytes, RECORDS * RECORD_BYTES);
    join(with->path, sizeof with->path, with->directory, SEGMENT);
    CHECK_INT(TR_OK, tr_log_open(with->directory, NULL, &with->log, NULL));
    for (uint32_t i = 0; i < already; i++) {
        CHECK_INT(TR_OK, tr_log_next(with->log, &record));
    }
}

static void close_changing(changing_log *with) {
    CHECK(!tr_log_is_damaged(with->log));
    tr_log_close(with->log);
    free(with->bytes);
    remove_directory(with->directory);
}

/* Truncates the file, or restores what belongs at its end. */
static void set_length(const changing_log *with, size_t length) {
    struct stat status;
    CHECK(stat(with->path, &status) == 0);
    size_t size = (size_t)status.st_size;
    CHECK(truncate(with->path, (off_t)(length < size ? length : size)) == 0);
    int file = open(with->path, O_WRONLY | O_APPEND);
    if (length > size) {
        CHECK(write(file, with->bytes + size, length - size) == (ssize_t)(length - size));
    }
    close(file);
}

/* Every record up to `end` must follow; then a torn tail of `torn_bytes`, if that is not 0; then the end. */
static void check_rest(changing_log *with, uint32_t from, uint32_t end, size_t torn_bytes) {
    tr_record record;
    for (uint32_t i = from; i < end; i++) {
        REQUIRE(tr_log_next(with->log, &record) == TR_OK);
        CHECK_BYTES(with->bytes + i * RECORD_BYTES, RECORD_BYTES, record.bytes, record.length_bytes);
    }
    if (torn_bytes > 0) {
        CHECK_INT(TR_GAP, tr_log_next(with->log, &record));
        CHECK_INT(TR_GAP_TORN_TAIL, tr_log_gap(with->log)->gap_class);
        CHECK_UINT((uint64_t)end * RECORD_BYTES, tr_log_gap(with->log)->position.offset);
        CHECK_UINT(torn_bytes, tr_log_gap(with->log)->length_bytes);
    }
    CHECK_INT(TR_END, tr_log_next(with->log, &record));
    CHECK_UINT(torn_bytes, tr_log_get_statistics(with->log).gap_bytes);
}

/* Truncates a log to that length after 10 records were read. */
static void check_cut(size_t length) {
    changing_log with;
    open_changing(&with, 10);
    set_length(&with, length);
    size_t records = length / RECORD_BYTES;
    if (records >= 10) {
        check_rest(&with, 10, (uint32_t)records, length % RECORD_BYTES);
        CHECK_UINT(records * RECORD_BYTES, tr_log_get_statistics(with.log).record_bytes);
    } else {
        check_rest(&with, 10, 10, 0); /* what was read before the file was truncated is not reported */
    }
    close_changing(&with);
}

static void cut_off_while_read(void) {
    check_cut(RECORDS * RECORD_BYTES - 1);
    check_cut(200 * RECORD_BYTES);     /* between two records */
    check_cut(200 * RECORD_BYTES + 1); /* inside one */
    check_cut(3 * PAGE_BYTES);         /* at a page boundary: the pages after it are gone */
    check_cut(3 * PAGE_BYTES + 1);
    check_cut(10 * RECORD_BYTES); /* right after what was read */
    check_cut(10 * RECORD_BYTES + 68);
    check_cut(5 * RECORD_BYTES); /* before it */
    check_cut(0);
}

/* Garbage, then a record: the counts stay sensible when the file is truncated before them. */
static void counts_after_a_cut(void) {
    changing_log with;
    tr_record record;
    make_directory(with.directory);
    join(with.path, sizeof with.path, with.directory, SEGMENT);
    uint8_t bytes[1000 + 2 * RECORD_BYTES];
    memset(bytes, 0xee, 1000);
    put_numbered(bytes + 1000, 0);
    put_numbered(bytes + 1000 + RECORD_BYTES, 1);
    write_file(with.directory, SEGMENT, bytes, sizeof bytes);
    REQUIRE(tr_log_open(with.path, NULL, &with.log, NULL) == TR_OK);
    CHECK_INT(TR_GAP, tr_log_next(with.log, &record));
    CHECK_INT(TR_OK, tr_log_next(with.log, &record));
    CHECK(truncate(with.path, 500) == 0);
    CHECK_INT(TR_END, tr_log_next(with.log, &record));
    CHECK_UINT(1, tr_log_get_statistics(with.log).records);
    CHECK_UINT(RECORD_BYTES, tr_log_get_statistics(with.log).record_bytes);
    CHECK_UINT(1000, tr_log_get_statistics(with.log).gap_bytes);
    tr_log_close(with.log);
    remove_directory(with.directory);
}

static void grown_while_read(void) {
    changing_log with;
    open_changing(&with, 0);
    set_length(&with, RECORDS * RECORD_BYTES - 40); /* the last record is half written */
    tr_log_close(with.log);
    REQUIRE(tr_log_open(with.directory, NULL, &with.log, NULL) == TR_OK);
    set_length(&with, 2 * RECORDS * RECORD_BYTES);
    check_rest(&with, 0, 2 * RECORDS, 0);
    close_changing(&with);
    open_changing(&with, 0);
    set_length(&with, RECORDS * RECORD_BYTES - 40);
    tr_log_close(with.log);
    REQUIRE(tr_log_open(with.directory, NULL, &with.log, NULL) == TR_OK);
    set_length(&with, RECORDS * RECORD_BYTES - 20); /* and still is when it is reached */
    check_rest(&with, 0, RECORDS - 1, 80);
    close_changing(&with);
}

static void cut_off_and_written_again(void) {
    static const size_t lengths[] = {0, 3 * PAGE_BYTES, 200 * RECORD_BYTES + 50};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        changing_log with;
        open_changing(&with, 10);
        set_length(&with, lengths[i]);
        set_length(&with, RECORDS * RECORD_BYTES);
        check_rest(&with, 10, RECORDS, 0);
        close_changing(&with);
    }
}

/* Reads a page while it is lost, then lets the file grow to `size`. */
static void check_page_that_came_back(size_t size) {
    changing_log with;
    tr_record record;
    open_changing(&with, 9);
    REQUIRE(tr_log_next(with.log, &record) == TR_OK);
    set_length(&with, PAGE_BYTES);
    volatile const uint8_t *lost = record.bytes - 9 * RECORD_BYTES + 2 * PAGE_BYTES;
    CHECK_UINT(0, *lost); /* the record and what follows are one mapping, which now has a page of zeros */
    set_length(&with, size);
    check_rest(&with, 10, (uint32_t)(size / RECORD_BYTES), 0);
    close_changing(&with);
}

static void pages_that_came_back(void) {
    check_page_that_came_back(RECORDS * RECORD_BYTES);
    check_page_that_came_back((RECORDS - 1) * RECORD_BYTES);
    check_page_that_came_back((RECORDS + 1) * RECORD_BYTES);
}

/* A writer truncates the file and writes it again, as fast as it can, while it is read many times. */
static void changed_all_the_time(void) {
    changing_log with;
    open_changing(&with, 0);
    pid_t child = fork();
    if (child == 0) {
        for (unsigned i = 0;; i++) {
            size_t records = i % 7 * 50 + 30;
            if (truncate(with.path, (off_t)(records * RECORD_BYTES)) != 0) {
                _exit(1);
            }
            int file = open(with.path, O_WRONLY | O_APPEND);
            if (write(file, with.bytes + records * RECORD_BYTES, (RECORDS - records) * RECORD_BYTES) < 0) {
                _exit(1);
            }
            close(file);
        }
    }
    for (int i = 0; i < 300; i++) {
        tr_record record;
        tr_status status;
        uint64_t count = 0;
        tr_log_close(with.log);
        REQUIRE(tr_log_open(with.directory, NULL, &with.log, NULL) == TR_OK);
        while ((status = tr_log_next(with.log, &record)) == TR_OK) {
            CHECK_UINT(count * RECORD_BYTES, tr_log_place(with.log)->position.offset);
            count++;
        }
        CHECK(status == TR_GAP || status == TR_END);
        CHECK(count >= 30);
        CHECK(!tr_log_is_damaged(with.log));
    }
    kill(child, SIGKILL);
    CHECK(waitpid(child, NULL, 0) == child);
    close_changing(&with);
}

/* ---- segments so large that they are read part by part ---- */

enum {
    LARGE_RECORDS = 20000,
    LARGE_BYTES = LARGE_RECORDS * RECORD_BYTES,
    PART_RECORDS = TR_FILE_WINDOW_BYTES / RECORD_BYTES /* what is in memory when the first record was read */
};

static void open_large(changing_log *with, uint32_t already) {
    tr_record record;
    make_directory(with->directory);
    with->bytes = put_log(2 * LARGE_RECORDS);
    write_file(with->directory, SEGMENT, with->bytes, LARGE_BYTES);
    join(with->path, sizeof with->path, with->directory, SEGMENT);
    CHECK_INT(TR_OK, tr_log_open(with->directory, NULL, &with->log, NULL));
    for (uint32_t i = 0; i < already; i++) {
        CHECK_INT(TR_OK, tr_log_next(with->log, &record));
    }
}

static void large_and_whole(void) {
    changing_log with;
    open_large(&with, 0);
    check_rest(&with, 0, LARGE_RECORDS, 0);
    CHECK_UINT(LARGE_BYTES, tr_log_get_statistics(with.log).record_bytes);
    close_changing(&with);
}

/* One byte of each of these records is wrong; two of them are neighbours. */
static void large_and_damaged(void) {
    static const uint32_t wrong[] = {3, PART_RECORDS, 5000, 5001, LARGE_RECORDS - 1};
    changing_log with;
    tr_record record;
    open_large(&with, 0);
    int file = open(with.path, O_WRONLY);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(pwrite(file, "\xff", 1, (off_t)wrong[i] * RECORD_BYTES + 80) == 1);
    }
    close(file);
    size_t next_wrong = 0;
    for (uint32_t i = 0; i < LARGE_RECORDS; i++) {
        if (next_wrong < sizeof wrong / sizeof *wrong && i == wrong[next_wrong]) {
            uint32_t count = i == 5000 ? 2 : 1;
            REQUIRE(tr_log_next(with.log, &record) == TR_GAP);
            CHECK_UINT((uint64_t)i * RECORD_BYTES, tr_log_gap(with.log)->position.offset);
            CHECK_UINT((uint64_t)count * RECORD_BYTES, tr_log_gap(with.log)->length_bytes);
            next_wrong += count;
            i += count - 1;
        } else {
            REQUIRE(tr_log_next(with.log, &record) == TR_OK);
            CHECK_BYTES(with.bytes + (size_t)i * RECORD_BYTES, RECORD_BYTES, record.bytes, record.length_bytes);
        }
    }
    CHECK_INT(TR_END, tr_log_next(with.log, &record));
    tr_log_close(with.log);
    free(with.bytes);
    remove_directory(with.directory);
}

/* A record that is larger than the window, between others. */
static void large_with_a_large_record(void) {
    enum { TEXT_BYTES = 3 * TR_FILE_WINDOW_BYTES };
    changing_log with;
    tr_record record;
    open_large(&with, 0);
    tr_log_close(with.log);
    char *text = malloc(TEXT_BYTES + 1);
    uint8_t *bytes = malloc(TEXT_BYTES + RECORD_BYTES);
    REQUIRE(text != NULL && bytes != NULL);
    memset(text, 'x', TEXT_BYTES);
    text[TEXT_BYTES] = '\0';
    size_t length = put_record(bytes, (written_record){.type = 2, .trace = 0xee, .metadata = text});
    int file = open(with.path, O_WRONLY | O_APPEND);
    CHECK(write(file, bytes, length) == (ssize_t)length);
    CHECK(write(file, with.bytes, LARGE_BYTES) == LARGE_BYTES);
    close(file);
    REQUIRE(tr_log_open(with.directory, NULL, &with.log, NULL) == TR_OK);
    for (uint32_t i = 0; i < LARGE_RECORDS; i++) {
        REQUIRE(tr_log_next(with.log, &record) == TR_OK);
    }
    REQUIRE(tr_log_next(with.log, &record) == TR_OK);
    CHECK_BYTES(bytes, length, record.bytes, record.length_bytes);
    check_rest(&with, 0, LARGE_RECORDS, 0);
    free(text);
    free(bytes);
    close_changing(&with);
}

/* Truncates a large log to that length after 10 records were read. */
static void check_large_cut(size_t length) {
    changing_log with;
    open_large(&with, 10);
    set_length(&with, length);
    uint32_t records = (uint32_t)(length / RECORD_BYTES);
    if (records >= PART_RECORDS) {
        check_rest(&with, 10, records, length % RECORD_BYTES);
    } else {
        check_rest(&with, 10, PART_RECORDS, 0); /* they were in memory; nothing is said of what is gone */
    }
    close_changing(&with);
}

static void large_and_cut_off(void) {
    check_large_cut(LARGE_BYTES - 1);
    check_large_cut(9000 * RECORD_BYTES);
    check_large_cut(9000 * RECORD_BYTES + 1);
    check_large_cut(PART_RECORDS * RECORD_BYTES + 70);
    check_large_cut(20 * RECORD_BYTES);
    check_large_cut(0);
}

static void large_and_grown(void) {
    changing_log with;
    open_large(&with, 0);
    set_length(&with, LARGE_BYTES - 40);
    tr_log_close(with.log);
    REQUIRE(tr_log_open(with.directory, NULL, &with.log, NULL) == TR_OK);
    set_length(&with, LARGE_BYTES + 5 * RECORD_BYTES); /* what was half written when it was opened is complete now */
    check_rest(&with, 0, LARGE_RECORDS + 5, 0);
    close_changing(&with);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a segment that is truncated while it is read ends where it was cut", cut_off_while_read);
    check_run("records that were read stay counted when the file is truncated", counts_after_a_cut);
    check_run("a record that was half written when the file was opened is complete when it is reached",
              grown_while_read);
    check_run("a segment that is truncated and written again is complete", cut_off_and_written_again);
    check_run("pages that were lost for a while are read when they are back", pages_that_came_back);
    check_run("a segment that changes all the time is never called damaged", changed_all_the_time);
    check_run("a large segment gives every record", large_and_whole);
    check_run("a large segment gives every gap, and every record around it", large_and_damaged);
    check_run("a record that is larger than the window is read", large_with_a_large_record);
    check_run("a large segment that is truncated while it is read ends where it was cut", large_and_cut_off);
    check_run("a large segment that grew has the record that was half written", large_and_grown);
    return check_end();
}
