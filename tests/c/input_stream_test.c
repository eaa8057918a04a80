/* Inputs of importers, plain and compressed: what is read of them is what was written by zlib and libzstd. */
#include "import/input_stream.h"

#include <sys/ioctl.h>

#include "log_fixture.h"

enum { TEXT_BYTES = 3 << 20, LINE_BYTES = 100003 };

static char directory[64];
static char text[TEXT_BYTES + 1]; /* lines of LINE_BYTES with their ends */
static uint8_t packed[2 * TEXT_BYTES];

/* Bytes that compress little, so that their compressed form is of several pieces; or well, so that it is of one. */
static void make_text(bool compresses_well) {
    uint64_t random = 1;
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        text[i] = i % LINE_BYTES == LINE_BYTES - 1 ? '\n' : (char)('a' + (compresses_well ? i / 65536 : random >> 60));
    }
}

static tr_status open_bytes(const void *bytes, size_t length, tr_input_stream **stream, tr_error *error) {
    char path[512];
    write_file(directory, "input", bytes, length);
    join(path, sizeof path, directory, "input");
    return tr_input_stream_open(path, stream, error);
}

/* Reads all lines, which must be those of the text's first bytes. Returns how the stream ended. */
static tr_status read_lines(tr_input_stream *stream, size_t length, tr_error *error) {
    tr_text line;
    tr_status status;
    size_t at = 0;
    while ((status = tr_input_stream_line(stream, &line, error)) == TR_OK && check_state.failures == 0) {
        CHECK(at + line.length_bytes <= length && memcmp(text + at, line.bytes, line.length_bytes) == 0);
        at += line.length_bytes;
        CHECK(at == length || text[at] == '\n');
        at += at < length;
    }
    if (status == TR_END) {
        CHECK_UINT(length, at);
        CHECK_UINT((length + LINE_BYTES - 1) / LINE_BYTES, tr_input_stream_line_number(stream));
    }
    return status;
}

static void check_packed(size_t packed_bytes, size_t length) {
    tr_input_stream *stream = NULL;
    tr_error error = {""};
    CHECK_INT(TR_OK, open_bytes(packed, packed_bytes, &stream, &error));
    REQUIRE(stream != NULL);
    CHECK_INT(TR_END, read_lines(stream, length, &error));
    CHECK_TEXT("", error.message);
    CHECK_UINT(packed_bytes, tr_input_stream_read_bytes(stream));
    tr_input_stream_close(stream);
}

#ifdef TR_WITH_ZSTD
/* Without a checksum, as ZSTD_compress does it: the last compressed byte is read before the last text is given out. */
static size_t pack_zstd_plainly(size_t length) {
    size_t bytes = ZSTD_compress(packed, sizeof packed, text, length, 1);
    CHECK(!ZSTD_isError(bytes));
    return bytes;
}

static void zstd_is_read_to_its_end(void) {
    static const size_t lengths[] = {0,         1,       1 << 17,       (1 << 18) + 7, 600000, (1 << 20) - 5,
                                     (1 << 20), 1234567, (2 << 20) - 1, TEXT_BYTES};
    make_directory(directory);
    for (size_t well = 0; well < 2; well++) {
        make_text(well == 1);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            check_packed(pack_zstd_plainly(lengths[i]), lengths[i]);
        }
    }
    remove_directory(directory);
}
#endif

static size_t pack_gzip(const void *bytes, size_t length, uint8_t *out) {
    z_stream deflater = {0};
    CHECK_INT(Z_OK, deflateInit2(&deflater, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY));
    deflater.next_in = (Bytef *)(uintptr_t)bytes;
    deflater.avail_in = (uInt)length;
    deflater.next_out = out;
    deflater.avail_out = (uInt)(packed + sizeof packed - out);
    CHECK_INT(Z_STREAM_END, deflate(&deflater, Z_FINISH));
    deflateEnd(&deflater);
    return deflater.total_out;
}

