#include "log/foreign.h"

#include <string.h>

#include "bytes/bytes.h"
#include "bytes/utf8.h"
#include "record/record_view.h"

enum {
    HEAD_BYTES = 64 * 1024,            /* how much is examined to distinguish text from other data */
    MAX_BEGUN_BYTES = 64 * 1024 * 1024 /* XERV's largest segment, and so its largest record */
};

/* ---- data with a magic number ---- */

static const char name_the_log[] = "name the log's directory, or one of its segments (wal_*.log)";

typedef struct tr_format {
    size_t offset;
    const char *magic;
    size_t length;
    tr_foreign is;
} tr_format;

#define FORMAT(at, bytes, ...)                                                                                         \
    {                                                                                                                  \
        .offset = (at), .magic = (bytes), .length = sizeof(bytes) - 1, .is = { __VA_ARGS__ }                           \
    }

static const tr_format formats[] = {
    FORMAT(0, "\x1f\x8b\x08", "gzip data", "unpack it, or name it .log.gz"),
    FORMAT(0, "\x28\xb5\x2f\xfd", "zstd data", "unpack it, or name it .log.zst"),
    FORMAT(0, "\xfd\x37zXZ\0", "xz data", "unpack it first (xz -d)"),
    FORMAT(0, "BZh", "bzip2 data", "unpack it first (bzip2 -d)"),
    FORMAT(0, "\x04\x22\x4d\x18", "lz4 data", "unpack it first (lz4 -d)"),
    FORMAT(0, "PK\x03\x04", "a zip archive", "unpack it first (unzip)"),
    FORMAT(0, "PK\x05\x06", "an empty zip archive", name_the_log),
    FORMAT(0, "7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first (7z x)"),
    FORMAT(257, "ustar", "a tar archive", "unpack it first (tar -xf)"),
    FORMAT(0, "NERAVREX", "an arena of the engine", "give its directory to --arenas, and the log's as the log"),
    FORMAT(0, "XSNP", "a snapshot of the engine", name_the_log),
    FORMAT(0, "\x7f\x45\x4c\x46", "a program (ELF)", name_the_log),
    FORMAT(0, "%PDF-", "a PDF document", name_the_log),
    FORMAT(0, "SQLite format 3\0", "an SQLite database", name_the_log),
    FORMAT(0, "\x89PNG\r\n\x1a\n", "a PNG picture", name_the_log),
    FORMAT(0, "\xff\xd8\xff", "a JPEG picture", name_the_log),
    FORMAT(0, "GIF8", "a GIF picture", name_the_log),
    FORMAT(0, "PAR1", "a Parquet file", name_the_log),
    FORMAT(0, "\x1bLua", "a compiled Lua script", name_the_log),
};

const tr_foreign *tr_foreign_format(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const tr_format *format = &formats[i];
        if (length >= format->offset + format->length &&
            memcmp(bytes + format->offset, format->magic, format->length) == 0) {
            return &format->is;
        }
    }
    return NULL;
}

/* ---- what begins like a record ---- */

/* The sum of 69 and the two text lengths of the record at `bytes`, as far as they are present. */
static uint64_t sum_of_parts(const uint8_t *bytes, size_t length) {
    if (length < TR_OFFSET_ERROR) {
        return TR_RECORD_MIN_BYTES;
    }
    uint64_t with_error = (uint64_t)TR_RECORD_MIN_BYTES + tr_load_u32(bytes + TR_OFFSET_ERROR_LENGTH);
    return with_error <= length ? with_error + tr_load_u32(bytes + with_error - 4) : with_error;
}

/* Whether the three lengths of the record at `bytes` are present and agree: then it is a record, whatever else is
 * wrong. */
static bool lengths_agree(const uint8_t *bytes, size_t length) {
    if (length < TR_RECORD_MIN_BYTES ||
        (uint64_t)TR_RECORD_MIN_BYTES + tr_load_u32(bytes + TR_OFFSET_ERROR_LENGTH) > length) {
        return false;
    }
    return tr_load_u32(bytes) == sum_of_parts(bytes, length);
}

/* Whether this is the beginning of a record, perhaps of a later version. If its lengths are cut off, it must not be
 * longer than what the engine writes. */
static bool is_begun(const uint8_t *bytes, size_t length) {
    if (length < TR_OFFSET_CRC) {
        return true;
    }
    uint64_t total = tr_load_u32(bytes);
    return total > length && total >= sum_of_parts(bytes, length) &&
           (total <= MAX_BEGUN_BYTES || lengths_agree(bytes, length)) &&
           (length <= TR_OFFSET_TYPE || bytes[TR_OFFSET_TYPE] < TR_RECORD_TYPE_COUNT);
}

