#include "tracereel/writer.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char scratch[64]; /* directory for this run */
static char log_directory[96];
static tr_error error;

static int remove_entry(const char *path, const struct stat *information, int kind, struct FTW *walk) {
    (void)information, (void)kind, (void)walk;
    return remove(path);
}

static void remove_tree(const char *path) {
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Each test has another directory, which does not exist yet. */
static void fresh_directory(void) {
    static unsigned number;
    snprintf(log_directory, sizeof log_directory, "%s/log%u", scratch, number++);
}

static const char *path_of(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", log_directory, name);
    return path;
}

static const char *segment_path(uint64_t sequence) {
    char name[64];
    snprintf(name, sizeof name, "wal_%016" PRIx64 ".log", sequence);
    return path_of(name);
}

/* Returns -1 if there is no such file. */
static int64_t file_bytes(const char *path) {
    struct stat information;
    return stat(path, &information) == 0 ? (int64_t)information.st_size : -1;
}

/* A file of zeros. */
static void make_file(const char *path, off_t length) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    CHECK(descriptor >= 0 && ftruncate(descriptor, length) == 0);
    close(descriptor);
}

static char *read_file(const char *path, size_t *length) {
    int64_t size = file_bytes(path);
    FILE *file = fopen(path, "rb");
    char *bytes = size < 0 || file == NULL ? NULL : malloc((size_t)size + 1);
    *length = bytes == NULL ? 0 : fread(bytes, 1, (size_t)size, file);
    if (file != NULL) {
        fclose(file);
    }
    return bytes;
}

static void check_same_file(const char *expected_path, const char *found_path) {
    size_t expected_length, found_length;
    char *expected = read_file(expected_path, &expected_length);
    char *found = read_file(found_path, &found_length);
    CHECK(expected != NULL && expected_length == found_length && memcmp(expected, found, found_length) == 0);
    free(expected);
    free(found);
}

static tr_record_fields record_with(const char *metadata, size_t length) {
    return (tr_record_fields){.type = TR_TYPE_TRACE_START,
                              .timestamp_ns = 1764000000000000000u,
                              .trace_id = {1, 2, 3},
                              .metadata = {metadata, (uint32_t)length}};
}

static tr_writer *open_writer(uint64_t max_segment_bytes, bool append) {
    tr_writer *writer;
    error.message[0] = '\0';
    tr_writer_options options = {.max_segment_bytes = max_segment_bytes, .append = append};
    CHECK_INT(TR_OK, tr_writer_open(log_directory, &options, &writer, &error));
    CHECK_TEXT("", error.message);
    return writer;
}

static tr_status open_refused(bool append) {
    tr_writer *writer = (tr_writer *)&error;
    tr_status status = tr_writer_open(log_directory, &(tr_writer_options){.append = append}, &writer, &error);
    CHECK(writer == NULL);
    return status;
}

/* The sample was written by the engine, which rotated at this size. */
static void writes_the_sample_again(void) {
    fresh_directory();
    tr_writer *writer = open_writer(32768, false);
    REQUIRE(writer != NULL);
    char path[128];
    for (unsigned segment = 0; segment < 3; segment++) {
        snprintf(path, sizeof path, "tests/fixtures/logs/orders/wal_%016x.log", segment);
        size_t length;
        char *bytes = read_file(path, &length);
        tr_record record = {0};
        tr_defect defect;
        for (size_t at = 0; at < length; at += record.length_bytes) {
            const uint8_t *here = (const uint8_t *)bytes + at;
            if (tr_record_decode(here, length - at, &record, &defect) != TR_OK) {
                break;
            }
            tr_position position;
            tr_record_fields fields;
            tr_record_unpack(&record, &fields);
            /* The first segment from fields, the others from bytes. */
            CHECK_INT(TR_OK, segment == 0
                                 ? tr_writer_append(writer, &fields, &position, &error)
                                 : tr_writer_append_bytes(writer, here, record.length_bytes, &position, &error));
            CHECK_UINT(segment, position.sequence);
            CHECK_UINT(at, position.offset);
        }
        free(bytes);
    }
    CHECK_INT(TR_OK, tr_writer_close(writer, &error));
    for (unsigned segment = 0; segment < 3; segment++) {
        snprintf(path, sizeof path, "tests/fixtures/logs/orders/wal_%016x.log", segment);
        check_same_file(path, segment_path(segment));
    }
    CHECK_INT(-1, file_bytes(segment_path(3)));
}