/* Members of which one is empty, and frames that follow each other, are one text. */
static void members_and_frames_are_joined(void) {
    static const size_t ends[] = {1000, 1000, 1500000, TEXT_BYTES};
    make_directory(directory);
    make_text(false);
    size_t gzip_bytes = 0, begin = 0;
    for (size_t i = 0; i < 4; i++) {
        gzip_bytes += pack_gzip(text + begin, ends[i] - begin, packed + gzip_bytes);
        begin = ends[i];
    }
    check_packed(gzip_bytes, TEXT_BYTES);
    memset(packed + gzip_bytes, 0, 300000); /* more than is read at a time */
    check_packed(gzip_bytes + 1, TEXT_BYTES);
    check_packed(gzip_bytes + 300000, TEXT_BYTES);
#ifdef TR_WITH_ZSTD
    size_t zstd_bytes = 0;
    begin = 0;
    for (size_t i = 0; i < 4; i++) {
        zstd_bytes += ZSTD_compress(packed + zstd_bytes, sizeof packed - zstd_bytes, text + begin, ends[i] - begin, 1);
        begin = ends[i];
    }
    check_packed(zstd_bytes, TEXT_BYTES);
#endif
    remove_directory(directory);
}

/* Opens the packed bytes and reads them; the message. */
static const char *failure_of(size_t packed_bytes, size_t length) {
    static tr_error error;
    tr_input_stream *stream = NULL;
    error.message[0] = '\0';
    tr_status status = open_bytes(packed, packed_bytes, &stream, &error);
    if (status == TR_OK) {
        status = read_lines(stream, length, &error);
    }
    CHECK_INT(TR_ERROR_INVALID, status);
    tr_input_stream_close(stream);
    return error.message;
}

/* Whatever the place at which it was cut, an input that ends early is no whole input. */
static void a_cut_input_ends_too_early(void) {
    make_directory(directory);
    make_text(false);
    size_t gzip_bytes = pack_gzip(text, TEXT_BYTES, packed);
    const size_t gzip_cuts[] = {2, 3, 9, 12, 300000, gzip_bytes - 8, gzip_bytes - 1};
    for (size_t i = 0; i < sizeof gzip_cuts / sizeof *gzip_cuts; i++) {
        CHECK_CONTAINS("the gzip data ends early at compressed byte ", failure_of(gzip_cuts[i], TEXT_BYTES));
    }
#ifdef TR_WITH_ZSTD
    size_t zstd_bytes = pack_zstd_plainly(TEXT_BYTES);
    const size_t zstd_cuts[] = {4, 5, 12, 300000, zstd_bytes - 1};
    for (size_t i = 0; i < sizeof zstd_cuts / sizeof *zstd_cuts; i++) {
        CHECK_CONTAINS("the zstd data ends early at compressed byte ", failure_of(zstd_cuts[i], TEXT_BYTES));
    }
#endif
    remove_directory(directory);
}

/* A gzip's last eight bytes are the CRC and the length of the text; after it only another member may stand. */
static void a_broken_input_is_told_as_broken(void) {
    make_directory(directory);
    make_text(true);
    size_t bytes = pack_gzip(text, 1000, packed);
    packed[bytes - 8] ^= 1;
    CHECK_CONTAINS("incorrect data check", failure_of(bytes, 1000));
    bytes = pack_gzip(text, 1000, packed);
    packed[bytes - 4] ^= 1;
    CHECK_CONTAINS("incorrect length check", failure_of(bytes, 1000));
    bytes = pack_gzip(text, 1000, packed);
    packed[2] = 7; /* a method that there is not */
    CHECK_CONTAINS("unknown compression method", failure_of(bytes, 1000));
#ifdef TR_WITH_ZSTD
    bytes = pack_zstd_plainly(1000);
    packed[4] |= 8; /* a reserved bit of the frame's header */
    CHECK_CONTAINS("the zstd data is damaged at compressed byte ", failure_of(bytes, 1000));
    bytes = pack_zstd_plainly(1000);
    memcpy(packed + bytes, "no frame", 8);
    CHECK_CONTAINS("the zstd data is damaged at compressed byte ", failure_of(bytes + 8, 1000));
#endif
    remove_directory(directory);
}

