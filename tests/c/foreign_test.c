#include "log/foreign.h"

#include "log_fixture.h"
#include "tracereel/log.h"

enum { RECORD_BYTES = 69 + 5 + 8 };

static const written_record example = {.type = 3,
                                       .trace = 0xa7,
                                       .node_id = 2,
                                       .timestamp_ns = 1767225600000000000,
                                       .error_message = "error",
                                       .metadata = "metadata"};

static tr_look look(const uint8_t *bytes, size_t length, const char **what) {
    tr_foreign foreign = {"", ""};
    uint8_t *exact = malloc(length); /* so that a sanitizer sees every overread */
    memcpy(exact, bytes, length);
    tr_look answer = tr_foreign_look(exact, length, &foreign);
    free(exact);
    *what = foreign.what;
    return answer;
}

static bool is_log(const uint8_t *bytes, size_t length) {
    const char *what;
    return look(bytes, length, &what) == TR_LOOK_LOG;
}

static void a_first_record_torn_anywhere_begins_a_log(void) {
    static const written_record records[] = {
        {.type = 0, .trace = 1, .metadata = "{}"},
        {.type = 10, .trace = 0x41, .timestamp_ns = UINT64_MAX},
        {.type = 2, .trace = 0x28, .metadata = "{}", .extra = "of a later version"},
    };
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        uint8_t bytes[256];
        size_t whole = put_record(bytes, records[i]);
        for (size_t length = 1; length < whole; length++) {
            CHECK(is_log(bytes, length));
        }
    }
}

static void one_flipped_bit_does_not_make_a_record_something_else(void) {
    uint8_t bytes[2 * RECORD_BYTES];
    CHECK_UINT(RECORD_BYTES, put_record(bytes, example));
    CHECK_UINT(RECORD_BYTES, put_record(bytes + RECORD_BYTES, example));
    bytes[2 * RECORD_BYTES - 1] ^= 1; /* the second is broken, too */
    for (size_t bit = 0; bit < 8 * RECORD_BYTES; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(is_log(bytes, RECORD_BYTES));
        CHECK(is_log(bytes, 2 * RECORD_BYTES));
        CHECK(is_log(bytes, 2 * RECORD_BYTES - 9)); /* the second is torn */
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void pages_that_were_never_written_can_be_a_log(void) {
    static uint8_t bytes[8192];
    CHECK(is_log(bytes, 4));
    CHECK(is_log(bytes, sizeof bytes));
    memset(bytes + 4096, 0xa5, 4096); /* the first page was lost, and the end of a record is there */
    CHECK(is_log(bytes, sizeof bytes));
}

static void up_to_three_bytes_may_be_a_log(void) {
    CHECK(is_log((const uint8_t *)"abc", 3));
    CHECK(!is_log((const uint8_t *)"abcd", 4));
}

static void files_are_recognized_by_their_magic_numbers(void) {
    static const struct {
        const char *bytes;
        size_t length;
        const char *what;
    } cases[] = {{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10, "gzip data"},
                 {"\x28\xb5\x2f\xfd\x04\x00", 6, "zstd data"},
                 {"\xfd\x37zXZ\0\0\x04", 8, "xz data"},
                 {"BZh91AY&SY\xaa", 11, "bzip2 data"},
                 {"PK\x03\x04\x14\0\0\0\x08\0", 10, "a zip archive"},
                 {"\x7f\x45\x4c\x46\x02\x01\x01\0\0", 9, "a program (ELF)"},
                 {"%PDF-1.7\n%\xe2\xe3", 12, "a PDF document"},
                 {"SQLite format 3\0\x10\0", 18, "an SQLite database"},
                 {"\x89PNG\r\n\x1a\n\0\0", 10, "a PNG picture"},
                 {"XSNP\1\0\0\0", 8, "a snapshot of the engine"},
                 {"NERAVREX\1\0\0\0", 12, "an arena of the engine"},
                 {"\xff\xfeh\0e\0l\0l\0o\0", 12, "text (UTF-16)"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *what;
        CHECK(look((const uint8_t *)cases[i].bytes, cases[i].length, &what) != TR_LOOK_LOG);
        CHECK_TEXT(cases[i].what, what);
    }
}

/* 559,903 bytes: in its first four bytes it looks like gzip data. */
static void a_record_with_the_length_of_a_magic_number_is_a_record(void) {
    static uint8_t bytes[0x088b1f];
    static char text[0x088b1f - 69 + 1];
    memset(text, 'x', sizeof text - 1);
    written_record record = example;
    record.error_message = NULL;
    record.metadata = text;
    CHECK_UINT(sizeof bytes, put_record(bytes, record));
    CHECK_UINT(0x1f, bytes[0]);
    CHECK(is_log(bytes, 400));
    bytes[1000] ^= 1;
    CHECK(is_log(bytes, sizeof bytes));
}

static void text_is_recognized_by_its_characters(void) {
    static const struct {
        const char *text;
        const char *what;
    } cases[] = {{"hello\n", "text"},
                 {"the log\n of yesterday", "text"}, /* byte 8 is not a letter: as a type it exists */
                 {"\xc3\xa4\xc3\xb6\xc3\xbc", "text"},
                 {"\n\n  {\"a\": 1}", "text (JSON, by its first character)"},
                 {"[1, 2]", "text (JSON, by its first character)"},
                 {"\xef\xbb\xbf<?xml version='1.0'?>", "text (XML or HTML, by its first character)"}};
    const char *what;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(TR_LOOK_KNOWN, look((const uint8_t *)cases[i].text, strlen(cases[i].text), &what));
        CHECK_TEXT(cases[i].what, what);
    }
    CHECK_INT(TR_LOOK_UNKNOWN, look((const uint8_t *)"he\0llo", 6, &what));
    CHECK_INT(TR_LOOK_UNKNOWN, look((const uint8_t *)"hell\xf6 there", 11, &what));
}

/* A character lies across the end of what is examined. */
static void long_text_is_text(void) {
    static uint8_t text[200000];
    const char *what;
    for (size_t i = 0; i + 1 < sizeof text; i += 2) {
        memcpy(text + i, "\xc3\xa4", 2);
    }
    text[0] = 'a';
    memmove(text + 1, text + 2, sizeof text - 3);
    CHECK_INT(TR_LOOK_KNOWN, look(text, sizeof text - 3, &what));
    CHECK_TEXT("text", what);
}

static uint32_t next_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void random_bytes_are_no_log(void) {
    enum { TRIALS = 20000, BYTES = 300 };
    uint32_t state = 2463534242;
    unsigned logs = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        uint8_t bytes[BYTES];
        for (size_t i = 0; i < BYTES; i++) {
            bytes[i] = (uint8_t)(next_random(&state) >> 24);
        }
        logs += is_log(bytes, BYTES);
    }
    /* A length of 70 to 2^26 by chance (1 in 64), a type that exists (1 in 23), texts that fit (1 in 100 or less). */
    CHECK(logs <= 2);
}

static void evenly_distributed_bytes_are_called_random(void) {
    static uint8_t bytes[70000];
    uint32_t state = 1;
    const char *what;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(next_random(&state) >> 24);
    }
    bytes[3] = 0x80; /* not a length that the engine writes */
    static const size_t lengths[] = {4096, sizeof bytes};
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(TR_LOOK_UNKNOWN, look(bytes, lengths[i], &what));
        CHECK_TEXT("compressed, encrypted or random data", what);
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] |= 0x80; /* seven bits a byte */
    }
    CHECK_INT(TR_LOOK_UNKNOWN, look(bytes, sizeof bytes, &what));
    CHECK_TEXT("data of another kind", what);
}