/* Records of many sizes, some larger than a segment, some larger than any buffer. */
static void rotates_where_the_rule_says(void) {
    enum { MAX = 1000, RECORDS = 400, LARGEST = 600000 };
    static char text[LARGEST];
    fresh_directory();
    tr_writer *writer = open_writer(MAX, false);
    REQUIRE(writer != NULL);
    uint64_t sequence = 0, offset = 0;
    uint32_t state = 12345;
    for (unsigned i = 0; i < RECORDS; i++) {
        state = state * 1664525 + 1013904223;
        size_t metadata = i % 50 == 17 ? LARGEST - i : i % 10 == 3 ? MAX - 69 + i % 3 : (state >> 16) % 400;
        if (i % 7 == 5 && offset + 69 <= MAX) {
            metadata = MAX - 69 - offset; /* fills the segment to the last byte */
        }
        uint64_t length = 69 + metadata;
        bool is_left = offset > 0 && offset + length > MAX;
        tr_position position;
        tr_record_fields fields = record_with(text, metadata);
        CHECK_INT(TR_OK, tr_writer_append(writer, &fields, &position, &error));
        if (is_left) {
            CHECK_INT((int64_t)offset, file_bytes(segment_path(sequence)));
            sequence++;
            offset = 0;
        }
        CHECK_UINT(sequence, position.sequence);
        CHECK_UINT(offset, position.offset);
        offset += length;
    }
    CHECK_INT(TR_OK, tr_writer_close(writer, &error));
    CHECK_INT((int64_t)offset, file_bytes(segment_path(sequence)));
    CHECK_INT(-1, file_bytes(segment_path(sequence + 1)));
}

static void a_second_writer_is_refused(void) {
    fresh_directory();
    tr_writer *writer = open_writer(100, false);
    REQUIRE(writer != NULL);
    CHECK_INT(TR_ERROR_LOCKED, open_refused(true));
    CHECK_CONTAINS("wal_0000000000000000.log", error.message);
    tr_record_fields fields = record_with("", 0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(TR_OK, tr_writer_append(writer, &fields, NULL, &error));
    }
    CHECK_INT(TR_ERROR_LOCKED, open_refused(true)); /* the third segment is now the locked one */
    CHECK_CONTAINS("wal_0000000000000002.log", error.message);
    CHECK_INT(TR_OK, tr_writer_close(writer, &error));
    CHECK_INT(69, file_bytes(segment_path(2)));
    writer = open_writer(1000, true);
    CHECK_INT(TR_OK, tr_writer_close(writer, &error));
}

static void a_running_engine_is_not_disturbed(void) {
    fresh_directory();
    CHECK(mkdir(log_directory, 0777) == 0);
    make_file(segment_path(4), 900); /* over half: its lock is respected nevertheless */
    int engine = open(segment_path(4), O_WRONLY);
    CHECK(flock(engine, LOCK_EX | LOCK_NB) == 0);
    CHECK_INT(TR_ERROR_LOCKED, open_refused(true));
    CHECK_INT(-1, file_bytes(segment_path(5)));
    close(engine);
}

static void check_append(uint64_t expected_sequence, uint64_t expected_offset) {
    tr_writer *writer = open_writer(1000, true);
    REQUIRE(writer != NULL);
    tr_position position;
    tr_record_fields fields = record_with("", 0);
    CHECK_INT(TR_OK, tr_writer_append(writer, &fields, &position, &error));
    CHECK_UINT(expected_sequence, position.sequence);
    CHECK_UINT(expected_offset, position.offset);
    CHECK_INT(TR_OK, tr_writer_close(writer, &error));
    CHECK_INT((int64_t)expected_offset + 69, file_bytes(segment_path(expected_sequence)));
}

