/* A build without libzstd, of which the inflater alone is compiled again: it stands in for the library's own. */
#undef TR_WITH_ZSTD
#include "files/inflater.c" /* NOLINT(bugprone-suspicious-include) */

#include "import/input_stream.h"
#include "log_fixture.h"
#include "tracereel/log.h"

static const uint8_t head[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00};
static const char words[] = "/wal_0.log.zst: it is compressed with zstd, and this tracereel was built without libzstd; "
                            "unpack it first (zstd -d), or build tracereel where libzstd-dev is installed";

static char directory[64];

static void a_segment_is_refused(void) {
    char path[512];
    tr_log *log = NULL;
    tr_record record;
    tr_error error = {""};
    make_directory(directory);
    write_file(directory, "wal_0.log.zst", head, sizeof head);
    REQUIRE(tr_log_open(directory, NULL, &log, &error) == TR_OK);
    CHECK_INT(TR_ERROR_INVALID, tr_log_next(log, &record));
    CHECK_CONTAINS(words + 1, tr_log_error(log)->message);
    tr_log_close(log);
    join(path, sizeof path, directory, "wal_0.log.zst");
    CHECK_INT(TR_ERROR_INVALID, tr_log_open(path, NULL, &log, &error));
    CHECK_CONTAINS(words + 1, error.message);
    remove_directory(directory);
}

static void an_input_is_refused(void) {
    char path[512];
    tr_input_stream *stream = NULL;
    tr_error error = {""};
    make_directory(directory);
    write_file(directory, "wal_0.log.zst", head, sizeof head);
    join(path, sizeof path, directory, "wal_0.log.zst");
    CHECK_INT(TR_ERROR_INVALID, tr_input_stream_open(path, &stream, &error));
    CHECK_CONTAINS(words, error.message);
    remove_directory(directory);
}

static void gzip_is_read(void) {
    char path[512];
    uint8_t bytes[128];
    tr_log *log = NULL;
    tr_record record;
    make_directory(directory);
    write_gzip(directory, "wal_0.log.gz", "wb6", bytes, put_record(bytes, (written_record){.type = 1, .node_id = 7}));
    join(path, sizeof path, directory, "wal_0.log.gz");
    REQUIRE(tr_log_open(path, NULL, &log, NULL) == TR_OK);
    CHECK_INT(TR_OK, tr_log_next(log, &record));
    CHECK_UINT(7, tr_record_node_id(&record));
    CHECK_INT(TR_END, tr_log_next(log, &record));
    tr_log_close(log);
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("without libzstd: a .zst segment is refused, with what to do", a_segment_is_refused);
    check_run("without libzstd: an input that is compressed with zstd is refused, too", an_input_is_refused);
    check_run("without libzstd: gzip is read", gzip_is_read);
    return check_end();
}