/* Fewer bytes than a compressed input's first four, and those that only look like them. */
static void short_inputs_are_plain(void) {
    static const struct {
        const char *bytes;
        size_t length;
    } inputs[] = {{"", 0}, {"\n", 1}, {"\x1f", 1}, {"\x28\xb5\x2f", 3}, {"\x28\xb5\x2f\xfe", 4}, {"\x1f\x8a\x08", 3}};
    make_directory(directory);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        tr_input_stream *stream = NULL;
        tr_error error = {""};
        CHECK_INT(TR_OK, open_bytes(inputs[i].bytes, inputs[i].length, &stream, &error));
        REQUIRE(stream != NULL);
        CHECK_INT(TR_OK, tr_input_stream_more(stream, 100, &error));
        tr_input_view view = tr_input_stream_look(stream);
        CHECK(view.is_complete);
        CHECK_BYTES(inputs[i].bytes, inputs[i].length, view.bytes, view.length_bytes);
        tr_input_stream_close(stream);
    }
    remove_directory(directory);
}

/* The mark of UTF-8 is no part of the text, a half of one and a second one are; the compressed bytes have no mark. */
static void the_mark_of_utf8_is_skipped(void) {
    static const struct {
        const char *bytes, *left;
    } inputs[] = {{"\xef\xbb\xbfx", "x"},
                  {"\xef\xbb\xbf", ""},
                  {"\xef\xbb", "\xef\xbb"},
                  {"\xef\xbb\xbf\xef\xbb\xbf", "\xef\xbb\xbf"},
                  {"x\xef\xbb\xbf", "x\xef\xbb\xbf"}};
    make_directory(directory);
    for (size_t i = 0; i < 2 * sizeof inputs / sizeof *inputs; i++) {
        const char *bytes = inputs[i / 2].bytes, *left = inputs[i / 2].left;
        size_t packed_bytes = pack_gzip(bytes, strlen(bytes), packed);
        tr_input_stream *stream = NULL;
        tr_error error = {""};
        CHECK_INT(TR_OK, i % 2 == 0 ? open_bytes(bytes, strlen(bytes), &stream, &error)
                                    : open_bytes(packed, packed_bytes, &stream, &error));
        REQUIRE(stream != NULL);
        CHECK_INT(TR_OK, tr_input_stream_more(stream, 100, &error));
        tr_input_view view = tr_input_stream_look(stream);
        CHECK_BYTES(left, strlen(left), view.bytes, view.length_bytes);
        tr_input_stream_close(stream);
    }
    remove_directory(directory);
}

