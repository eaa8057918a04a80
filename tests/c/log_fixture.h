/* For tests of logs: records laid out byte by byte as the format says, by code other than the library's; temporary
 * directories; whole files; expected lines. */
#ifndef TRACEREEL_LOG_FIXTURE_H
#define TRACEREEL_LOG_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#ifdef TR_WITH_ZSTD
#include <zstd.h>
#endif

#include "check.h"

#define FIXTURES "tests/fixtures/logs/"

/* The fields of a record to write. */
typedef struct written_record {
    unsigned type;
    uint8_t trace; /* the id is this byte sixteen times */
    uint32_t node_id;
    uint64_t timestamp_ns;
    uint64_t output_offset;
    uint32_t output_size;
    uint64_t schema_hash;
    uint32_t iteration;
    const char *error_message; /* zero-terminated; NULL: none */
    const char *metadata;
    const char *extra; /* after the fields: what a later version might write */
} written_record;

static inline size_t put_number(uint8_t *out, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
    return bytes;
}

static inline size_t put_text(uint8_t *out, const char *text) {
    size_t length = text == NULL ? 0 : strlen(text);
    memcpy(out, text == NULL ? "" : text, length);
    return length;
}

/* Puts the right CRC into a record of that length: the IEEE CRC-32 of the bytes from 29 on. */
static inline void put_crc(uint8_t *record, size_t length) {
    put_number(record + 4, crc32(0, record + 29, (uInt)(length - 29)), 4);
}

/* Lays the record out at `out` and returns its length. */
static inline size_t put_record(uint8_t *out, written_record record) {
    size_t error_bytes = record.error_message == NULL ? 0 : strlen(record.error_message);
    size_t metadata_bytes = record.metadata == NULL ? 0 : strlen(record.metadata);
    out[8] = (uint8_t)record.type;
    memset(out + 9, record.trace, 16);
    size_t at = 25;
    at += put_number(out + at, record.node_id, 4);
    at += put_number(out + at, record.timestamp_ns, 8);
    at += put_number(out + at, record.output_offset, 8);
    at += put_number(out + at, record.output_size, 4);
    at += put_number(out + at, record.schema_hash, 8);
    at += put_number(out + at, record.iteration, 4);
    at += put_number(out + at, error_bytes, 4);
    at += put_text(out + at, record.error_message);
    at += put_number(out + at, metadata_bytes, 4);
    at += put_text(out + at, record.metadata);
    at += put_text(out + at, record.extra);
    put_number(out, at, 4);
    put_crc(out, at);
    return at;
}

/* --- directories and files --- */

static inline int remove_entry_of_tree(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void remove_directory(const char *path) {
    nftw(path, remove_entry_of_tree, 16, FTW_DEPTH | FTW_PHYS);
}

/* Creates an empty directory with a unique name, which goes to `path`. */
static inline void make_directory(char path[64]) {
    snprintf(path, 64, "/tmp/tracereel-test-XXXXXX");
    CHECK(mkdtemp(path) != NULL);
}

static inline void join(char *out, size_t capacity, const char *directory, const char *name) {
    CHECK((size_t)snprintf(out, capacity, "%s/%s", directory, name) < capacity);
}

static inline void write_file(const char *directory, const char *name, const void *bytes, size_t length) {
    char path[512];
    join(path, sizeof path, directory, name);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && (length == 0 || fwrite(bytes, 1, length, file) == length));
    CHECK(file != NULL && fclose(file) == 0);
}

static inline void write_gzip(const char *directory, const char *name, const char *mode, const void *bytes,
                              size_t length) {
    char path[512];
    join(path, sizeof path, directory, name);
    gzFile file = gzopen(path, mode);
    CHECK(file != NULL && (length == 0 || gzwrite(file, bytes, (unsigned)length) == (int)length));
    CHECK(file != NULL && gzclose(file) == Z_OK);
}

#ifdef TR_WITH_ZSTD
/* As the program zstd does it: with a checksum of the contents. Returns the length. */
static inline size_t pack_zstd(void *out, size_t capacity, const void *bytes, size_t length) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    size_t packed = ZSTD_compress2(context, out, capacity, bytes, length);
    CHECK(!ZSTD_isError(packed));
    (void)ZSTD_freeCCtx(context);
    return packed;
}

static inline void write_zstd(const char *directory, const char *name, const void *bytes, size_t length) {
    size_t capacity = ZSTD_compressBound(length);
    void *packed = malloc(capacity);
    write_file(directory, name, packed, pack_zstd(packed, capacity, bytes, length));
    free(packed);
}
#endif

/* Reads a whole file, and adds a zero byte; the caller frees it. NULL if it does not exist. */
static inline uint8_t *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    *length = 0;
    if (file == NULL) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*length + 1);
    CHECK(fread(bytes, 1, *length, file) == *length);
    bytes[*length] = 0;
    fclose(file);
    return bytes;
}

/* --- expected lines --- */

typedef struct expected_lines {
    uint8_t *bytes; /* free() it */
    char *next;
    char *end;
} expected_lines;

/* Reads the expected lines of a fixture. `kind` is "records", "states" or "damage". Without such a file there are none.
 */
static inline expected_lines read_expected(const char *log, const char *kind) {
    char path[256];
    size_t length;
    snprintf(path, sizeof path, FIXTURES "expected/%s.%s.jsonl", log, kind);
    uint8_t *bytes = read_file(path, &length);
    return (expected_lines){bytes, (char *)bytes, (char *)bytes + length};
}

/* Takes one line, without the spaces after commas and colons that the expected files have. Returns false at the end. */
static inline bool next_expected(expected_lines *lines, char **line, size_t *length) {
    if (lines->bytes == NULL || lines->next >= lines->end) {
        return false;
    }
    char *newline = memchr(lines->next, '\n', (size_t)(lines->end - lines->next));
    char *end = newline == NULL ? lines->end : newline;
    char *kept = lines->next;
    bool in_string = false;
    for (char *at = lines->next; at < end; at++) {
        if (in_string && *at == '\\') {
            *kept++ = *at++;
        } else if (*at == '"') {
            in_string = !in_string;
        } else if (!in_string && *at == ' ') {
            continue;
        }
        *kept++ = *at;
    }
    *line = lines->next;
    *length = (size_t)(kept - lines->next);
    lines->next = end + 1;
    return true;
}

#endif
