#include "tracereel/locked_log.h"

#include <sys/file.h>
#include <sys/stat.h>

#include "log_fixture.h"

static char directory[64];
static tr_error error;

/* Makes a log of the given segments, each with one record. */
static void make_log(const uint64_t *sequences, size_t count) {
    uint8_t bytes[128];
    size_t length = put_record(bytes, (written_record){.type = 0, .trace = 1, .timestamp_ns = 5});
    make_directory(directory);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "wal_%016" PRIx64 ".log", sequences[i]);
        write_file(directory, name, bytes, length);
    }
}

static bool is_there(const char *name) {
    char path[512];
    join(path, sizeof path, directory, name);
    return access(path, F_OK) == 0;
}

static void check_file(const char *name, const void *expected, size_t expected_length) {
    char path[512];
    size_t length;
    join(path, sizeof path, directory, name);
    uint8_t *bytes = read_file(path, &length);
    CHECK(bytes != NULL);
    CHECK_UINT(expected_length, length);
    CHECK(bytes != NULL && length == expected_length && memcmp(bytes, expected, length) == 0);
    free(bytes);
}

/* Whether another process could take the lock of a segment. */
static bool can_be_locked(const char *name) {
    char path[512];
    join(path, sizeof path, directory, name);
    int descriptor = open(path, O_RDWR);
    bool is_free = descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    close(descriptor);
    return is_free;
}

static tr_locked_log *hold(void) {
    tr_locked_log *locked = NULL;
    CHECK_INT(TR_OK, tr_locked_log_open(directory, &locked, &error));
    return locked;
}

static void the_highest_segment_is_locked_until_it_is_closed(void) {
    make_log((uint64_t[]){3, 10}, 2);
    tr_locked_log *locked = hold();
    REQUIRE(locked != NULL);
    CHECK(!can_be_locked("wal_000000000000000a.log"));
    CHECK(can_be_locked("wal_0000000000000003.log"));
    CHECK_TEXT("wal_000000000000000b.log", tr_locked_log_next_name(locked));
    tr_locked_log_close(locked);
    CHECK(can_be_locked("wal_000000000000000a.log"));
    remove_directory(directory);
}

static void a_log_that_is_held_is_refused(void) {
    const char *const names[] = {"wal_0000000000000000.log", "wal_0000000000000001.log"};
    make_log((uint64_t[]){0, 1}, 2);
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        tr_locked_log *locked = NULL;
        join(path, sizeof path, directory, names[i]);
        int descriptor = open(path, O_RDWR);
        CHECK(flock(descriptor, LOCK_EX | LOCK_NB) == 0);
        CHECK_INT(TR_ERROR_LOCKED, tr_locked_log_open(directory, &locked, &error));
        CHECK(locked == NULL);
        CHECK(strstr(error.message, names[i]) != NULL);
        close(descriptor);
    }
    remove_directory(directory);
}

static void what_is_no_log_is_refused(void) {
    tr_locked_log *locked = NULL;
    make_log(NULL, 0);
    CHECK_INT(TR_ERROR_NOT_A_LOG, tr_locked_log_open(directory, &locked, &error));
    remove_directory(directory);
    CHECK_INT(TR_ERROR_NOT_A_LOG, tr_locked_log_open(directory, &locked, &error));
    CHECK(locked == NULL);
}

static void a_segment_is_added_and_held(void) {
    uint8_t bytes[256];
    size_t length = put_record(bytes, (written_record){.type = 1, .trace = 1, .node_id = 3});
    length += put_record(bytes + length, (written_record){.type = 2, .trace = 1, .node_id = 3});
    make_log((uint64_t[]){0}, 1);
    write_file(directory, "tracereel.new", "left by an interrupted run", 26);
    tr_locked_log *locked = hold();
    REQUIRE(locked != NULL);
    CHECK_INT(TR_OK, tr_locked_log_add_segment(locked, bytes, length, &error));
    check_file("wal_0000000000000001.log", bytes, length);
    CHECK(!can_be_locked("wal_0000000000000001.log"));
    CHECK(!is_there("tracereel.new"));
    CHECK_TEXT("wal_0000000000000002.log", tr_locked_log_next_name(locked));
    tr_locked_log_close(locked);
    CHECK(can_be_locked("wal_0000000000000001.log"));
    remove_directory(directory);
}

static void a_segment_that_came_meanwhile_is_not_replaced(void) {
    uint8_t bytes[128];
    size_t length = put_record(bytes, (written_record){.type = 1, .trace = 1});
    make_log((uint64_t[]){0}, 1);
    tr_locked_log *locked = hold();
    REQUIRE(locked != NULL);
    write_file(directory, "wal_0000000000000001.log", "another's", 9);
    CHECK_INT(TR_ERROR_LOCKED, tr_locked_log_add_segment(locked, bytes, length, &error));
    check_file("wal_0000000000000001.log", "another's", 9);
    CHECK(!is_there("tracereel.new"));
    tr_locked_log_close(locked);
    remove_directory(directory);
}

static void only_records_are_added(void) {
    uint8_t bytes[128];
    size_t length = put_record(bytes, (written_record){.type = 1, .trace = 1});
    make_log((uint64_t[]){0}, 1);
    tr_locked_log *locked = hold();
    REQUIRE(locked != NULL);
    CHECK_INT(TR_ERROR_ARGUMENT, tr_locked_log_add_segment(locked, bytes, 0, &error));
    CHECK_INT(TR_ERROR_ARGUMENT, tr_locked_log_add_segment(locked, bytes, length - 1, &error));
    bytes[40] ^= 1;
    CHECK_INT(TR_ERROR_ARGUMENT, tr_locked_log_add_segment(locked, bytes, length, &error));
    CHECK(!is_there("wal_0000000000000001.log"));
    tr_locked_log_close(locked);
    remove_directory(directory);
}

