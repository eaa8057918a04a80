#include "tracereel/record.h"

#include "log_fixture.h"

/* The share of unnoticed single-bit flips that docs/damage.md states. */
enum { STATED_PER_MILLE = 273 };

/* The bytes of one record, written out by hand from the format's table; the CRC is 0x12f5607c because Python's
 * zlib.crc32 says so of the bytes from 29 on. */
static const uint8_t known[] = {0x50, 0x00, 0x00, 0x00,                         /* total_len: 80 */
                                0x7c, 0x60, 0xf5, 0x12,                         /* crc32 */
                                0x06,                                           /* trace_suspended */
                                0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, /* trace_id */
                                0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, /* */
                                0x04, 0x03, 0x02, 0x01,                         /* node_id */
                                0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* timestamp_ns */
                                0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, /* output_offset */
                                0x24, 0x23, 0x22, 0x21,                         /* output_size */
                                0xf8, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0xf1, /* schema_hash */
                                0x44, 0x43, 0x42, 0x41,                         /* iteration */
                                0x03, 0x00, 0x00, 0x00, 'a',  'b',  0xff,       /* error_message */
                                0x02, 0x00, 0x00, 0x00, '{',  '}',              /* metadata */
                                'l',  'a',  't',  'e',  'r',  '!'};             /* a later version's bytes */

static const uint8_t known_id[TR_TRACE_ID_BYTES] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                                    0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static tr_record_fields known_fields(void) {
    tr_record_fields fields = {.type = TR_TYPE_TRACE_SUSPENDED,
                               .node_id = 0x01020304,
                               .timestamp_ns = 0x0102030405060708,
                               .output_offset = 0x1112131415161718,
                               .output_size = 0x21222324,
                               .schema_hash = 0xf1323334353637f8,
                               .iteration = 0x41424344,
                               .error_message = {"ab\xff", 3},
                               .metadata = {"{}", 2},
                               .extra = {"later!", 6}};
    memcpy(fields.trace_id, known_id, sizeof known_id);
    return fields;
}

static void fields_become_known_bytes(void) {
    tr_record_fields fields = known_fields();
    uint8_t bytes[sizeof known + 1];
    bytes[sizeof known] = 0x5a;
    CHECK_UINT(sizeof known, tr_record_encoded_bytes(&fields));
    CHECK_INT(TR_OK, tr_record_encode(&fields, bytes, sizeof known));
    CHECK_BYTES(known, sizeof known, bytes, sizeof known);
    CHECK_UINT(0x5a, bytes[sizeof known]);
}

static void check_text_field(const char *expected, size_t length, tr_text found) {
    CHECK_BYTES(expected, length, found.bytes, found.length_bytes);
}

static void known_bytes_become_fields(void) {
    tr_record record;
    tr_defect defect = {0};
    REQUIRE(tr_record_decode(known, sizeof known, &record, &defect) == TR_OK);
    CHECK_UINT(sizeof known, record.length_bytes);
    CHECK_INT(TR_TYPE_TRACE_SUSPENDED, tr_record_type_of(&record));
    CHECK_BYTES(known_id, sizeof known_id, tr_record_trace_id(&record), TR_TRACE_ID_BYTES);
    CHECK_UINT(0x01020304, tr_record_node_id(&record));
    CHECK_UINT(0x0102030405060708, tr_record_timestamp_ns(&record));
    CHECK_UINT(0x1112131415161718, tr_record_output_offset(&record));
    CHECK_UINT(0x21222324, tr_record_output_size(&record));
    CHECK_UINT(0xf1323334353637f8, tr_record_schema_hash(&record));
    CHECK_UINT(0x41424344, tr_record_iteration(&record));
    check_text_field("ab\xff", 3, tr_record_error_message(&record));
    check_text_field("{}", 2, tr_record_metadata(&record));
    check_text_field("later!", 6, tr_record_extra(&record));
    tr_record_fields fields;
    uint8_t again[sizeof known];
    tr_record_unpack(&record, &fields);
    CHECK_INT(TR_OK, tr_record_encode(&fields, again, sizeof again));
    CHECK_BYTES(known, sizeof known, again, sizeof again);
}

