/* Logs crafted to keep a reader busy. */
#include "log_fixture.h"
#include "tracereel/log.h"

#define SEGMENT_0 "wal_0000000000000000.log"

static tr_log *open_log(const char *path) {
    tr_log *log;
    CHECK_INT(TR_OK, tr_log_open(path, NULL, &log, NULL));
    return log;
}

/* After a gap, long records are checked in another way: the good ones are read, the broken one is not. */
static void long_records_after_a_gap(void) {
    enum { TEXT_BYTES = 100000, LONG_RECORDS = 5, BROKEN = 2, LONG_BYTES = 69 + TEXT_BYTES, GARBAGE_BYTES = 1000 };
    char directory[64];
    char *text = malloc(TEXT_BYTES + 1);
    uint8_t *bytes = malloc(GARBAGE_BYTES + LONG_RECORDS * LONG_BYTES);
    REQUIRE(text != NULL && bytes != NULL);
    memset(bytes, 0xee, GARBAGE_BYTES);
    for (size_t i = 0; i < LONG_RECORDS; i++) {
        memset(text, 'a' + (int)i, TEXT_BYTES);
        text[TEXT_BYTES] = '\0';
        put_record(bytes + GARBAGE_BYTES + i * LONG_BYTES, (written_record){.type = 0, .metadata = text});
    }
    size_t broken_at = GARBAGE_BYTES + BROKEN * LONG_BYTES;
    bytes[broken_at + LONG_BYTES / 2] ^= 1;
    make_directory(directory);
    write_file(directory, SEGMENT_0, bytes, GARBAGE_BYTES + LONG_RECORDS * LONG_BYTES);
    tr_log *log = open_log(directory);
    tr_record record;
    CHECK_INT(TR_GAP, tr_log_next(log, &record));
    for (size_t i = 0; i < LONG_RECORDS; i++) {
        CHECK_INT(i == BROKEN ? TR_GAP : TR_OK, tr_log_next(log, &record));
        if (i == BROKEN) {
            const tr_gap *gap = tr_log_gap(log);
            CHECK_UINT(broken_at, gap->position.offset);
            CHECK_UINT(LONG_BYTES, gap->length_bytes);
            CHECK_INT(TR_DEFECT_CRC, gap->defect.code);
            CHECK_UINT(crc32(0, bytes + broken_at + 29, LONG_BYTES - 29), gap->defect.found);
        } else {
            CHECK(record.length_bytes == LONG_BYTES && record.bytes[LONG_BYTES - 1] == 'a' + i);
        }
    }
    CHECK_INT(TR_END, tr_log_next(log, &record));
    tr_log_close(log);
    free(bytes);
    free(text);
    remove_directory(directory);
}

/* 16 MiB of broken records that claim to end where the last one begins, each followed by a good one. Checked one by
 * one, their claims would add up to a terabyte. */
static void claims_that_overlap(void) {
    enum { SEGMENT_BYTES = 16 << 20, RECORD_BYTES = 69 };
    char directory[64];
    uint8_t *bytes = malloc(SEGMENT_BYTES);
    REQUIRE(bytes != NULL);
    size_t pairs = SEGMENT_BYTES / (2 * RECORD_BYTES), at = 0;
    for (size_t i = 0; i < pairs; i++) {
        put_record(bytes + at, (written_record){.type = 1});
        put_number(bytes + at, (2 * pairs - 1) * RECORD_BYTES - at, 4);
        at += RECORD_BYTES;
        at += put_record(bytes + at, (written_record){.type = 1, .node_id = (uint32_t)i});
    }
    make_directory(directory);
    write_file(directory, SEGMENT_0, bytes, at);
    tr_log *log = open_log(directory);
    tr_record record;
    for (size_t i = 0; i + 1 < pairs; i++) { /* the last one's claim is true */
        REQUIRE(tr_log_next(log, &record) == TR_GAP);
        REQUIRE(tr_log_next(log, &record) == TR_OK);
        CHECK_UINT(i, tr_record_node_id(&record));
        CHECK(tr_log_place(log)->suspect);
    }
    for (int i = 0; i < 2; i++) {
        CHECK_INT(TR_OK, tr_log_next(log, &record));
    }
    CHECK(!tr_log_place(log)->suspect);
    CHECK_INT(TR_END, tr_log_next(log, &record));
    tr_log_close(log);
    free(bytes);
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("long records after a gap are accepted or rejected as before it", long_records_after_a_gap);
    check_run("a hundred thousand claims on the same bytes are checked in one pass", claims_that_overlap);
    return check_end();
}