/* If two lengths disagree, one is confirmed by what is at the end that it gives: the end of the bytes, or another
 * record. */
static bool ends_well(const uint8_t *bytes, size_t length, uint64_t end) {
    return end >= TR_RECORD_MIN_BYTES && (end == length || (end < length && (lengths_agree(bytes + end, length - end) ||
                                                                             is_begun(bytes + end, length - end))));
}

static bool begins_as_a_record(const uint8_t *bytes, size_t length) {
    if (is_begun(bytes, length)) {
        return true;
    }
    return length >= TR_RECORD_MIN_BYTES && bytes[TR_OFFSET_TYPE] < TR_RECORD_TYPE_COUNT &&
           (ends_well(bytes, length, tr_load_u32(bytes)) || ends_well(bytes, length, sum_of_parts(bytes, length)));
}

/* Pages that were never written. */
static bool begins_with_zeros(const uint8_t *bytes, size_t length) {
    size_t tested = length < TR_RECORD_MIN_BYTES ? length : TR_RECORD_MIN_BYTES;
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, tested - 1) == 0;
}

/* ---- other data ---- */

static bool is_control(uint8_t byte) {
    return (byte < 0x20 && (byte < '\t' || byte > '\r') && byte != 0x1b) || byte == 0x7f;
}

/* Whether the head is UTF-8 text, except for a character cut off at its end. */
static bool is_text(const uint8_t *bytes, size_t length) {
    enum { MAX_CUT_BYTES = 3 };
    size_t head = length < HEAD_BYTES ? length : HEAD_BYTES;
    for (size_t at = 0; at < head;) {
        bool valid = true;
        size_t character = tr_utf8_scan(bytes + at, head - at, &valid);
        if (is_control(bytes[at]) || (!valid && (head == length || head - at > MAX_CUT_BYTES))) {
            return false;
        }
        at += character;
    }
    return true;
}

static const char *kind_of_text(const uint8_t *bytes, size_t length) {
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    size_t at = length >= 3 && memcmp(bytes, byte_order_mark, 3) == 0 ? 3 : 0;
    while (at < length && (bytes[at] == ' ' || (bytes[at] >= '\t' && bytes[at] <= '\r'))) {
        at++;
    }
    switch (at < length ? bytes[at] : 0) {
    case '{':
    case '[':
        return "text (JSON, by its first character)";
    case '<':
        return "text (XML or HTML, by its first character)";
    default:
        return "text";
    }
}

/* Whether all byte values are about equally frequent: 256 times the sum of the squares of the counts is then little
 * more than the square of the length. Data with 7.9 bits per byte exceeds that by 14 %. */
static bool is_even(const uint8_t *bytes, size_t length) {
    enum { MIN_BYTES = 4096, MAX_PERCENT = 115 };
    uint64_t counts[256] = {0};
    uint64_t squares = 0;
    for (size_t i = 0; i < length; i++) {
        counts[bytes[i]]++;
    }
    for (int byte = 0; byte < 256; byte++) {
        squares += counts[byte] * counts[byte];
    }
    uint64_t even = (uint64_t)length * length;
    uint64_t by_chance = (uint64_t)length * 256;
    return length >= MIN_BYTES && 256 * squares <= even / 100 * MAX_PERCENT + by_chance;
}

static const char *kind_of_binary(const uint8_t *bytes, size_t length) {
    if (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0) {
        return "text (UTF-16)";
    }
    return is_even(bytes, length < HEAD_BYTES ? length : HEAD_BYTES) ? "compressed, encrypted or random data"
                                                                     : "data of another kind";
}

tr_look tr_foreign_look(const uint8_t *bytes, size_t length, tr_foreign *foreign) {
    /* Lengths that agree take precedence over any magic number: they do not agree by chance. */
    if (length < TR_OFFSET_CRC || lengths_agree(bytes, length) || begins_with_zeros(bytes, length)) {
        return TR_LOOK_LOG;
    }
    const tr_foreign *known = tr_foreign_format(bytes, length);
    if (known != NULL) {
        *foreign = *known;
        return TR_LOOK_KNOWN;
    }
    if (is_text(bytes, length)) {
        *foreign = (tr_foreign){kind_of_text(bytes, length), name_the_log};
        return TR_LOOK_KNOWN;
    }
    if (begins_as_a_record(bytes, length)) {
        return TR_LOOK_LOG;
    }
    *foreign = (tr_foreign){kind_of_binary(bytes, length), name_the_log};
    return TR_LOOK_UNKNOWN;
}