static void appending(void) {
    fresh_directory();
    check_append(0, 0);
    check_append(0, 69);
    CHECK(truncate(segment_path(0), 100) == 0); /* torn by a crash: the engine continues right after it */
    check_append(0, 100);
    CHECK(truncate(segment_path(0), 500) == 0);
    check_append(0, 500); /* exactly half */
    CHECK(truncate(segment_path(0), 501) == 0);
    check_append(1, 0);
    make_file(path_of("wal_000000000000000c.log.gz"), 20);
    check_append(13, 0);
    make_file(path_of("wal_000000000000000d.log.gz"), 20); /* an archiver has not yet removed the plain one */
    check_append(13, 69);
    make_file(path_of("notes.txt"), 20);
    make_file(path_of("wal_zz.log"), 20);
    check_append(13, 138);
    make_file(path_of("wal_10.log"), 5); /* fewer digits than the engine writes, but a segment to every reader */
    tr_writer *writer = open_writer(1000, true);
    CHECK_INT(TR_OK, tr_writer_close(writer, &error));
    CHECK_INT(-1, file_bytes(segment_path(16)));
    CHECK_INT(-1, file_bytes(segment_path(17)));
}

static void a_new_log_needs_a_new_place(void) {
    fresh_directory();
    check_append(0, 0);
    CHECK_INT(TR_ERROR_ARGUMENT, open_refused(false));
    CHECK_CONTAINS(log_directory, error.message);
    CHECK_CONTAINS("wal_0000000000000000.log", error.message);
    CHECK_INT(69, file_bytes(segment_path(0)));
    CHECK_INT(-1, file_bytes(segment_path(1)));
    fresh_directory();
    CHECK(mkdir(log_directory, 0777) == 0);
    make_file(path_of("wal_0000000000000003.log.gz"), 20);
    CHECK_INT(TR_ERROR_ARGUMENT, open_refused(false));
}

static void no_number_follows_the_largest(void) {
    fresh_directory();
    CHECK(mkdir(log_directory, 0777) == 0);
    make_file(segment_path(UINT64_MAX), 200);
    tr_writer *writer = open_writer(400, true);
    REQUIRE(writer != NULL);
    static const char text[200];
    tr_record_fields fields = record_with(text, sizeof text);
    CHECK_INT(TR_ERROR_IO, tr_writer_append(writer, &fields, NULL, &error));
    CHECK_CONTAINS("wal_ffffffffffffffff.log: it has the largest number", error.message);
    CHECK_INT(TR_ERROR_IO, tr_writer_close(writer, NULL));
    CHECK_INT(200, file_bytes(segment_path(UINT64_MAX)));
    CHECK_INT(-1, file_bytes(segment_path(0)));
}

static void what_is_no_segment_file(void) {
    fresh_directory();
    CHECK(mkdir(log_directory, 0777) == 0 && mkdir(segment_path(0), 0777) == 0);
    CHECK_INT(TR_ERROR_IO, open_refused(true));
    CHECK_CONTAINS("wal_0000000000000000.log", error.message);
    CHECK(mkfifo(segment_path(1), 0666) == 0);
    CHECK_INT(TR_ERROR_IO, open_refused(true)); /* and does not wait for a reader */
    CHECK_CONTAINS("wal_0000000000000001.log", error.message);
}

static void directories_that_cannot_be(void) {
    snprintf(log_directory, sizeof log_directory, "%s/missing/log", scratch);
    CHECK_INT(TR_ERROR_IO, open_refused(false));
    CHECK_CONTAINS("missing/log", error.message);
    CHECK_CONTAINS("No such file or directory", error.message);
    snprintf(log_directory, sizeof log_directory, "%s/file\n", scratch);
    make_file(log_directory, 1);
    CHECK_INT(TR_ERROR_IO, open_refused(false));
    CHECK_CONTAINS("/file?: cannot open this directory", error.message); /* one line, whatever the name */
}

static void sync_reaches_the_file(void) {
    fresh_directory();
    tr_writer *writer = open_writer(0, false);
    REQUIRE(writer != NULL);
    tr_record_fields fields = record_with("{}", 2);
    CHECK_INT(TR_OK, tr_writer_append(writer, &fields, NULL, &error));
    CHECK_INT(0, file_bytes(segment_path(0)));
    CHECK_INT(TR_OK, tr_writer_sync(writer, &error));
    CHECK_INT(71, file_bytes(segment_path(0)));
    CHECK_INT(TR_OK, tr_writer_close(writer, &error));
    CHECK_INT(TR_OK, tr_writer_close(NULL, &error));
}