/* ---- through a log ---- */

static const char zstd[] = "\x28\xb5\x2f\xfd\x04\x00\x99\x01\x00 something that was packed";

/* Reads a log to its end and returns the last status. */
static tr_status read_to_end(const char *directory, const char *name, const tr_log_options *options, char message[768],
                             unsigned *gaps) {
    char path[512];
    join(path, sizeof path, directory, name);
    tr_log *log = NULL;
    tr_record record;
    CHECK_INT(TR_OK, tr_log_open(path, options, &log, NULL));
    tr_status status;
    *gaps = 0;
    while ((status = tr_log_next(log, &record)) == TR_OK || status == TR_GAP) {
        *gaps += status == TR_GAP;
    }
    CHECK_INT(status, tr_log_next(log, &record)); /* the same again */
    snprintf(message, 768, "%s", tr_log_error(log)->message);
    tr_log_close(log);
    return status;
}

static void one_foreign_file_is_refused_in_every_mode(void) {
    char directory[64], message[768];
    unsigned gaps;
    make_directory(directory);
    write_file(directory, "wal_0.log", zstd, sizeof zstd - 1);
    static const char *const names[] = {"wal_0.log", ""};
    for (int mode = TR_LOG_SALVAGE; mode <= TR_LOG_STRICT; mode++) {
        tr_log_options options = {.mode = (tr_log_mode)mode};
        for (size_t i = 0; i < 2; i++) {
            CHECK_INT(TR_ERROR_NOT_A_LOG, read_to_end(directory, names[i], &options, message, &gaps));
            CHECK_UINT(0, gaps);
            CHECK_CONTAINS("wal_0.log: not a log: no record is in it, and it looks like zstd data", message);
        }
    }
    remove_directory(directory);
}

