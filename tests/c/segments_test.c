/* Which files are segments, which are missing, and how streams and archives are read. */
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "log_fixture.h"
#include "tracereel/log.h"

#define SEGMENT_0 "wal_0000000000000000.log"

enum { RECORD_BYTES = 69 };

/* Writes a segment of one record, whose node_id says which file it is from. */
static void write_segment(const char *directory, const char *name, uint32_t node_id) {
    uint8_t bytes[RECORD_BYTES];
    put_record(bytes, (written_record){.type = 1, .node_id = node_id});
    if (strstr(name, ".gz") != NULL) {
        write_gzip(directory, name, "wb9", bytes, sizeof bytes);
#ifdef TR_WITH_ZSTD
    } else if (strstr(name, ".zst") != NULL) {
        write_zstd(directory, name, bytes, sizeof bytes);
#endif
    } else {
        write_file(directory, name, bytes, sizeof bytes);
    }
}

/* Reads a log into a text: a node_id in hex for a record, "-N*COUNT" for missing segments, a class for any other gap.
 */
static const char *read_with_as_text(const char *path, const tr_log_options *options) {
    static char text[8192];
    tr_log *log;
    tr_error error;
    tr_record record;
    tr_status status;
    size_t used = 0;
    text[0] = '\0';
    if (tr_log_open(path, options, &log, &error) != TR_OK) {
        return "not opened";
    }
    while (((status = tr_log_next(log, &record)) == TR_OK || status == TR_GAP) && used + 64 < sizeof text) {
        const tr_gap *gap = tr_log_gap(log);
        const char *space = used == 0 ? "" : " ";
        if (status == TR_OK) {
            used += (size_t)snprintf(text + used, 64, "%s%" PRIx32, space, tr_record_node_id(&record));
        } else if (gap->gap_class == TR_GAP_MISSING_SEGMENT) {
            used += (size_t)snprintf(text + used, 64, "%s-%" PRIx64 "*%" PRIu64, space, gap->position.sequence,
                                     gap->missing_count);
        } else {
            used += (size_t)snprintf(text + used, 64, "%s%s", space, tr_gap_class_name(gap->gap_class));
        }
    }
    snprintf(text + used, 64, "%s", status == TR_END ? "" : " failed");
    tr_log_close(log);
    return text;
}

static const char *read_as_text(const char *path) {
    return read_with_as_text(path, NULL);
}

static void segments_come_in_order_of_their_numbers(void) {
    char directory[64];
    make_directory(directory);
    write_segment(directory, "wal_000000000000000a.log", 10);
    write_segment(directory, "wal_9.log", 9);
    write_segment(directory, "wal_00000000000000000000000B.log", 11);
    write_segment(directory, "wal_0000000000000008.log.gz", 8);
    write_segment(directory, "wal_+c.log", 12);
    /* none of these is a segment */
    static const char *const others[] = {
        "wal_.log",    "wal_0x7.log",      "wal_7.log.bak", "xwal_7.log",
        "wal_7.LOG",   "wal_-7.log",       "wal_+.log",     "wal_++7.log",
        "wal_+-7.log", "wal_ 7.log",       "wal_7",         "wal_7.gz",
        "wal_7.zst",   "wal_7.log.gz.zst", "trace_7.bin",   "wal_10000000000000007.log"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        write_segment(directory, others[i], 99);
    }
    CHECK_TEXT("8 9 a b c", read_as_text(directory));
    remove_directory(directory);
}

/* Reading as the engine does. */
static void compressed_segments_are_left_out_when_asked(void) {
    char directory[64];
    const tr_log_options plain = {.skip_compressed = true};
    make_directory(directory);
    write_segment(directory, "wal_0000000000000001.log.gz", 1);
    CHECK_TEXT("", read_with_as_text(directory, &plain));
    write_segment(directory, "wal_0000000000000002.log", 2);
    write_segment(directory, "wal_0000000000000003.log.gz", 3);
    write_segment(directory, "wal_0000000000000004.log", 4);
    write_segment(directory, "wal_4.log.gz", 5);
    write_segment(directory, "wal_4.log", 6);
    write_segment(directory, "wal_5.log.gz", 7);
    write_segment(directory, "wal_0000000000000005.log.gz", 8);
    write_file(directory, "wal_6.log.zst", "", 0);
    CHECK_TEXT("2 -3*1 4", read_with_as_text(directory, &plain));
    tr_log *log;
    tr_segment_info info;
    const char *instead;
    REQUIRE(tr_log_open(directory, &plain, &log, NULL) == TR_OK);
    CHECK_UINT(1, tr_log_unread_count(log));
    REQUIRE(tr_log_unread(log, 0, &info, &instead));
    CHECK_TEXT("wal_4.log", info.name);
    CHECK_TEXT("wal_0000000000000004.log", instead);
    tr_log_close(log);
    remove_directory(directory);
}