static void check_same(written_record written) {
    uint8_t expected[512], found[512];
    size_t length = put_record(expected, written);
    tr_record_fields fields = {.type = (tr_record_type)written.type,
                               .node_id = written.node_id,
                               .timestamp_ns = written.timestamp_ns,
                               .output_offset = written.output_offset,
                               .output_size = written.output_size,
                               .schema_hash = written.schema_hash,
                               .iteration = written.iteration};
    memset(fields.trace_id, written.trace, sizeof fields.trace_id);
    if (written.error_message != NULL) {
        fields.error_message = (tr_text){written.error_message, (uint32_t)strlen(written.error_message)};
    }
    if (written.metadata != NULL) {
        fields.metadata = (tr_text){written.metadata, (uint32_t)strlen(written.metadata)};
    }
    REQUIRE(tr_record_encoded_bytes(&fields) == length);
    CHECK_INT(TR_OK, tr_record_encode(&fields, found, length));
    CHECK_BYTES(expected, length, found, length);
    tr_record record;
    tr_defect defect;
    REQUIRE(tr_record_decode(found, length, &record, &defect) == TR_OK);
    CHECK_UINT(written.type, (unsigned)tr_record_type_of(&record));
    CHECK_UINT(written.node_id, tr_record_node_id(&record));
    CHECK_UINT(written.timestamp_ns, tr_record_timestamp_ns(&record));
    CHECK_UINT(written.output_offset, tr_record_output_offset(&record));
    CHECK_UINT(written.output_size, tr_record_output_size(&record));
    CHECK_UINT(written.schema_hash, tr_record_schema_hash(&record));
    CHECK_UINT(written.iteration, tr_record_iteration(&record));
    CHECK_UINT(fields.error_message.length_bytes, tr_record_error_message(&record).length_bytes);
    CHECK_UINT(fields.metadata.length_bytes, tr_record_metadata(&record).length_bytes);
    CHECK_UINT(0, tr_record_extra(&record).length_bytes);
}

static void every_type_with_and_without_texts(void) {
    for (unsigned type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
        check_same((written_record){.type = type, .trace = (uint8_t)type});
        check_same((written_record){.type = type, .error_message = "declined"});
        check_same((written_record){.type = type, .metadata = "{\"hook_id\":\"h\"}"});
        check_same((written_record){.type = type,
                                    .trace = 0xff,
                                    .node_id = UINT32_MAX,
                                    .timestamp_ns = UINT64_MAX,
                                    .output_offset = UINT64_MAX,
                                    .output_size = UINT32_MAX,
                                    .schema_hash = UINT64_MAX,
                                    .iteration = UINT32_MAX,
                                    .error_message = "\xff",
                                    .metadata = "no JSON"});
    }
}

