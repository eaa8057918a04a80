/* Following a log: what is appended is read once, and what is half written is waited for. */
#include "log_fixture.h"
#include "tracereel/log.h"

#define SEGMENT_0 "wal_0000000000000000.log"
#define SEGMENT_1 "wal_0000000000000001.log"
#define SEGMENT_3 "wal_0000000000000003.log"

static char directory[64];
static tr_log *log_read;
static uint8_t bytes[4096];

static void append(const char *name, const void *part, size_t length) {
    char path[512];
    join(path, sizeof path, directory, name);
    FILE *file = fopen(path, "ab");
    CHECK(file != NULL && (length == 0 || fwrite(part, 1, length, file) == length));
    CHECK(file != NULL && fclose(file) == 0);
}

static void append_record(const char *name, uint32_t node_id) {
    append(name, bytes, put_record(bytes, (written_record){.type = 1, .node_id = node_id}));
}

static void begin(void) {
    make_directory(directory);
    append(SEGMENT_0, NULL, 0);
    REQUIRE(tr_log_open(directory, NULL, &log_read, NULL) == TR_OK);
    tr_log_follow(log_read);
}

static void end(void) {
    tr_log_close(log_read);
    log_read = NULL;
    remove_directory(directory);
}

/* Reads what can be read now, as text: a node_id for a record, followed by "?" if it is suspect, a class for a gap, and
 * at the end "." if more may come. */
static const char *read_on(void) {
    static char text[512];
    tr_record record;
    tr_status status;
    size_t used = 0;
    while (((status = tr_log_next(log_read, &record)) == TR_OK || status == TR_GAP) && used + 64 < sizeof text) {
        used += status == TR_OK
                    ? (size_t)snprintf(text + used, 64, "%" PRIu32 "%s ", tr_record_node_id(&record),
                                       tr_log_place(log_read)->suspect ? "?" : "")
                    : (size_t)snprintf(text + used, 64, "%s ", tr_gap_class_name(tr_log_gap(log_read)->gap_class));
    }
    snprintf(text + used, 64, "%s", status != TR_END ? "failed" : tr_log_may_go_on(log_read) ? "." : "");
    return text;
}

static void records_come_once(void) {
    begin();
    CHECK_TEXT(".", read_on());
    append_record(SEGMENT_0, 1);
    append_record(SEGMENT_0, 2);
    CHECK_TEXT("1 2 .", read_on());
    CHECK_TEXT(".", read_on());
    append_record(SEGMENT_0, 3);
    CHECK_TEXT("3 .", read_on());
    CHECK_UINT(3, tr_log_get_statistics(log_read).records);
    CHECK_UINT(3 * 69, tr_log_get_statistics(log_read).record_bytes);
    CHECK_UINT(3 * 69, tr_log_position(log_read).offset);
    end();
}

static void half_a_record_is_waited_for(void) {
    begin();
    size_t length = put_record(bytes, (written_record){.type = 2, .node_id = 7, .metadata = "{\"a\":1}"});
    for (size_t i = 0; i < length; i++) {
        CHECK_TEXT(".", read_on());
        append(SEGMENT_0, bytes + i, 1);
    }
    CHECK_TEXT("7 .", read_on());
    CHECK_UINT(0, tr_log_get_statistics(log_read).gap_bytes);
    end();
}

static void a_torn_record_is_reported_when_the_log_continues(void) {
    begin();
    size_t length = put_record(bytes, (written_record){.type = 2, .node_id = 7});
    append(SEGMENT_0, bytes, length - 9);
    CHECK_TEXT(".", read_on());
    append_record(SEGMENT_0, 8); /* ends after the end that the torn one claims */
    CHECK_TEXT("torn_write 8 .", read_on());
    CHECK_TEXT(".", read_on());
    append(SEGMENT_0, "garbage that nobody wrote as a record, and that is longer than any header of one is", 84);
    CHECK_TEXT(".", read_on());
    append_record(SEGMENT_0, 9);
    CHECK_TEXT("corrupt 9 .", read_on());
    end();
}

static size_t put_long_record(uint8_t *out) {
    char metadata[301];
    memset(metadata, 'x', 300);
    metadata[300] = '\0';
    return put_record(out, (written_record){.type = 0, .node_id = 5, .metadata = metadata});
}

