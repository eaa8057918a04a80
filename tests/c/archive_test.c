/* Compressed segments that are truncated, damaged, or have more than one member. */
#include "log_fixture.h"
#include "tracereel/log.h"

/* How the archives of a test are compressed. */
typedef struct archive_kind {
    const char *name;
    const char *segment;
    const char *damage; /* how what is said of damage begins */
    void (*write)(const char *directory, const char *name, const void *bytes, size_t length);
} archive_kind;

static void write_gzip_archive(const char *directory, const char *name, const void *bytes, size_t length) {
    write_gzip(directory, name, "wb6", bytes, length);
}

static const archive_kind gzip = {"gzip", "wal_0000000000000000.log.gz", "the gzip data ", write_gzip_archive};
static const archive_kind *kind = &gzip;
#ifdef TR_WITH_ZSTD
static const archive_kind zstd = {"zstd", "wal_0000000000000000.log.zst", "the zstd data ", write_zstd};
#endif

enum { RECORDS = 20, RECORD_BYTES = 69, LOG_BYTES = RECORDS * RECORD_BYTES };

static void put_log(uint8_t *out) {
    for (uint32_t i = 0; i < RECORDS; i++) {
        put_record(out + (size_t)i * RECORD_BYTES, (written_record){.type = 1,
                                                                    .node_id = i * 2654435761u,
                                                                    .timestamp_ns = i * 0x9e3779b97f4a7c15u,
                                                                    .schema_hash = i * 0xd6e8feb86659fd93u});
    }
}

/* Writes the log as an archive into the directory and returns the archive's bytes, which the caller frees. */
static uint8_t *make_archive(const char *directory, size_t *length) {
    char path[512];
    uint8_t bytes[LOG_BYTES];
    put_log(bytes);
    kind->write(directory, kind->segment, bytes, sizeof bytes);
    join(path, sizeof path, directory, kind->segment);
    return read_file(path, length);
}

typedef struct seen {
    uint64_t records;
    uint64_t gaps;
    tr_gap last_gap;
} seen;

/* Reads everything. Every record must be the next one of the compressed log. */
static seen read_archive(const char *directory) {
    uint8_t expected[LOG_BYTES];
    tr_log *log;
    tr_record record;
    tr_status status;
    seen all = {0};
    put_log(expected);
    CHECK_INT(TR_OK, tr_log_open(directory, NULL, &log, NULL));
    while ((status = tr_log_next(log, &record)) == TR_OK || status == TR_GAP) {
        if (status == TR_GAP) {
            all.gaps++;
            all.last_gap = *tr_log_gap(log);
            continue;
        }
        CHECK_BYTES(expected + all.records % RECORDS * RECORD_BYTES, RECORD_BYTES, record.bytes, record.length_bytes);
        all.records++;
    }
    CHECK_INT(TR_END, status);
    tr_log_close(log);
    return all;
}

static void cut_off_at_every_byte(void) {
    char directory[64];
    size_t length;
    make_directory(directory);
    uint8_t *archive = make_archive(directory, &length);
    uint64_t most = 0;
    for (size_t cut = 0; cut < length; cut++) {
        write_file(directory, kind->segment, archive, cut);
        seen all = read_archive(directory);
        CHECK_UINT(1, all.gaps);
        CHECK_INT(TR_GAP_CORRUPT, all.last_gap.gap_class); /* no crash of the writer truncates an archive */
        CHECK_UINT(all.records * RECORD_BYTES, all.last_gap.position.offset);
        CHECK_CONTAINS(kind->damage, all.last_gap.detail);
        CHECK_CONTAINS("ends early at compressed byte", all.last_gap.detail);
        CHECK(all.records >= most); /* more bytes never give fewer records */
        most = all.records;
    }
    CHECK_UINT(RECORDS, most); /* only the checksum at the end was missing */
    write_file(directory, kind->segment, archive, length);
    CHECK_UINT(0, read_archive(directory).gaps);
    free(archive);
    remove_directory(directory);
}

