/* Logs that are damaged on purpose, in one way after another. */
#include <sys/wait.h>

#include "log_fixture.h"
#include "tracereel/log.h"

#define SEGMENT_0 "wal_0000000000000000.log"
#define SEGMENT_1 "wal_0000000000000001.log"

enum { RECORDS = 12, BYTES_MAX = 2048 };

/* Writes one record of each type, and one with bytes of a later version. Returns the length; `starts` receives where
 * each begins, and the end. */
static size_t put_small_log(uint8_t *out, size_t starts[RECORDS + 1]) {
    size_t at = 0;
    for (unsigned i = 0; i < RECORDS; i++) {
        starts[i] = at;
        at += put_record(out + at, (written_record){.type = i % TR_RECORD_TYPE_COUNT,
                                                    .trace = (uint8_t)(i + 1),
                                                    .node_id = i,
                                                    .timestamp_ns = 1764000000000000000u + i,
                                                    .error_message = i == 3 || i == 5 ? "declined" : NULL,
                                                    .metadata = i == 0 || i == 6 ? "{\"a\":1}" : NULL,
                                                    .extra = i == 11 ? "later" : NULL});
    }
    starts[RECORDS] = at;
    return at;
}

static tr_log *open_log(const char *path) {
    tr_log *log;
    tr_error error = {""};
    CHECK_INT(TR_OK, tr_log_open(path, NULL, &log, &error));
    CHECK_TEXT("", error.message);
    return log;
}

static void cut_at_every_byte(void) {
    char directory[64];
    uint8_t bytes[BYTES_MAX];
    size_t starts[RECORDS + 1];
    size_t length = put_small_log(bytes, starts);
    make_directory(directory);
    for (size_t cut = 0; cut <= length; cut++) {
        write_file(directory, SEGMENT_0, bytes, cut);
        tr_log *log = open_log(directory);
        tr_record record;
        size_t count = 0;
        for (; count < RECORDS && starts[count + 1] <= cut; count++) {
            REQUIRE(tr_log_next(log, &record) == TR_OK);
            CHECK_BYTES(bytes + starts[count], starts[count + 1] - starts[count], record.bytes, record.length_bytes);
        }
        if (starts[count] < cut) {
            CHECK_INT(TR_GAP, tr_log_next(log, &record));
            CHECK_INT(TR_GAP_TORN_TAIL, tr_log_gap(log)->gap_class);
            CHECK_UINT(starts[count], tr_log_gap(log)->position.offset);
            CHECK_UINT(cut - starts[count], tr_log_gap(log)->length_bytes);
        }
        CHECK_INT(TR_END, tr_log_next(log, &record));
        CHECK(!tr_log_is_damaged(log));
        tr_log_close(log);
    }
    remove_directory(directory);
}

/* The bytes of a record in which a flipped bit may go unnoticed. */
static bool is_outside_of_the_crc(size_t byte) {
    return byte >= 8 && byte < 29;
}

/* Checks that `record` is the original one, except for a flipped byte that the CRC does not cover. */
static void check_same_record(const uint8_t *whole, const tr_record *record, size_t flipped) {
    for (size_t i = 0; i < record->length_bytes; i++) {
        CHECK(record->bytes[i] == whole[i] || (i == flipped && is_outside_of_the_crc(i)));
    }
}

static void check_flipped(const char *directory, const uint8_t *whole, const size_t *starts, size_t flipped) {
    tr_log *log = open_log(directory);
    tr_record record;
    tr_status status;
    size_t next = 0, gaps = 0;
    while ((status = tr_log_next(log, &record)) != TR_END) {
        tr_position at = status == TR_OK ? tr_log_place(log)->position : tr_log_gap(log)->position;
        CHECK_UINT(starts[next], at.offset);
        if (status == TR_GAP) { /* only the record with the flipped bit is lost */
            gaps++;
            CHECK(flipped >= starts[next] && flipped < starts[next + 1]);
            CHECK_UINT(starts[next + 1] - starts[next], tr_log_gap(log)->length_bytes);
        } else {
            CHECK_UINT(starts[next + 1] - starts[next], record.length_bytes);
            check_same_record(whole + starts[next], &record, flipped - starts[next]);
        }
        next++;
    }
    CHECK_UINT(RECORDS, next);
    CHECK(gaps <= 1);
    tr_log_close(log);
}