static void one_number_is_read_once(void) {
    char directory[64];
    make_directory(directory);
    write_segment(directory, "wal_0000000000000001.log.gz", 1);
    write_segment(directory, "wal_0000000000000001.log", 2);
    write_segment(directory, "wal_1.log", 3);
    write_segment(directory, "wal_0000000000000002.log.gz", 4);
    write_segment(directory, "wal_2.log.gz", 5);
    write_segment(directory, "wal_3.log", 6);
    write_segment(directory, "wal_0000000000000003.log.gz", 7);
    write_file(directory, "wal_0000000000000002.log.zst", "", 0);
    CHECK_TEXT("2 4 6", read_as_text(directory));
    static const char *const pairs[][2] = {{"wal_1.log", "wal_0000000000000001.log"},
                                           {"wal_0000000000000001.log.gz", "wal_0000000000000001.log"},
                                           {"wal_0000000000000002.log.zst", "wal_0000000000000002.log.gz"},
                                           {"wal_2.log.gz", "wal_0000000000000002.log.gz"},
                                           {"wal_0000000000000003.log.gz", "wal_3.log"}};
    tr_log *log;
    tr_segment_info info;
    const char *instead;
    REQUIRE(tr_log_open(directory, NULL, &log, NULL) == TR_OK);
    CHECK_UINT(5, tr_log_unread_count(log));
    for (uint32_t i = 0; tr_log_unread(log, i, &info, &instead); i++) {
        CHECK_TEXT(pairs[i][0], info.name);
        CHECK_TEXT(pairs[i][1], instead);
    }
    tr_log_close(log);
    remove_directory(directory);
}

#ifdef TR_WITH_ZSTD
static void zstd_is_read_like_gzip(void) {
    char directory[64];
    char path[512];
    make_directory(directory);
    write_segment(directory, "wal_0000000000000001.log.zst", 1);
    write_segment(directory, "wal_0000000000000002.log.gz", 2);
    write_segment(directory, "wal_3.log.zst", 3);
    write_segment(directory, "wal_0000000000000004.log", 4);
    CHECK_TEXT("1 2 3 4", read_as_text(directory));
    join(path, sizeof path, directory, "wal_3.log.zst");
    CHECK_TEXT("3", read_as_text(path));
    write_segment(directory, "any.zst", 5);
    join(path, sizeof path, directory, "any.zst");
    CHECK_TEXT("5", read_as_text(path));
    remove_directory(directory);
}
#endif

static void missing_segments(void) {
    char directory[64];
    make_directory(directory);
    write_segment(directory, "wal_0000000000000005.log", 5); /* what precedes the first one was archived */
    write_segment(directory, "wal_0000000000000007.log", 7);
    write_segment(directory, "wal_000000000000000a.log", 10);
    CHECK_TEXT("5 -6*1 7 -8*1 -9*1 a", read_as_text(directory));
    write_segment(directory, "wal_00000000000003f3.log", 1011);
    tr_log *log;
    REQUIRE(tr_log_open(directory, NULL, &log, NULL) == TR_OK);
    tr_record record;
    while (tr_log_next(log, &record) != TR_END) {
    }
    CHECK_UINT(3 + 1000, tr_log_get_statistics(log).gaps[TR_GAP_MISSING_SEGMENT]);
    tr_log_close(log);
    remove_directory(directory);
}

static void reading_goes_on_inside_a_run_of_missing_segments(void) {
    static const char *const rests[] = {
        "-6*1 -7*1 8 -9*1001 3f2", "-7*1 8 -9*1001 3f2", "8 -9*1001 3f2", "-9*1001 3f2", "3f2", ""};
    char directory[64];
    make_directory(directory);
    write_segment(directory, "wal_0000000000000005.log", 0x5);
    write_segment(directory, "wal_0000000000000008.log", 0x8);
    write_segment(directory, "wal_00000000000003f2.log", 0x3f2);
    tr_log *log;
    REQUIRE(tr_log_open(directory, NULL, &log, NULL) == TR_OK);
    tr_record record;
    for (size_t i = 0; tr_log_next(log, &record) != TR_END; i++) {
        tr_log_options options = {.has_from = true, .from = tr_log_position(log)};
        REQUIRE(i < sizeof rests / sizeof *rests);
        CHECK_TEXT(rests[i], read_with_as_text(directory, &options));
    }
    tr_log_options first_missing = {.has_from = true, .from = {6, 0}};
    CHECK_TEXT(rests[0], read_with_as_text(directory, &first_missing));
    /* A missing position exists only if the log continues after it. */
    static const tr_position others[] = {{4, 0}, {7, 1}, {0x3f3, 0}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        tr_log_options options = {.has_from = true, .from = others[i]};
        CHECK_TEXT("not opened", read_with_as_text(directory, &options));
    }
    tr_log_close(log);
    remove_directory(directory);
}