static void what_cannot_be_encoded(void) {
    uint8_t bytes[128];
    memset(bytes, 0x5a, sizeof bytes);
    tr_record_fields fields = known_fields();
    CHECK_INT(TR_ERROR_ARGUMENT, tr_record_encode(&fields, bytes, sizeof known - 1));
    CHECK_INT(TR_ERROR_ARGUMENT, tr_record_encode(&fields, bytes, 0));
    fields.type = (tr_record_type)TR_RECORD_TYPE_COUNT;
    CHECK_INT(TR_ERROR_ARGUMENT, tr_record_encode(&fields, bytes, sizeof bytes));
    fields.type = TR_TYPE_NODE_DONE;
    fields.error_message.length_bytes = UINT32_MAX - TR_RECORD_MIN_BYTES;
    fields.metadata.length_bytes = 0;
    fields.extra.length_bytes = 0;
    CHECK_UINT(UINT32_MAX, tr_record_encoded_bytes(&fields));
    fields.extra.length_bytes = 1;
    CHECK_UINT(0, tr_record_encoded_bytes(&fields));
    CHECK_INT(TR_ERROR_ARGUMENT, tr_record_encode(&fields, bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++) {
        CHECK_UINT(0x5a, bytes[i]);
    }
}

/* Decodes a copy in exactly as much memory as is said to be available, so that a sanitizer sees every overread. */
static void check_defect(const uint8_t *bytes, size_t length, tr_defect expected, const char *words) {
    uint8_t *exact = malloc(length > 0 ? length : 1);
    REQUIRE(exact != NULL);
    memcpy(exact, bytes, length);
    tr_record record = {.length_bytes = 12345};
    tr_defect found = {0};
    CHECK_INT(TR_ERROR_INVALID, tr_record_decode(exact, length, &record, &found));
    CHECK_INT(expected.code, found.code);
    CHECK_UINT(expected.expected, found.expected);
    CHECK_UINT(expected.found, found.found);
    CHECK_UINT(12345, record.length_bytes);
    char text[160];
    CHECK_UINT(strlen(words), tr_defect_describe(&found, text, sizeof text));
    CHECK_TEXT(words, text);
    free(exact);
}

static void every_defect_says_what_was_expected(void) {
    uint8_t bytes[sizeof known];
    memcpy(bytes, known, sizeof known);
    check_defect(bytes, 0, (tr_defect){TR_DEFECT_TOO_SMALL, 69, 0},
                 "too small: a record is at least 69 bytes, only 0 are there");
    check_defect(bytes, 68, (tr_defect){TR_DEFECT_TOO_SMALL, 69, 68},
                 "too small: a record is at least 69 bytes, only 68 are there");
    check_defect(bytes, 79, (tr_defect){TR_DEFECT_TRUNCATED, 80, 79}, "truncated: expected 80 bytes, got 79");
    bytes[0] = 68;
    check_defect(bytes, 80, (tr_defect){TR_DEFECT_LENGTH, 69, 68},
                 "total_len too small: expected at least 69, found 68");
    put_number(bytes, UINT32_MAX, 4);
    check_defect(bytes, 80, (tr_defect){TR_DEFECT_TRUNCATED, UINT32_MAX, 80},
                 "truncated: expected 4294967295 bytes, got 80");
    bytes[8] = 255; /* the length is checked first */
    check_defect(bytes, 80, (tr_defect){TR_DEFECT_TRUNCATED, UINT32_MAX, 80},
                 "truncated: expected 4294967295 bytes, got 80");
    put_number(bytes, 80, 4);
    char says[64];
    (void)snprintf(says, sizeof says, "unknown type: expected at most %d, found 255", TR_RECORD_TYPE_COUNT - 1);
    check_defect(bytes, 80, (tr_defect){TR_DEFECT_UNKNOWN_TYPE, TR_RECORD_TYPE_COUNT - 1, 255}, says);
    bytes[8] = 6;
    put_number(bytes + 61, 12, 4);
    check_defect(bytes, 80, (tr_defect){TR_DEFECT_TEXT_LENGTH, 11, 12},
                 "a text does not fit its record: expected at most 11 bytes, found 12");
    put_number(bytes + 61, UINT32_MAX, 4);
    check_defect(bytes, 80, (tr_defect){TR_DEFECT_TEXT_LENGTH, 11, UINT32_MAX},
                 "a text does not fit its record: expected at most 11 bytes, found 4294967295");
    put_number(bytes + 61, 3, 4);
    put_number(bytes + 68, 9, 4);
    check_defect(bytes, 80, (tr_defect){TR_DEFECT_TEXT_LENGTH, 8, 9},
                 "a text does not fit its record: expected at most 8 bytes, found 9");
    put_number(bytes + 68, 2, 4);
    bytes[79] ^= 1;
    uint32_t computed = (uint32_t)crc32(0, bytes + 29, 51);
    char words[64];
    snprintf(words, sizeof words, "CRC mismatch: expected 12f5607c, got %08" PRIx32, computed);
    check_defect(bytes, 80, (tr_defect){TR_DEFECT_CRC, 0x12f5607c, computed}, words);
}

static void a_description_is_cut_to_its_buffer(void) {
    tr_defect defect = {TR_DEFECT_TRUNCATED, 80, 79};
    char text[8] = "xxxxxxx";
    CHECK_UINT(0, tr_defect_describe(&defect, text, 0));
    CHECK_TEXT("xxxxxxx", text);
    CHECK_UINT(0, tr_defect_describe(&defect, text, 1));
    CHECK_TEXT("", text);
    CHECK_UINT(7, tr_defect_describe(&defect, text, sizeof text));
    CHECK_TEXT("truncat", text);
}

/* Every prefix of a record, in memory that ends where it ends. */
static void no_byte_after_the_end_is_read(void) {
    for (size_t length = 0; length <= sizeof known; length++) {
        uint8_t *exact = malloc(length > 0 ? length : 1);
        REQUIRE(exact != NULL);
        memcpy(exact, known, length);
        tr_record record;
        tr_defect defect;
        CHECK_INT(length == sizeof known ? TR_OK : TR_ERROR_INVALID, tr_record_decode(exact, length, &record, &defect));
        free(exact);
    }
}

static void ids_as_text(void) {
    uint8_t id[TR_TRACE_ID_BYTES];
    char text[TR_TRACE_ID_TEXT_BYTES];
    tr_trace_id_format(known_id, text);
    CHECK_TEXT("00112233-4455-6677-8899-aabbccddeeff", text);
    static const char *const accepted[] = {"00112233-4455-6677-8899-aabbccddeeff",
                                           "00112233-4455-6677-8899-AABBCCDDEEFF", "00112233445566778899aabbccddeeff",
                                           "00112233445566778899AaBbCcDdEeFf"};
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        memset(id, 0, sizeof id);
        CHECK(tr_trace_id_parse(accepted[i], strlen(accepted[i]), id));
        CHECK_BYTES(known_id, sizeof known_id, id, sizeof id);
    }
    static const char *const refused[] = {"",
                                          "00112233",
                                          "00112233-4455-6677-8899-aabbccddeef",
                                          "00112233-4455-6677-8899-aabbccddeeff0",
                                          "00112233-4455-6677-8899-aabbccddeefg",
                                          "00112233+4455-6677-8899-aabbccddeeff",
                                          "001122334-455-6677-8899-aabbccddeeff",
                                          "00112233445566778899aabbccddee\x80\xff",
                                          "00112233445566778899aabbccddee/:",
                                          "00112233445566778899aabbccddee@`"};
    memset(id, 0x5a, sizeof id);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK(!tr_trace_id_parse(refused[i], strlen(refused[i]), id));
        CHECK_UINT(0x5a, id[0]);
    }
}