/* The archive's own checksum finds what the records' CRC does not cover. */
static void flipped_bytes_are_found(void) {
    char directory[64];
    size_t length;
    make_directory(directory);
    uint8_t *archive = make_archive(directory, &length);
    uint8_t expected[LOG_BYTES];
    size_t found = 0;
    put_log(expected);
    for (size_t at = 0; at < length; at++) {
        archive[at] ^= 0x40;
        write_file(directory, kind->segment, archive, length);
        tr_log *log;
        tr_record record;
        uint64_t right = 0;
        REQUIRE(tr_log_open(directory, NULL, &log, NULL) == TR_OK);
        for (tr_status status; (status = tr_log_next(log, &record)) != TR_END;) {
            right += status == TR_OK && right < RECORDS && record.length_bytes == RECORD_BYTES &&
                     memcmp(record.bytes, expected + right * RECORD_BYTES, RECORD_BYTES) == 0;
        }
        /* gzip's time, extra flags and operating system have no effect, nor have a few padding bits of both. */
        CHECK(tr_log_is_damaged(log) || right == RECORDS);
        found += tr_log_is_damaged(log);
        tr_log_close(log);
        archive[at] ^= 0x40;
    }
    CHECK(found >= length - 7);
    free(archive);
    remove_directory(directory);
}

static void what_follows_the_end(void) {
    static const struct {
        const char *after;
        size_t length;
        uint64_t gaps;
    } cases[] = {{"\0\0\0\0\0\0\0", 7, 0}, {"garbage", 7, 1}, {"\0\0garbage", 9, 1}, {"\x1f", 1, 1}};
    char directory[64];
    size_t length;
    make_directory(directory);
    uint8_t *archive = make_archive(directory, &length);
    archive = realloc(archive, length + 16);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (kind != &gzip && cases[i].after[0] == '\0') {
            continue; /* zstd has no padding of zeros */
        }
        memcpy(archive + length, cases[i].after, cases[i].length);
        write_file(directory, kind->segment, archive, length + cases[i].length);
        seen all = read_archive(directory);
        CHECK_UINT(RECORDS, all.records);
        CHECK_UINT(cases[i].gaps, all.gaps);
        if (cases[i].gaps > 0) {
            CHECK_INT(TR_GAP_CORRUPT, all.last_gap.gap_class);
            CHECK_UINT(LOG_BYTES, all.last_gap.position.offset);
            CHECK_UINT(0, all.last_gap.length_bytes);
            CHECK_CONTAINS(kind->damage, all.last_gap.detail);
        }
    }
    free(archive);
    remove_directory(directory);
}

/* `cat a.gz b.gz` is a gzip file, wherever the first ends, and likewise with zstd. */
static void two_members(void) {
    char directory[64];
    size_t length;
    make_directory(directory);
    uint8_t *archive = make_archive(directory, &length);
    uint8_t *twice = malloc(2 * length);
    REQUIRE(twice != NULL);
    memcpy(twice, archive, length);
    memcpy(twice + length, archive, length);
    write_file(directory, kind->segment, twice, 2 * length);
    seen all = read_archive(directory);
    CHECK_UINT(2 * RECORDS, all.records);
    CHECK_UINT(0, all.gaps);
    free(twice);
    free(archive);
    remove_directory(directory);
}

/* Larger than what is inflated at a time, and very well compressed; a copy of it in memory would be noticed. */
static void a_large_archive(void) {
    enum { COPIES = 6000 };
    char directory[64];
    uint8_t *bytes = malloc((size_t)COPIES * LOG_BYTES);
    REQUIRE(bytes != NULL);
    for (size_t i = 0; i < COPIES; i++) {
        put_log(bytes + i * LOG_BYTES);
    }
    make_directory(directory);
    kind->write(directory, kind->segment, bytes, (size_t)COPIES * LOG_BYTES);
    free(bytes);
    seen all = read_archive(directory);
    CHECK_UINT((uint64_t)COPIES * RECORDS, all.records);
    CHECK_UINT(0, all.gaps);
    remove_directory(directory);
}