/* Each of the first bytes is written once the one before it was read. */
static void a_slow_pipe_is_read_to_its_end(void) {
    int ends[2], standard_input = dup(STDIN_FILENO);
    make_text(true);
    size_t bytes = pack_gzip(text, 150000, packed);
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        for (size_t at = 0; at < bytes; at++) {
            int unread = write(ends[1], packed + at, 1) == 1 ? 1 : -1;
            while (at < 6 && unread > 0 && ioctl(ends[1], FIONREAD, &unread) == 0 && unread > 0) {
                usleep(100);
            }
            if (unread < 0) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    tr_input_stream *stream = NULL;
    tr_error error = {""};
    CHECK_INT(TR_OK, tr_input_stream_open("-", &stream, &error));
    REQUIRE(stream != NULL);
    CHECK_TEXT("standard input", tr_input_stream_name(stream));
    CHECK_INT(TR_END, read_lines(stream, 150000, &error));
    tr_input_stream_close(stream);
    CHECK(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* whoever opened it closes it */
    dup2(standard_input, STDIN_FILENO);
    close(standard_input);
}

static void what_is_no_file_is_told(void) {
    tr_input_stream *stream = NULL;
    tr_error error = {""};
    char path[512];
    make_directory(directory);
    CHECK_INT(TR_ERROR_NOT_A_LOG, tr_input_stream_open(directory, &stream, &error));
    CHECK_CONTAINS(": a directory, not a file", error.message);
    join(path, sizeof path, directory, "nothing");
    CHECK_INT(TR_ERROR_NOT_A_LOG, tr_input_stream_open(path, &stream, &error));
    CHECK_CONTAINS("nothing: cannot open the input: No such file", error.message);
    CHECK(stream == NULL);
    /* Reading the address 0 of the process fails, as reading a broken disk does. */
    CHECK_INT(TR_ERROR_IO, tr_input_stream_open("/proc/self/mem", &stream, &error));
    CHECK_TEXT("/proc/self/mem: cannot read on at byte 0: Input/output error", error.message);
    CHECK(stream == NULL);
    tr_input_stream_close(NULL);
    remove_directory(directory);
}

static void skipped_bytes_are_gone(void) {
    tr_input_stream *stream = NULL;
    tr_error error = {""};
    tr_text line;
    make_directory(directory);
    REQUIRE(open_bytes("abc\ndef\r\n\r\ng\r", 13, &stream, &error) == TR_OK);
    REQUIRE(tr_input_stream_more(stream, 1000, &error) == TR_OK);
    tr_input_stream_skip(stream, 2);
    CHECK_INT(TR_OK, tr_input_stream_line(stream, &line, &error));
    CHECK_BYTES("c", 1, line.bytes, line.length_bytes);
    CHECK_INT(TR_OK, tr_input_stream_line(stream, &line, &error));
    CHECK_BYTES("def", 3, line.bytes, line.length_bytes);
    CHECK_UINT(2, tr_input_stream_line_number(stream));
    tr_input_stream_set_line_number(stream, 40);
    CHECK_INT(TR_OK, tr_input_stream_line(stream, &line, &error));
    CHECK_UINT(0, line.length_bytes);
    CHECK_UINT(41, tr_input_stream_line_number(stream));
    tr_input_stream_skip(stream, 2);
    CHECK_INT(TR_END, tr_input_stream_line(stream, &line, &error));
    CHECK_UINT(41, tr_input_stream_line_number(stream));
    tr_input_stream_close(stream);
    remove_directory(directory);
}

/* One byte fewer is a line. */
static void a_line_has_a_limit(void) {
    size_t length = (size_t)TR_MAX_LINE_BYTES + 4;
    char *bytes = malloc(length);
    REQUIRE(bytes != NULL);
    memset(bytes, 'x', length);
    bytes[1] = '\n';
    bytes[TR_MAX_LINE_BYTES + 2] = '\n';
    tr_input_stream *stream = NULL;
    tr_error error = {""};
    tr_text line;
    make_directory(directory);
    REQUIRE(open_bytes(bytes, length, &stream, &error) == TR_OK);
    CHECK_INT(TR_OK, tr_input_stream_line(stream, &line, &error));
    CHECK_INT(TR_OK, tr_input_stream_line(stream, &line, &error));
    CHECK_UINT(TR_MAX_LINE_BYTES, line.length_bytes);
    tr_input_stream_close(stream);
    bytes[TR_MAX_LINE_BYTES + 2] = 'x';
    bytes[TR_MAX_LINE_BYTES + 3] = '\n';
    REQUIRE(open_bytes(bytes, length, &stream, &error) == TR_OK);
    CHECK_INT(TR_OK, tr_input_stream_line(stream, &line, &error));
    CHECK_INT(TR_ERROR_INVALID, tr_input_stream_line(stream, &line, &error));
    CHECK_CONTAINS("/input:2: a line of more than 67108864 bytes", error.message);
    tr_input_stream_close(stream);
    free(bytes);
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
#ifdef TR_WITH_ZSTD
    check_run("input: zstd without a checksum is read to its end, whatever its length", zstd_is_read_to_its_end);
#endif
    check_run("input: members of gzip and frames of zstd that follow each other are one text",
              members_and_frames_are_joined);
    check_run("input: compressed data that is cut anywhere ends too early", a_cut_input_ends_too_early);
    check_run("input: compressed data that was changed is told as broken", a_broken_input_is_told_as_broken);
    check_run("input: a few bytes are a plain text", short_inputs_are_plain);
    check_run("input: the mark of UTF-8 is skipped once, compressed or not", the_mark_of_utf8_is_skipped);
    check_run("input: a pipe that gives a byte at a time is read to its end", a_slow_pipe_is_read_to_its_end);
    check_run("input: a directory, a missing file and a failing read are told", what_is_no_file_is_told);
    check_run("input: skipped bytes do not come again", skipped_bytes_are_gone);
    check_run("input: a line of 64 MiB is read, a longer one is refused with its number", a_line_has_a_limit);
    return check_end();
}