static void every_bit_flipped(void) {
    char directory[64];
    uint8_t bytes[BYTES_MAX], whole[BYTES_MAX];
    size_t starts[RECORDS + 1];
    size_t length = put_small_log(bytes, starts);
    memcpy(whole, bytes, length);
    make_directory(directory);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_file(directory, SEGMENT_0, bytes, length);
        check_flipped(directory, whole, starts, bit / 8);
        bytes[bit / 8] = whole[bit / 8];
    }
    remove_directory(directory);
}

/* --- crashes --- */

/* A record is torn after `written` bytes, and the log continues right after it. */
static void check_restarted(const char *directory, const uint8_t *torn, size_t written, tr_gap_class expected) {
    uint8_t bytes[BYTES_MAX];
    tr_record record;
    memcpy(bytes, torn, written);
    size_t length = written + put_record(bytes + written, (written_record){.type = 8});
    write_file(directory, SEGMENT_0, bytes, length);
    tr_log *log = open_log(directory);
    CHECK_INT(TR_GAP, tr_log_next(log, &record));
    CHECK_INT(expected, tr_log_gap(log)->gap_class);
    CHECK_UINT(written, tr_log_gap(log)->length_bytes);
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    CHECK_INT(TR_END, tr_log_next(log, &record));
    tr_log_close(log);
}

static void torn_writes_before_a_restart(void) {
    char directory[64];
    uint8_t torn[BYTES_MAX];
    make_directory(directory);
    size_t length = put_record(torn, (written_record){.type = 3, .error_message = "declined", .metadata = "{}"});
    for (size_t written = 1; written < length; written++) {
        check_restarted(directory, torn, written, TR_GAP_TORN_WRITE);
    }
    torn[length - 1] ^= 1;
    check_restarted(directory, torn, length, TR_GAP_CORRUPT); /* the record was written completely, and is broken */
    memset(torn, 0, sizeof torn);
    check_restarted(directory, torn, 4096 > BYTES_MAX ? 1024 : 4096, TR_GAP_CORRUPT); /* a lost page */
    remove_directory(directory);
}

/* The class of a torn record at the end of a segment that is not the last. */
static tr_gap_class class_at_the_end_of(const char *directory, size_t segment_bytes) {
    char path[512];
    uint8_t bytes[BYTES_MAX];
    /* The first record fills almost all of the segment; its text is a hole in the file. */
    size_t text_bytes = segment_bytes - 69 - 40;
    char *text = malloc(text_bytes + 1);
    uint8_t *first = malloc(segment_bytes);
    CHECK(text != NULL && first != NULL);
    memset(text, 'x', text_bytes);
    text[text_bytes] = '\0';
    size_t length = put_record(first, (written_record){.type = 0, .metadata = text});
    put_record(bytes, (written_record){.type = 1});
    memcpy(first + length, bytes, 40);
    write_file(directory, SEGMENT_0, first, segment_bytes);
    write_file(directory, SEGMENT_1, bytes, put_record(bytes, (written_record){.type = 1}));
    free(first);
    free(text);
    tr_log *log = open_log(directory);
    tr_record record;
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    CHECK_INT(TR_GAP, tr_log_next(log, &record));
    CHECK_UINT(40, tr_log_gap(log)->length_bytes);
    tr_gap_class found = tr_log_gap(log)->gap_class;
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    CHECK_INT(TR_END, tr_log_next(log, &record));
    tr_log_close(log);
    join(path, sizeof path, directory, SEGMENT_0);
    CHECK_INT(0, unlink(path));
    return found;
}