static void wrong_records_are_refused(void) {
    uint8_t bytes[80] = {0};
    tr_record_fields fields = record_with("", 0);
    CHECK_INT(TR_OK, tr_record_encode(&fields, bytes, sizeof bytes));
    for (int wrong = 0; wrong < 4; wrong++) {
        static const char *const messages[] = {"CRC mismatch", "one record of 69 bytes, found 70", "type that does not",
                                               "longer than 32 bits"};
        fresh_directory();
        tr_writer *writer = open_writer(0, false);
        REQUIRE(writer != NULL);
        tr_status status;
        if (wrong < 2) {
            bytes[40] ^= wrong == 0;
            status = tr_writer_append_bytes(writer, bytes, wrong == 0 ? 69 : 70, NULL, &error);
            bytes[40] ^= wrong == 0;
        } else {
            tr_record_fields broken = record_with("", wrong == 2 ? 0 : UINT32_MAX);
            broken.type = (tr_record_type)(wrong == 2 ? TR_RECORD_TYPE_COUNT : 0);
            status = tr_writer_append(writer, &broken, NULL, &error);
        }
        CHECK_INT(TR_ERROR_ARGUMENT, status);
        CHECK_CONTAINS(messages[wrong], error.message);
        CHECK_INT(TR_ERROR_ARGUMENT, tr_writer_append(writer, &fields, NULL, NULL));
        CHECK_INT(TR_ERROR_ARGUMENT, tr_writer_close(writer, &error));
        CHECK_INT(0, file_bytes(segment_path(0)));
    }
}

/* In a child process, because the limit stays. The system writes the first 1000 bytes and refuses the rest. */
static void fill_the_disk(void) {
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1000, 1000});
    tr_writer *writer = open_writer(0, false);
    tr_record_fields fields = record_with("", 0);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(TR_OK, tr_writer_append(writer, &fields, NULL, &error));
    }
    CHECK_INT(TR_ERROR_IO, tr_writer_sync(writer, &error));
    char first[TR_ERROR_BYTES];
    snprintf(first, sizeof first, "%s", error.message);
    CHECK_CONTAINS("wal_0000000000000000.log: cannot write at offset 1000: File too large", first);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, 1000});
    for (int call = 0; call < 4; call++) {
        error.message[0] = '\0';
        tr_status status = call == 0   ? tr_writer_append(writer, &fields, NULL, &error)
                           : call == 1 ? tr_writer_append_bytes(writer, (const uint8_t *)"", 0, NULL, &error)
                           : call == 2 ? tr_writer_sync(writer, &error)
                                       : tr_writer_close(writer, &error);
        CHECK_INT(TR_ERROR_IO, status);
        CHECK_TEXT(first, error.message);
    }
    CHECK_INT(1000, file_bytes(segment_path(0))); /* nothing more was tried */
}

static void a_full_disk(void) {
    fresh_directory();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        fill_the_disk();
        fflush(stdout);
        _exit(check_state.failures > 0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv) {
    const char *temporary = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%.40s/writer_test.XXXXXX", temporary == NULL ? "/tmp" : temporary);
    if (mkdtemp(scratch) == NULL) {
        perror(scratch);
        return 1;
    }
    check_begin(argc, argv);
    check_run("a log written by the engine and written again has the same bytes in the same segments",
              writes_the_sample_again);
    check_run("a new segment begins before a record would exceed the maximum", rotates_where_the_rule_says);
    check_run("a second writer is refused, before and after a rotation", a_second_writer_is_refused);
    check_run("a log that an engine writes to is not touched", a_running_engine_is_not_disturbed);
    check_run("appending continues where the engine would", appending);
    check_run("a new log is not written among the segments of another", a_new_log_needs_a_new_place);
    check_run("no segment is begun after the largest number", no_number_follows_the_largest);
    check_run("a directory or a pipe with the name of a segment is refused", what_is_no_segment_file);
    check_run("a directory that cannot be created or opened is named in the message", directories_that_cannot_be);
    check_run("what was synced is in the file", sync_reaches_the_file);
    check_run("what is not a record is refused, and ends the writing", wrong_records_are_refused);
    check_run("a write that the system refuses is reported, and ends the writing", a_full_disk);
    remove_tree(scratch);
    return check_end();
}