static void a_foreign_file_among_segments_is_a_gap(void) {
    char directory[64], message[768];
    unsigned gaps;
    uint8_t bytes[RECORD_BYTES];
    make_directory(directory);
    write_file(directory, "wal_0.log", bytes, put_record(bytes, example));
    write_file(directory, "wal_1.log", zstd, sizeof zstd - 1);
    CHECK_INT(TR_END, read_to_end(directory, "", NULL, message, &gaps));
    CHECK_UINT(1, gaps);
    write_file(directory, "wal_0.log", "text, not records", 17);
    CHECK_INT(TR_ERROR_NOT_A_LOG, read_to_end(directory, "", NULL, message, &gaps));
    CHECK_UINT(2, gaps);
    CHECK_CONTAINS("not a log: no record is in its 2 segments, and wal_0.log looks like text", message);
    write_file(directory, "wal_2.log", bytes, 40); /* a crash in the first record ever written */
    CHECK_INT(TR_END, read_to_end(directory, "", NULL, message, &gaps));
    remove_directory(directory);
}

static void a_file_named_like_an_archive_is_reported_as_what_it_is(void) {
    char directory[64], message[768];
    unsigned gaps;
    uint8_t bytes[RECORD_BYTES];
    size_t length = put_record(bytes, example);
    make_directory(directory);
    write_file(directory, "wal_0.log.gz", bytes, length);
    CHECK_INT(TR_ERROR_NOT_A_LOG, read_to_end(directory, "wal_0.log.gz", NULL, message, &gaps));
    CHECK_CONTAINS("it looks like records that are not compressed; name it without .gz", message);
    write_file(directory, "wal_0.log.gz", "only a text", 11);
    CHECK_INT(TR_ERROR_NOT_A_LOG, read_to_end(directory, "wal_0.log.gz", NULL, message, &gaps));
    write_gzip(directory, "wal_0.log.gz", "wb", "only a text", 11);
    CHECK_INT(TR_ERROR_NOT_A_LOG, read_to_end(directory, "wal_0.log.gz", NULL, message, &gaps));
    /* An archive stays one when its first byte flips. */
    write_gzip(directory, "wal_0.log.gz", "wb", bytes, length);
    char path[512];
    join(path, sizeof path, directory, "wal_0.log.gz");
    size_t packed_bytes;
    uint8_t *packed = read_file(path, &packed_bytes);
    packed[0] ^= 0x40;
    write_file(directory, "wal_0.log.gz", packed, packed_bytes);
    free(packed);
    CHECK_INT(TR_END, read_to_end(directory, "wal_0.log.gz", NULL, message, &gaps));
    CHECK_UINT(1, gaps);
    remove_directory(directory);
}

static void following_a_foreign_file_fails_at_once(void) {
    char directory[64], path[512];
    make_directory(directory);
    write_file(directory, "wal_0.log", zstd, sizeof zstd - 1);
    join(path, sizeof path, directory, "wal_0.log");
    tr_log *log = NULL;
    tr_record record;
    CHECK_INT(TR_OK, tr_log_open(path, NULL, &log, NULL));
    tr_log_follow(log);
    CHECK_INT(TR_ERROR_NOT_A_LOG, tr_log_next(log, &record));
    CHECK(!tr_log_may_go_on(log));
    tr_log_close(log);
    uint8_t bytes[RECORD_BYTES];
    put_record(bytes, example);
    write_file(directory, "wal_0.log", bytes, 40);
    CHECK_INT(TR_OK, tr_log_open(path, NULL, &log, NULL));
    tr_log_follow(log);
    CHECK_INT(TR_END, tr_log_next(log, &record)); /* it may still be written */
    CHECK(tr_log_may_go_on(log));
    tr_log_close(log);
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a first record torn at any byte is the beginning of a log", a_first_record_torn_anywhere_begins_a_log);
    check_run("no flipped bit makes a record something else", one_flipped_bit_does_not_make_a_record_something_else);
    check_run("pages that were never written can be a log", pages_that_were_never_written_can_be_a_log);
    check_run("up to three bytes may be a log", up_to_three_bytes_may_be_a_log);
    check_run("files are recognized by their magic numbers", files_are_recognized_by_their_magic_numbers);
    check_run("a record with the length of a magic number is a record",
              a_record_with_the_length_of_a_magic_number_is_a_record);
    check_run("text is recognized by its characters", text_is_recognized_by_its_characters);
    check_run("long text is recognized, also when a character is cut off", long_text_is_text);
    check_run("random bytes are not a log", random_bytes_are_no_log);
    check_run("evenly distributed bytes are called compressed, encrypted or random",
              evenly_distributed_bytes_are_called_random);
    check_run("a single foreign file is refused in every mode", one_foreign_file_is_refused_in_every_mode);
    check_run("a foreign file among segments is a gap", a_foreign_file_among_segments_is_a_gap);
    check_run("a file that is named like an archive and is none is reported as what it is",
              a_file_named_like_an_archive_is_reported_as_what_it_is);
    check_run("following a file that is not a log fails at once", following_a_foreign_file_fails_at_once);
    return check_end();
}