/* A record inside the text of another: only when the outer one is complete is it known that there was one record. */
static void a_record_within_a_record_is_not_taken_for_one(void) {
    begin();
    size_t length = put_long_record(bytes);
    uint8_t inner[128];
    size_t inner_length = put_record(inner, (written_record){.type = 1, .node_id = 6});
    memcpy(bytes + 100, inner, inner_length);
    put_crc(bytes, length);
    append(SEGMENT_0, bytes, 200);
    CHECK_TEXT(".", read_on());
    append(SEGMENT_0, bytes + 200, length - 200);
    CHECK_TEXT("5 .", read_on());
    end();
}

static void a_restarted_writer_is_believed_when_it_pauses(void) {
    begin();
    put_long_record(bytes);
    append(SEGMENT_0, bytes, 200);
    append_record(SEGMENT_0, 6); /* still within what the torn record claims */
    CHECK_TEXT(".", read_on());
    const char *found = ".";
    for (int i = 0; i < 200 && strcmp(found, ".") == 0; i++) {
        usleep(50000);
        found = read_on();
    }
    CHECK_TEXT("torn_write 6 .", found);
    end();
}

static void rotation_is_followed(void) {
    begin();
    append_record(SEGMENT_0, 1);
    CHECK_TEXT("1 .", read_on());
    append_record(SEGMENT_0, 2);
    append_record(SEGMENT_1, 3);
    CHECK_TEXT("2 3 .", read_on());
    append(SEGMENT_1, "torn", 4);
    CHECK_TEXT(".", read_on());
    append(SEGMENT_3, NULL, 0);
    CHECK_TEXT("corrupt missing_segment .", read_on()); /* the same as when it is read later: see the rules */
    append_record(SEGMENT_3, 4);
    CHECK_TEXT("4 .", read_on());
    CHECK_UINT(3, tr_log_segment_count(log_read));
    end();
}

static void one_segment_is_followed_alone(void) {
    char path[512];
    make_directory(directory);
    append_record(SEGMENT_0, 1);
    join(path, sizeof path, directory, SEGMENT_0);
    REQUIRE(tr_log_open(path, NULL, &log_read, NULL) == TR_OK);
    tr_log_follow(log_read);
    CHECK_TEXT("1 .", read_on());
    append_record(SEGMENT_1, 3);
    append_record(SEGMENT_0, 2);
    CHECK_TEXT("2 .", read_on());
    end();
}

/* Of the archive of that name, which has one record. */
static void check_that_an_archive_ends(const char *name) {
    char path[512];
    join(path, sizeof path, directory, name);
    REQUIRE(tr_log_open(path, NULL, &log_read, NULL) == TR_OK);
    tr_log_follow(log_read);
    CHECK_TEXT("1 ", read_on());
    tr_log_close(log_read);
    REQUIRE(tr_log_open(directory, NULL, &log_read, NULL) == TR_OK);
    tr_log_follow(log_read);
    CHECK_TEXT("1 .", read_on()); /* but the log that it belongs to does not */
    append_record(SEGMENT_1, 2);
    CHECK_TEXT("2 .", read_on());
    end();
}

static void an_archive_ends(void) {
    make_directory(directory);
    write_gzip(directory, SEGMENT_0 ".gz", "wb9", bytes, put_record(bytes, (written_record){.type = 1, .node_id = 1}));
    check_that_an_archive_ends(SEGMENT_0 ".gz");
#ifdef TR_WITH_ZSTD
    make_directory(directory);
    write_zstd(directory, SEGMENT_0 ".zst", bytes, put_record(bytes, (written_record){.type = 1, .node_id = 1}));
    check_that_an_archive_ends(SEGMENT_0 ".zst");
#endif
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("every appended record is read once", records_come_once);
    check_run("half a record is waited for, byte by byte, and is not a gap", half_a_record_is_waited_for);
    check_run("a torn record is reported once the log has continued after it",
              a_torn_record_is_reported_when_the_log_continues);
    check_run("a record inside the text of one that is being written is not read",
              a_record_within_a_record_is_not_taken_for_one);
    check_run("a restarted writer is recognized when the log does not grow for a second",
              a_restarted_writer_is_believed_when_it_pauses);
    check_run("new segments are read when the old one is at its end", rotation_is_followed);
    check_run("a single segment is followed alone", one_segment_is_followed_alone);
    check_run("a followed archive ends, and the log that it belongs to does not", an_archive_ends);
    return check_end();
}