static void what_is_no_archive(void) {
    char directory[64];
    uint8_t bytes[LOG_BYTES];
    make_directory(directory);
    put_log(bytes);
    kind->write(directory, kind->segment, bytes, sizeof bytes);
    /* A plain segment with the wrong name. Alone, it is not a log: see foreign_test.c. */
    char name[64];
    snprintf(name, sizeof name, "wal_1%s", strchr(kind->segment, '.'));
    write_file(directory, name, bytes, sizeof bytes);
    seen all = read_archive(directory);
    CHECK_UINT(RECORDS, all.records);
    CHECK_UINT(1, all.gaps);
    CHECK_INT(TR_GAP_CORRUPT, all.last_gap.gap_class);
    CHECK_UINT(1, all.last_gap.position.sequence);
    CHECK_CONTAINS(kind->damage, all.last_gap.detail);
    CHECK_CONTAINS("is damaged at compressed byte", all.last_gap.detail);
    CHECK_CONTAINS(kind == &gzip ? " (incorrect header check)" : " (Unknown frame descriptor)", all.last_gap.detail);
    remove_directory(directory);
}

#ifdef TR_WITH_ZSTD
/* More than what is inflated at a time is waiting when the last compressed byte has been read. */
static void what_is_waiting_when_an_archive_ends_early(void) {
    enum { COPIES = 6000 };
    static uint8_t bytes[COPIES * LOG_BYTES], packed[COPIES * LOG_BYTES];
    char directory[64];
    for (size_t i = 0; i < COPIES; i++) {
        put_log(bytes + i * LOG_BYTES);
    }
    size_t length = pack_zstd(packed, sizeof packed, bytes, sizeof bytes);
    make_directory(directory);
    write_file(directory, zstd.segment, packed, length - 1); /* without a part of the checksum */
    seen all = read_archive(directory);
    CHECK_UINT((uint64_t)COPIES * RECORDS, all.records);
    CHECK_UINT(1, all.gaps);
    CHECK_CONTAINS("the zstd data ends early at compressed byte", all.last_gap.detail);
    remove_directory(directory);
}

/* A window of 2 GiB, as --long=31 has it, would be as much memory. */
static void a_window_that_is_too_large(void) {
    static const uint8_t head[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3, 0x01, 0x00, 0x00};
    uint8_t bytes[LOG_BYTES];
    char directory[64];
    make_directory(directory);
    put_log(bytes);
    write_zstd(directory, zstd.segment, bytes, sizeof bytes);
    write_file(directory, "wal_1.log.zst", head, sizeof head);
    seen all = read_archive(directory);
    CHECK_UINT(RECORDS, all.records);
    CHECK_UINT(1, all.gaps);
    CHECK_CONTAINS("a window of more than 128 MiB; compress it without --long", all.last_gap.detail);
    remove_directory(directory);
}
#endif

static void run_with(const archive_kind *with) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"a truncated archive gives the records it has, and reports that its data ends early", cut_off_at_every_byte},
        {"a damaged archive is damage, even where the CRC of the records covers nothing", flipped_bytes_are_found},
        {"zeros after a gzip archive are ignored, anything else is damage", what_follows_the_end},
        {"an archive can have several members", two_members},
        {"a large archive is read completely", a_large_archive},
        {"a file that is no archive is damage, and is reported as such", what_is_no_archive}};
    kind = with;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s: %s", with->name, cases[i].name);
        check_run(name, cases[i].run);
    }
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    run_with(&gzip);
#ifdef TR_WITH_ZSTD
    run_with(&zstd);
    check_run("zstd: what is waiting to be inflated when an archive ends early is read",
              what_is_waiting_when_an_archive_ends_early);
    check_run("zstd: a window that is too large is refused, and is not memory that ran out",
              a_window_that_is_too_large);
#endif
    return check_end();
}