static void a_torn_segment_over_32_mib_is_not_continued(void) {
    char directory[64];
    make_directory(directory);
    CHECK_INT(TR_GAP_CORRUPT, class_at_the_end_of(directory, 4096));
    CHECK_INT(TR_GAP_CORRUPT, class_at_the_end_of(directory, (size_t)32 << 20));
    CHECK_INT(TR_GAP_TORN_WRITE, class_at_the_end_of(directory, ((size_t)32 << 20) + 1));
    remove_directory(directory);
}

/* --- records inside records --- */

enum { CARRIER_OFFSET = 69, INNER_OFFSET = CARRIER_OFFSET + 69 + 3 };

/* A record, a broken record whose text contains two whole ones with a few bytes around them, and two more records. */
static size_t put_carrier(uint8_t *out, bool breaks_next) {
    char text[256] = "x: ";
    size_t inner = 3;
    size_t at = put_record(out, (written_record){.type = 0, .trace = 1});
    /* the text contains zero bytes, so that the carrier is laid out by hand */
    inner += put_record((uint8_t *)text + inner, (written_record){.type = 1, .trace = 9});
    inner += put_record((uint8_t *)text + inner, (written_record){.type = 2, .trace = 9});
    text[inner++] = '}';
    uint8_t *carrier = out + at;
    at += put_record(carrier, (written_record){.type = 6, .trace = 1});
    put_number(carrier + 65, inner, 4);
    memcpy(carrier + 69, text, inner);
    put_number(carrier, 69 + inner, 4);
    put_crc(carrier, 69 + inner);
    at += inner;
    carrier[30] ^= 4; /* its time */
    size_t next = at;
    at += put_record(out + at, (written_record){.type = 7, .trace = 1});
    if (breaks_next) {
        out[next + 30] ^= 4;
    }
    return at + put_record(out + at, (written_record){.type = 4, .trace = 1});
}

static void check_suspects(const char *path, const uint8_t *bytes, bool expected) {
    static const struct {
        uint64_t offset;
        bool inside;
    } all[] = {{0, false},
               {INNER_OFFSET, true},
               {INNER_OFFSET + 69, true},
               {INNER_OFFSET + 139, false},
               {INNER_OFFSET + 139 + 69, false}};
    tr_log *log = open_log(path);
    tr_record record;
    tr_status status;
    size_t gaps = 0, next = 0;
    while ((status = tr_log_next(log, &record)) == TR_OK || status == TR_GAP) {
        if (status == TR_GAP) {
            gaps++;
            continue;
        }
        next += !expected && next == 3; /* the record after the carrier is broken there */
        REQUIRE(next < sizeof all / sizeof *all);
        CHECK_UINT(all[next].offset, tr_log_place(log)->position.offset);
        CHECK_INT(all[next].inside && expected, tr_log_place(log)->suspect);
        CHECK(memcmp(bytes + all[next].offset, record.bytes, 69) == 0);
        next++;
    }
    CHECK_UINT(5, next);
    CHECK_UINT(2, gaps); /* before the first and after the second inner record */
    tr_log_close(log);
}

static void records_inside_a_broken_one_are_suspect(void) {
    char directory[64];
    uint8_t bytes[BYTES_MAX];
    make_directory(directory);
    size_t length = put_carrier(bytes, false);
    write_file(directory, SEGMENT_0, bytes, length);
    check_suspects(directory, bytes, true);
    /* Nothing valid where the broken record claims to end: its length cannot be trusted. */
    length = put_carrier(bytes, true);
    write_file(directory, SEGMENT_0, bytes, length);
    check_suspects(directory, bytes, false);
    remove_directory(directory);
}