static void no_segment_follows_the_largest_number(void) {
    uint8_t bytes[128];
    size_t length = put_record(bytes, (written_record){.type = 1, .trace = 1});
    make_log((uint64_t[]){UINT64_MAX}, 1);
    tr_locked_log *locked = hold();
    REQUIRE(locked != NULL);
    CHECK(tr_locked_log_next_name(locked) == NULL);
    CHECK_INT(TR_ERROR_ARGUMENT, tr_locked_log_add_segment(locked, bytes, length, &error));
    tr_locked_log_close(locked);
    CHECK(!is_there("wal_0000000000000000.log"));
    remove_directory(directory);
}

static void a_segment_is_replaced_and_its_original_kept(void) {
    const char *const name = "wal_0000000000000000.log";
    make_log((uint64_t[]){0}, 1);
    write_file(directory, name, "0123456789", 10);
    tr_locked_log *locked = hold();
    REQUIRE(locked != NULL);
    const tr_stretch kept[] = {{0, 2}, {5, 3}};
    CHECK_INT(TR_OK, tr_locked_log_replace_segment(locked, name, kept, 2, "old", &error));
    check_file(name, "01567", 5);
    check_file("old", "0123456789", 10);
    CHECK(!can_be_locked(name));
    CHECK_INT(TR_ERROR_ARGUMENT, tr_locked_log_replace_segment(locked, name, kept, 1, "old", &error));
    CHECK_INT(TR_ERROR_ARGUMENT, tr_locked_log_replace_segment(locked, name, kept, 2, "other", &error));
    check_file(name, "01567", 5);
    CHECK(!is_there("other") && !is_there("tracereel.new"));
    tr_locked_log_close(locked);
    remove_directory(directory);
}

static void stretches_are_saved_to_a_new_file(void) {
    const char *const name = "wal_0000000000000000.log";
    make_log((uint64_t[]){0}, 1);
    write_file(directory, name, "0123456789", 10);
    tr_locked_log *locked = hold();
    REQUIRE(locked != NULL);
    CHECK_INT(TR_OK, tr_locked_log_save(locked, name, (tr_stretch[]){{8, 2}, {1, 1}}, 2, "saved", &error));
    check_file("saved", "891", 3);
    CHECK_INT(TR_ERROR_ARGUMENT, tr_locked_log_save(locked, name, (tr_stretch[]){{0, 1}}, 1, "saved", &error));
    check_file("saved", "891", 3);
    CHECK_INT(TR_ERROR_IO, tr_locked_log_save(locked, "absent", NULL, 0, "more", &error));
    tr_locked_log_close(locked);
    remove_directory(directory);
}

static void a_line_is_appended_after_a_torn_one(void) {
    make_log((uint64_t[]){0}, 1);
    tr_locked_log *locked = hold();
    REQUIRE(locked != NULL);
    CHECK_INT(TR_OK, tr_locked_log_append_line(locked, "journal", "one", 3, &error));
    check_file("journal", "one\n", 4);
    write_file(directory, "journal", "one\ntw", 6);
    CHECK_INT(TR_OK, tr_locked_log_append_line(locked, "journal", "three", 5, &error));
    check_file("journal", "one\ntw\nthree\n", 13);
    tr_locked_log_close(locked);
    remove_directory(directory);
}

static void a_line_does_not_go_into_what_is_no_file(void) {
    make_log((uint64_t[]){0}, 1);
    tr_locked_log *locked = hold();
    REQUIRE(locked != NULL);
    CHECK_INT(TR_OK, tr_locked_log_preflight(locked, "journal", &error));
    char path[256];
    snprintf(path, sizeof path, "%s/journal", directory);
    REQUIRE(mkfifo(path, 0600) == 0);
    CHECK_INT(TR_ERROR_IO, tr_locked_log_preflight(locked, "journal", &error));
    CHECK_CONTAINS("/journal: expected a file, found a pipe", error.message);
    CHECK_INT(TR_ERROR_IO, tr_locked_log_append_line(locked, "journal", "one", 3, &error));
    CHECK_CONTAINS("/journal: expected a file, found a pipe", error.message);
    tr_locked_log_close(locked);
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("the highest segment is locked until the log is closed",
              the_highest_segment_is_locked_until_it_is_closed);
    check_run("a log that another process holds is refused, whichever segment it holds", a_log_that_is_held_is_refused);
    check_run("what is not a log is not locked", what_is_no_log_is_refused);
    check_run("a segment is added with the next number, and locked", a_segment_is_added_and_held);
    check_run("a segment that another process added meanwhile is not replaced",
              a_segment_that_came_meanwhile_is_not_replaced);
    check_run("only valid records are added", only_records_are_added);
    check_run("no segment is added after the largest number", no_segment_follows_the_largest_number);
    check_run("a segment is replaced by some of its stretches, and its original kept",
              a_segment_is_replaced_and_its_original_kept);
    check_run("stretches of a segment are saved to a new file", stretches_are_saved_to_a_new_file);
    check_run("a line is appended after a torn one", a_line_is_appended_after_a_torn_one);
    check_run("a line is appended only to a regular file", a_line_does_not_go_into_what_is_no_file);
    return check_end();
}