static void very_many_missing_segments_are_one_gap(void) {
    char directory[64];
    make_directory(directory);
    write_segment(directory, "wal_0000000000000000.log", 1);
    write_segment(directory, "wal_00000000000003ea.log", 2); /* 1001 are missing */
    write_segment(directory, "wal_ffffffffffffffff.log", 3);
    CHECK_TEXT("1 -1*1001 2 -3eb*18446744073709550612 3", read_as_text(directory));
    remove_directory(directory);
}

static void what_is_named_like_a_segment_and_is_none(void) {
    char directory[64], path[512];
    make_directory(directory);
    write_segment(directory, "wal_0000000000000000.log", 1);
    write_segment(directory, "wal_0000000000000003.log", 2);
    join(path, sizeof path, directory, "wal_0000000000000001.log");
    CHECK_INT(0, mkdir(path, 0755));
    join(path, sizeof path, directory, "wal_0000000000000002.log");
    CHECK_INT(0, mkfifo(path, 0644));
    CHECK_TEXT("1 -1*1 -2*1 2", read_as_text(directory));
    tr_log *log;
    tr_record record;
    REQUIRE(tr_log_open(directory, NULL, &log, NULL) == TR_OK);
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    CHECK_INT(TR_GAP, tr_log_next(log, &record));
    CHECK_CONTAINS("wal_0000000000000001.log: expected a file, found a directory", tr_log_gap(log)->detail);
    CHECK_INT(TR_GAP, tr_log_next(log, &record));
    CHECK_CONTAINS("wal_0000000000000002.log: expected a file, found a pipe", tr_log_gap(log)->detail);
    tr_log_close(log);
    remove_directory(directory);
}

static void check_not_opened(tr_status expected, const char *path, const char *words) {
    tr_log *log = (tr_log *)&expected;
    tr_error error = {""};
    CHECK_INT(expected, tr_log_open(path, NULL, &log, &error));
    CHECK(log == NULL);
    CHECK_CONTAINS(path, error.message);
    CHECK_CONTAINS(words, error.message);
}

static void what_is_no_log(void) {
    char directory[64], path[512];
    make_directory(directory);
    check_not_opened(TR_ERROR_NOT_A_LOG, directory, "found none");
    check_not_opened(TR_ERROR_NOT_A_LOG, FIXTURES "no-segments", "wal_*.log");
    join(path, sizeof path, directory, "nothing");
    check_not_opened(TR_ERROR_NOT_A_LOG, path, "No such file or directory");
    remove_directory(directory);
    CHECK_TEXT("", read_as_text(FIXTURES "empty"));
}