static void a_broken_record_inside_a_broken_one(void) {
    enum { INNER_BYTES = 69, INNER_COUNT = 4, BROKEN = 1, CARRIER_BYTES = INNER_BYTES * (INNER_COUNT + 1) };
    char directory[64];
    uint8_t bytes[CARRIER_BYTES + INNER_BYTES];
    make_directory(directory);
    put_record(bytes, (written_record){.type = 2, .trace = 1}); /* its text, four records, is not in its checksum */
    put_number(bytes, CARRIER_BYTES, 4);
    put_number(bytes + 65, INNER_COUNT * INNER_BYTES, 4);
    for (int i = 0; i <= INNER_COUNT; i++) {
        put_record(bytes + INNER_BYTES * (i + 1), (written_record){.type = 1, .node_id = (uint32_t)i});
    }
    bytes[INNER_BYTES * (BROKEN + 1) + 30] ^= 1;
    write_file(directory, SEGMENT_0, bytes, sizeof bytes);
    tr_log *log = open_log(directory);
    tr_record record;
    tr_status status;
    uint32_t seen = 0;
    while ((status = tr_log_next(log, &record)) == TR_OK || status == TR_GAP) {
        if (status == TR_OK) {
            seen |= 1u << tr_record_node_id(&record);
            CHECK_INT(tr_record_node_id(&record) < INNER_COUNT, tr_log_place(log)->suspect);
        }
    }
    CHECK_UINT(0x1d, seen); /* all but the broken one */
    tr_log_close(log);
    remove_directory(directory);
}

/* Makes standard input a pipe that gives one byte at a time. Returns the child process that writes them. */
static pid_t drip_into_stdin(const uint8_t *bytes, size_t length) {
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        for (size_t i = 0; i < length; i++) {
            usleep(100);
            if (write(ends[1], bytes + i, 1) != 1) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close(ends[1]);
    CHECK(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    close(ends[0]);
    return child;
}

/* A broken record of zeros except for its length: nowhere in it does a search find a length that makes it read ahead.
 * The record inside comes after its fields, and its CRC must not look like a type. */
static size_t put_quiet_carrier(uint8_t *out) {
    uint8_t *inner = out + 69;
    uint64_t time = 0;
    do {
        put_record(inner, (written_record){.type = 1, .timestamp_ns = time++});
    } while (inner[5] < TR_RECORD_TYPE_COUNT || inner[6] < TR_RECORD_TYPE_COUNT || inner[7] < TR_RECORD_TYPE_COUNT);
    memset(out, 0, 69);
    put_number(out, 138, 4);
    size_t length = 138 + put_record(out + 138, (written_record){.type = 7, .trace = 1});
    CHECK(crc32(0, out + 29, 138 - 29) != 0);
    return length;
}

static void suspects_in_a_slow_pipe(void) {
    uint8_t bytes[BYTES_MAX];
    tr_record record;
    int status = -1;
    pid_t child = drip_into_stdin(bytes, put_carrier(bytes, false));
    check_suspects("-", bytes, true);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    child = drip_into_stdin(bytes, put_quiet_carrier(bytes));
    tr_log *log = open_log("-");
    CHECK_INT(TR_GAP, tr_log_next(log, &record));
    CHECK_UINT(69, tr_log_gap(log)->length_bytes);
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    CHECK(tr_log_place(log)->suspect);
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    CHECK(!tr_log_place(log)->suspect);
    CHECK_INT(TR_END, tr_log_next(log, &record));
    tr_log_close(log);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a log cut at any byte gives the records before the cut and one torn tail", cut_at_every_byte);
    check_run("one flipped bit costs at most its record, and changes only what the CRC does not cover",
              every_bit_flipped);
    check_run("a record torn before a restart is not damage, however much of it was written",
              torn_writes_before_a_restart);
    check_run("a torn end of a segment over 32 MiB, after which the writer begins a new one, is not damage",
              a_torn_segment_over_32_mib_is_not_continued);
    check_run("records inside the text of a broken record are suspect", records_inside_a_broken_one_are_suspect);
    check_run("records inside a broken record stay suspect after another broken record inside it",
              a_broken_record_inside_a_broken_one);
    check_run("records inside a broken record are suspect in a pipe, however few bytes come at a time",
              suspects_in_a_slow_pipe);
    return check_end();
}
