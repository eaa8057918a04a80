#include "tracereel/locked_arena.h"

#include <sys/file.h>
#include <sys/stat.h>

#include "log_fixture.h"

enum { FILE_BYTES = 4096 };

static char directory[64];
static char path[512];
static tr_error error;
static uint8_t bytes[FILE_BYTES];

static void make_arena(size_t length) {
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + 1);
    }
    make_directory(directory);
    join(path, sizeof path, directory, "trace.bin");
    write_file(directory, "trace.bin", bytes, length);
}

static tr_locked_arena *hold(void) {
    tr_locked_arena *locked = NULL;
    CHECK_INT(TR_OK, tr_locked_arena_open(path, &locked, &error));
    return locked;
}

static void an_arena_is_locked_until_it_is_closed(void) {
    make_arena(FILE_BYTES);
    int descriptor = open(path, O_RDWR);
    tr_locked_arena *locked = hold();
    REQUIRE(locked != NULL);
    CHECK(flock(descriptor, LOCK_EX | LOCK_NB) != 0);
    tr_locked_arena_close(locked);
    CHECK(flock(descriptor, LOCK_EX | LOCK_NB) == 0);
    CHECK_INT(TR_ERROR_LOCKED, tr_locked_arena_open(path, &locked, &error));
    CHECK(locked == NULL);
    CHECK(strstr(error.message, "trace.bin: another process holds it") != NULL);
    close(descriptor);
    remove_directory(directory);
}

static void the_write_position_alone_is_changed(void) {
    make_arena(FILE_BYTES);
    tr_locked_arena *locked = hold();
    REQUIRE(locked != NULL);
    CHECK_INT(TR_OK, tr_locked_arena_set_write_position(locked, 0xf1f2f3f4f5f6f7f8, &error));
    CHECK_INT(TR_OK, tr_locked_arena_sync(locked, &error));
    tr_locked_arena_close(locked);
    size_t length;
    uint8_t *found = read_file(path, &length);
    REQUIRE(found != NULL);
    CHECK_UINT(FILE_BYTES, length);
    put_number(bytes + 56, 0xf1f2f3f4f5f6f7f8, 8);
    CHECK(length == FILE_BYTES && memcmp(found, bytes, FILE_BYTES) == 0);
    free(found);
    remove_directory(directory);
}

static void the_header_is_as_long_as_the_file_allows(void) {
    const size_t lengths[] = {0, 1, 127, 128, 129, FILE_BYTES};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        make_arena(lengths[i]);
        tr_locked_arena *locked = hold();
        REQUIRE(locked != NULL);
        uint8_t header[TR_ARENA_HEADER_BYTES];
        size_t length;
        uint64_t file_bytes;
        CHECK_INT(TR_OK, tr_locked_arena_read_header(locked, header, &length, &file_bytes, &error));
        CHECK_UINT(lengths[i] < TR_ARENA_HEADER_BYTES ? lengths[i] : TR_ARENA_HEADER_BYTES, length);
        CHECK_UINT(lengths[i], file_bytes);
        CHECK(memcmp(header, bytes, length) == 0);
        tr_locked_arena_close(locked);
        remove_directory(directory);
    }
}

static void check_refused(const char *words) {
    tr_locked_arena *locked = NULL;
    CHECK_INT(TR_ERROR_IO, tr_locked_arena_open(path, &locked, &error));
    CHECK(locked == NULL);
    CHECK(strstr(error.message, words) != NULL);
}

static void what_is_no_file_is_refused(void) {
    make_arena(FILE_BYTES);
    char other[512];
    join(other, sizeof other, directory, "other");
    CHECK(rename(path, other) == 0);
    check_refused("No such file");
    CHECK(symlink(other, path) == 0);
    check_refused("trace.bin: expected a file, found a symbolic link");
    CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    check_refused("trace.bin: expected a file, found a pipe");
    CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
    check_refused("trace.bin: cannot open it for writing: Is a directory");
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("an arena is locked until it is closed", an_arena_is_locked_until_it_is_closed);
    check_run("setting the write position changes nothing else", the_write_position_alone_is_changed);
    check_run("a header is as long as the file allows", the_header_is_as_long_as_the_file_allows);
    check_run("only a regular file is locked as an arena", what_is_no_file_is_refused);
    return check_end();
}