/* As a user without permission; root may read everything. */
static void what_may_not_be_read(void) {
    char directory[64], path[512];
    make_directory(directory);
    write_segment(directory, SEGMENT_0, 1);
    write_segment(directory, "wal_0000000000000001.log", 2);
    join(path, sizeof path, directory, "wal_0000000000000001.log");
    CHECK_INT(0, chmod(directory, 0755));
    CHECK_INT(0, chmod(path, 0));
    pid_t child = fork();
    if (child == 0) {
        check_state.failures = 0;
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(2);
        }
        CHECK_TEXT("1 failed", read_as_text(directory));
        tr_log *log;
        tr_record record;
        CHECK_INT(TR_OK, tr_log_open(directory, NULL, &log, NULL));
        CHECK_INT(TR_OK, tr_log_next(log, &record));
        for (int i = 0; i < 2; i++) {
            CHECK_INT(TR_ERROR_IO, tr_log_next(log, &record));
            CHECK_CONTAINS("wal_0000000000000001.log: cannot open it for reading: Permission denied",
                           tr_log_error(log)->message);
        }
        tr_log_close(log);
        check_not_opened(TR_ERROR_IO, path, "Permission denied");
        _exit(check_state.failures > 0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    remove_directory(directory);
}

static void a_directory_that_may_not_be_listed(void) {
    char directory[64], inside[512];
    make_directory(directory);
    join(inside, sizeof inside, directory, "log");
    CHECK_INT(0, mkdir(inside, 0755));
    CHECK_INT(0, chmod(directory, 0));
    pid_t child = fork();
    if (child == 0) {
        check_state.failures = 0;
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(2);
        }
        check_not_opened(TR_ERROR_IO, directory, "Permission denied");
        check_not_opened(TR_ERROR_IO, inside, "Permission denied");
        _exit(check_state.failures > 0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_INT(0, chmod(directory, 0755));
    remove_directory(directory);
}

static void a_fifo_can_be_a_log(void) {
    char directory[64], path[512];
    make_directory(directory);
    join(path, sizeof path, directory, "pipe");
    CHECK_INT(0, mkfifo(path, 0644));
    pid_t child = fork();
    if (child == 0) {
        uint8_t bytes[RECORD_BYTES];
        put_record(bytes, (written_record){.type = 1, .node_id = 7});
        int file = open(path, O_WRONLY);
        for (size_t i = 0; i < 2 * sizeof bytes - 9; i++) {
            if (write(file, bytes + i % sizeof bytes, 1) != 1) {
                _exit(1);
            }
        }
        _exit(0);
    }
    CHECK_TEXT("7 torn_tail", read_as_text(path));
    CHECK(waitpid(child, NULL, 0) == child);
    remove_directory(directory);
}

static void a_stream_without_room_for_its_copy(void) {
    const char *path = FIXTURES "archived/wal_0000000000000000.log.gz";
    char before[512];
    const char *kept = getenv("TMPDIR");
    snprintf(before, sizeof before, "%s", kept == NULL ? "" : kept);
    CHECK_INT(0, setenv("TMPDIR", "/nonexistent/directory", 1));
    tr_log *log;
    tr_error error;
    CHECK_INT(TR_ERROR_IO, tr_log_open(path, NULL, &log, &error));
    CHECK_CONTAINS("wal_0000000000000000.log.gz: cannot make a temporary file in /nonexistent/directory (set TMPDIR to "
                   "another directory)",
                   error.message);
    CHECK_INT(0, kept == NULL ? unsetenv("TMPDIR") : setenv("TMPDIR", before, 1));
}

/* A length of 4 GiB costs no memory, whether it is claimed in a file or in a pipe. */
static void claimed_lengths_cost_nothing(void) {
    char directory[64], path[512];
    uint8_t bytes[1024];
    make_directory(directory);
    for (size_t i = 0; i < sizeof bytes; i += 4) {
        put_number(bytes + i, i % 128 == 0 ? UINT32_MAX : 0, 4);
    }
    put_record(bytes + 512, (written_record){.type = 1, .node_id = 7});
    write_file(directory, SEGMENT_0, bytes, sizeof bytes);
    join(path, sizeof path, directory, SEGMENT_0);
    struct mallinfo2 before = mallinfo2();
    CHECK_TEXT("corrupt 7 torn_tail", read_as_text(directory));
    write_gzip(directory, "wal_0000000000000000.log.gz", "wb", bytes, sizeof bytes);
    CHECK_INT(0, unlink(path));
    CHECK_TEXT("corrupt 7 torn_tail", read_as_text(directory));
    struct mallinfo2 after = mallinfo2();
    CHECK(after.uordblks <= before.uordblks + 4096);
    CHECK(after.arena + after.hblkhd < before.arena + before.hblkhd + ((size_t)4 << 20));
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("segments come in the order of their numbers, however many digits they have",
              segments_come_in_order_of_their_numbers);
    check_run("compressed segments are skipped on request, and are then missing between plain ones",
              compressed_segments_are_left_out_when_asked);
    check_run("of several files with one number one is read, plain before compressed, and the others are reported",
              one_number_is_read_once);
#ifdef TR_WITH_ZSTD
    check_run("segments that are compressed with zstd are read like those of gzip", zstd_is_read_like_gzip);
#endif
    check_run("a missing number is a gap, except before the first segment", missing_segments);
    check_run("reading continues from any position inside a run of missing segments",
              reading_goes_on_inside_a_run_of_missing_segments);
    check_run("very many missing segments in a row are one gap", very_many_missing_segments_are_one_gap);
    check_run("directories and pipes named like segments are missing segments",
              what_is_named_like_a_segment_and_is_none);
    check_run("what is not a log is reported as such", what_is_no_log);
    check_run("a segment without read permission is an error, and what precedes it is read", what_may_not_be_read);
    check_run("a directory that may not be listed is an error", a_directory_that_may_not_be_listed);
    check_run("a pipe of any name can be a log, however few bytes come at a time", a_fifo_can_be_a_log);
    check_run("a stream whose temporary copy cannot be created is an error that says so",
              a_stream_without_room_for_its_copy);
    check_run("a claimed length of 4 GiB costs no memory", claimed_lengths_cost_nothing);
    return check_end();
}