/* The types of the format's first version, from its description, by number: the name, and which fields mean something.
 */
static const struct {
    const char *name;
    bool trace, node, output, iteration, message, metadata;
} types[] = {
    {"trace_start", .trace = true, .metadata = true},
    {"node_start", .trace = true, .node = true},
    {"node_done", .trace = true, .node = true, .output = true},
    {"node_error", .trace = true, .node = true, .message = true},
    {"trace_complete", .trace = true},
    {"trace_failed", .trace = true, .message = true},
    {"trace_suspended", .trace = true, .node = true, .metadata = true},
    {"trace_resumed", .trace = true},
    {"checkpoint", .metadata = true},
    {"loop_iteration", .trace = true, .node = true, .iteration = true},
    {"loop_exit", .trace = true, .node = true, .iteration = true},
};

static void types_have_names_and_meanings(void) {
    for (unsigned type = 0; type < sizeof types / sizeof *types; type++) {
        CHECK_TEXT(types[type].name, tr_record_type_name(type));
        CHECK_INT((int)type, tr_record_type_from_name(types[type].name, strlen(types[type].name)));
#define CHECK_MEANING(bit, constant, member) CHECK_INT(types[type].member, tr_record_type_has(type, TR_HAS_##constant));
        TR_RECORD_MEANINGS(CHECK_MEANING)
#undef CHECK_MEANING
    }
    CHECK_TEXT(NULL, tr_record_type_name(TR_RECORD_TYPE_COUNT));
    CHECK(!tr_record_type_has(TR_RECORD_TYPE_COUNT, TR_HAS_TRACE));
    CHECK(!tr_record_type_has(UINT_MAX, TR_HAS_TRACE));
    CHECK_INT(-1, tr_record_type_from_name("node_don", 8));
    CHECK_INT(-1, tr_record_type_from_name("node_done_", 10));
    CHECK_INT(-1, tr_record_type_from_name("", 0));
}

static bool is_outside_of_the_crc(size_t byte) {
    return byte == 8 || (byte >= 9 && byte < 29); /* type; trace id and node id */
}

/* How many of the flips in the byte of a type give another existing type. */
static unsigned silent_type_flips(unsigned type) {
    unsigned count = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        count += (type ^ 1u << bit) < TR_RECORD_TYPE_COUNT;
    }
    return count;
}

/* The share that docs/damage.md states. */
static void flipped_bits(void) {
    enum { RECORDS = 200 };
    size_t length, flips = 0, silent = 0, expected_silent = 0, offset = 0;
    uint8_t *log = read_file(FIXTURES "orders/wal_0000000000000000.log", &length);
    REQUIRE(log != NULL);
    tr_record record;
    tr_defect defect;
    for (int count = 0; count < RECORDS; count++, offset += record.length_bytes) {
        REQUIRE(tr_record_decode(log + offset, length - offset, &record, &defect) == TR_OK);
        tr_record whole = record;
        expected_silent += 8 * 20 + silent_type_flips(log[offset + 8]);
        for (size_t bit = 0; bit < 8 * (size_t)whole.length_bytes; bit++, flips++) {
            log[offset + bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (tr_record_decode(log + offset, length - offset, &record, &defect) == TR_OK) {
                silent++;
                CHECK(is_outside_of_the_crc(bit / 8));
                CHECK_UINT(whole.length_bytes, record.length_bytes);
            }
            log[offset + bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        record = whole;
    }
    CHECK_UINT(expected_silent, silent);
    printf("%zu of %zu single-bit flips are not seen: %.1f %%\n", silent, flips,
           100.0 * (double)silent / (double)flips);
    CHECK_UINT(STATED_PER_MILLE, (silent * 1000 + flips / 2) / flips);
    free(log);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("fields become the bytes of the format", fields_become_known_bytes);
    check_run("the bytes of the format become fields", known_bytes_become_fields);
    check_run("every type keeps its fields, with and without texts", every_type_with_and_without_texts);
    check_run("a record that does not fit is not encoded, and nothing is written", what_cannot_be_encoded);
    check_run("every defect says what was expected and what was found", every_defect_says_what_was_expected);
    check_run("a description of a defect is cut to its buffer", a_description_is_cut_to_its_buffer);
    check_run("no byte after the end is read", no_byte_after_the_end_is_read);
    check_run("trace ids are read and written as text", ids_as_text);
    check_run("types have the numbers, names and fields that the format says", types_have_names_and_meanings);
    check_run("a flipped bit is seen, except in type, trace id and node id", flipped_bits);
    return check_end();
}
