#include "tracereel/snapshot.h"

#include "log_fixture.h"
#include "tracereel/log.h"

#define ID_1 "00112233-4455-6677-8899-aabbccddeeff"
#define ID_2 "00112233-4455-6677-8899-aabbccddee00"
#define BEFORE "{\"id\":7,\"wal_position\":{\"file_sequence\":1,\"offset\":69},\"trace_states\":{"
#define AFTER "},\"created_at\":1764000000,\"record_count\":12}"
#define EMPTY_STATE "{\"last_completed_node\":null,\"suspended_at\":null,\"started_nodes\":[],\"completed_nodes\":{}}"

/* Makes a snapshot file around a JSON text, in exactly as much memory as it takes. */
static uint8_t *make_file(const char *json, size_t *length) {
    *length = 16 + strlen(json);
    uint8_t *bytes = malloc(*length);
    memcpy(bytes, "XSNP", 4);
    put_number(bytes + 4, 1, 4);
    put_number(bytes + 8, *length - 16, 8);
    memcpy(bytes + 16, json, *length - 16);
    return bytes;
}

static tr_snapshot *parse(const char *json) {
    size_t length;
    uint8_t *bytes = make_file(json, &length);
    tr_snapshot *snapshot;
    tr_error error = {""};
    CHECK_INT(TR_OK, tr_snapshot_parse(bytes, length, &snapshot, &error));
    CHECK_TEXT("", error.message);
    free(bytes);
    return snapshot;
}

static void check_refused_bytes(const uint8_t *bytes, size_t length, const char *words) {
    uint8_t *exact = malloc(length > 0 ? length : 1);
    memcpy(exact, bytes, length);
    tr_snapshot *snapshot = (tr_snapshot *)&length;
    tr_error error = {""};
    CHECK_INT(TR_ERROR_INVALID, tr_snapshot_parse(exact, length, &snapshot, &error));
    CHECK(snapshot == NULL);
    CHECK_CONTAINS(words, error.message);
    CHECK_INT(TR_ERROR_INVALID, tr_snapshot_parse(exact, length, &snapshot, NULL));
    free(exact);
}

static void check_refused(const char *json, const char *words) {
    size_t length;
    uint8_t *bytes = make_file(json, &length);
    check_refused_bytes(bytes, length, words);
    free(bytes);
}

static void every_member_is_read(void) {
    tr_snapshot *snapshot =
        parse(BEFORE "\"" ID_1 "\":{\"last_completed_node\":2,\"suspended_at\":4294967295,\"started_nodes\":[3,3,0],"
                     "\"completed_nodes\":{\"2\":{\"offset\":18446744073709551615,\"size\":4294967295,"
                     "\"schema_hash\":18446744073709551615},\"4294967295\":{\"offset\":0,\"size\":1,"
                     "\"schema_hash\":9223372036854775808}},\"suspension_metadata\":\"{\\\"hook_id\\\":\\\"h\\\"}\","
                     "\"of a later version\":[{}]},\"" ID_2 "\":" EMPTY_STATE AFTER);
    REQUIRE(snapshot != NULL);
    CHECK_UINT(7, snapshot->id);
    CHECK_UINT(1, snapshot->sequence);
    CHECK_UINT(69, snapshot->offset);
    CHECK_UINT(1764000000, snapshot->created_at_s);
    CHECK_UINT(12, snapshot->record_count);
    REQUIRE(snapshot->trace_count == 2);
    const tr_snapshot_trace *trace = &snapshot->traces[0];
    CHECK_BYTES("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16, trace->trace_id, 16);
    CHECK(trace->has_last_completed_node && trace->last_completed_node == 2);
    CHECK(trace->is_suspended && trace->suspended_at == UINT32_MAX);
    REQUIRE(trace->started_count == 3);
    CHECK(trace->started_nodes[0] == 3 && trace->started_nodes[1] == 3 && trace->started_nodes[2] == 0);
    REQUIRE(trace->completed_count == 2);
    CHECK_UINT(2, trace->completed_nodes[0].node_id);
    CHECK_UINT(UINT64_MAX, trace->completed_nodes[0].output_offset);
    CHECK_UINT(UINT32_MAX, trace->completed_nodes[0].output_size);
    CHECK_UINT(UINT64_MAX, trace->completed_nodes[0].schema_hash);
    CHECK_UINT(UINT32_MAX, trace->completed_nodes[1].node_id);
    CHECK_UINT((uint64_t)1 << 63, trace->completed_nodes[1].schema_hash);
    CHECK_BYTES("{\"hook_id\":\"h\"}", 15, trace->suspension_metadata.bytes, trace->suspension_metadata.length_bytes);
    trace = &snapshot->traces[1];
    CHECK(!trace->has_last_completed_node && !trace->is_suspended);
    CHECK_UINT(0, trace->started_count + trace->completed_count + trace->suspension_metadata.length_bytes);
    tr_snapshot_free(snapshot);
}

static void wrong_headers(void) {
    size_t length;
    uint8_t *bytes = make_file(BEFORE AFTER, &length);
    tr_snapshot_free(parse(BEFORE AFTER));
    check_refused_bytes(bytes, 0, "a snapshot's header is 16 bytes, only 0 are there");
    check_refused_bytes(bytes, 15, "a snapshot's header is 16 bytes, only 15 are there");
    check_refused_bytes(bytes, 16, "offset 8: the header says");
    check_refused_bytes(bytes, length - 1, "offset 8: the header says");
    bytes[8]++;
    check_refused_bytes(bytes, length, "offset 8: the header says");
    bytes[8]--;
    bytes[15] = 0x80;
    check_refused_bytes(bytes, length, "offset 8: the header says");
    bytes[15] = 0;
    bytes[4] = 2;
    check_refused_bytes(bytes, length, "offset 4: expected version 1, found 2");
    bytes[4] = 1;
    bytes[3] = 'Q';
    check_refused_bytes(bytes, length, "offset 0: expected XSNP");
    free(bytes);
}

static void json_that_is_cut_anywhere(void) {
    static const char whole[] = BEFORE "\"" ID_1 "\":" EMPTY_STATE AFTER;
    char json[sizeof whole];
    for (size_t length = 0; length + 1 < sizeof whole; length++) {
        memcpy(json, whole, length);
        json[length] = '\0';
        check_refused(json, "offset ");
    }
    tr_snapshot_free(parse(whole));
}

#define STATE(members) BEFORE "\"" ID_1 "\":{" members "}" AFTER
#define NODES "\"started_nodes\":[],\"completed_nodes\":{}"

static void wrong_members(void) {
    static const struct {
        const char *json, *words;
    } cases[] = {
        {"[]", "offset 16: expected an object, found '['"},
        {"null ", "offset 16: expected an object, found 'n'"},
        {BEFORE AFTER "x", "unexpected bytes follow"},
        {"{}", "offset 18: \"wal_position\" is missing in the object that ends here"},
        {"{\"wal_position\":{\"offset\":0},\"trace_states\":[]}", "offset 44: \"file_sequence\" is missing"},
        {"{\"trace_states\":[]}", "offset 32: expected an object, found '['"},
        {"{\"id\":-1}", "offset 22: expected a number from 0 to 18446744073709551615"},
        {"{\"id\":1.5}", "expected a number from 0 to 18446744073709551615"},
        {"{\"id\":1e3}", "expected a number from 0 to 18446744073709551615"},
        {"{\"id\":01}", "expected a number from 0 to 18446744073709551615"},
        {"{\"id\":\"1\"}", "expected a number from 0 to 18446744073709551615"},
        {"{\"id\":18446744073709551616}", "expected a number from 0 to 18446744073709551615"},
        {"{\"id\":99999999999999999999999}", "expected a number from 0 to 18446744073709551615"},
        {"{\"x\":01}", "offset 22: expected a comma or the end of the object, found '1'"},
        {"{\"x\":-}", "expected a digit"},
        {"{\"x\":1.}", "expected a digit"},
        {"{\"x\":nul}", "expected a value, found 'n'"},
        {"{\"x\":1,}", "expected a member's name, found '}'"},
        {"{\"x\" 1}", "expected a colon, found '1'"},
        {"{\"x\":\"a\nb\"}", "control byte"},
        {BEFORE "\"not an id\":" EMPTY_STATE AFTER, "\"not an id\" is not a trace id"},
        {BEFORE "\"" ID_1 "\":null" AFTER, "expected an object, found 'n'"},
        {STATE("\"last_completed_node\":null,\"suspended_at\":null"),
         "\"started_nodes\" is missing in the object that ends here"},
        {STATE("\"started_nodes\":[]"), "\"completed_nodes\" is missing"},
        {STATE("\"last_completed_node\":4294967296," NODES ""), "expected a number from 0 to 4294967295"},
        {STATE("\"last_completed_node\":-1," NODES ""), "expected a number from 0 to 4294967295"},
        {STATE("\"suspended_at\":\"4\"," NODES ""), "expected a number from 0 to 4294967295"},
        {STATE("\"started_nodes\":{},\"completed_nodes\":{}"), "expected an array, found '{'"},
        {STATE("\"started_nodes\":[1,\"2\"],\"completed_nodes\":{}"), "expected a number from 0 to 4294967295"},
        {STATE("\"started_nodes\":[1,null],\"completed_nodes\":{}"), "expected a number from 0 to 4294967295"},
        {STATE("\"started_nodes\":[4294967296],\"completed_nodes\":{}"), "expected a number from 0 to 4294967295"},
        {STATE("\"started_nodes\":[1 2],\"completed_nodes\":{}"), "expected a comma or the end of the array"},
        {STATE("\"started_nodes\":[],\"completed_nodes\":{\"x\":{}}"), "\"x\" is not a node id"},
        {STATE("\"started_nodes\":[],\"completed_nodes\":{\"\":{}}"), "\"\" is not a node id"},
        {STATE("\"started_nodes\":[],\"completed_nodes\":{\" 1\":{}}"), "is not a node id"},
        {STATE("\"started_nodes\":[],\"completed_nodes\":{\"4294967296\":{}}"), "is not a node id"},
        {STATE("\"started_nodes\":[],\"completed_nodes\":{\"1\":null}"), "expected an object, found 'n'"},
        {STATE("\"started_nodes\":[],\"completed_nodes\":{\"1\":{\"offset\":0,\"size\":1}}"),
         "\"schema_hash\" is missing"},
        {STATE("\"started_nodes\":[],\"completed_nodes\":{\"1\":{\"offset\":0,\"size\":4294967296,\"schema_hash\":0}}"),
         "expected a number from 0 to 4294967295"},
        {STATE("\"started_nodes\":[],\"completed_nodes\":{\"1\":{\"schema_hash\":-1}}"),
         "expected a number from 0 to 18446744073709551615"},
        {STATE("" NODES ",\"suspension_metadata\":{}"), "expected a text, found '{'"},
        {STATE("" NODES ",\"suspension_metadata\":\"\\x\""), "escape"},
        {STATE("" NODES ",\"suspension_metadata\":\"\\u12g4\""), "escape"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_refused(cases[i].json, cases[i].words);
    }
}

static void what_else_json_allows(void) {
    tr_snapshot *snapshot = parse(
        " { \"x\" : [ { \"y\":[0,-2.5e+3,0.1E-9,true,false,null,\"\\\"\",{},[ ]] } ] ,\r\n\t\"id\":7,\"wal_position\":"
        "{\"offset\":1,\"z\":[],\"file_sequence\":2},\"trace_states\":{\"" ID_1 "\":{" NODES ",\"suspension_metadata\":"
        "\"\\u00e9\\ud83d\\ude42\\ud800x\\/\\n\\u0000\\udc00\\u20AC\"}" AFTER " ");
    REQUIRE(snapshot != NULL && snapshot->trace_count == 1);
    CHECK_UINT(2, snapshot->sequence);
    static const char expected[] = "\xc3\xa9\xf0\x9f\x99\x82\xef\xbf\xbdx/\n\0\xef\xbf\xbd\xe2\x82\xac";
    CHECK_BYTES(expected, sizeof expected - 1, snapshot->traces[0].suspension_metadata.bytes,
                snapshot->traces[0].suspension_metadata.length_bytes);
    tr_snapshot_free(snapshot);
}

static void deep_json_is_refused(void) {
    char json[40000] = "{\"x\":";
    memset(json + 5, '[', sizeof json - 6);
    check_refused(json, "the JSON is nested too deeply");
}

/* --- snapshots in a log --- */

static void write_snapshot(const char *directory, const char *name, const char *json, size_t cut) {
    size_t length;
    uint8_t *bytes = make_file(json, &length);
    char inside[512];
    join(inside, sizeof inside, directory, "snapshots");
    mkdir(inside, 0755);
    write_file(inside, name, bytes, length - cut);
    free(bytes);
}

/* Two records in each of the segments 1 and 2. */
static void make_log(char directory[64]) {
    uint8_t bytes[2 * 69];
    make_directory(directory);
    for (uint32_t i = 0; i < 2; i++) {
        put_record(bytes + (size_t)i * 69, (written_record){.type = 8, .node_id = i});
    }
    write_file(directory, "wal_0000000000000001.log", bytes, sizeof bytes);
    write_file(directory, "wal_0000000000000002.log", bytes, sizeof bytes);
}

/* Reads everything; the first results must be gaps with these words. Returns the number of records. */
static uint64_t read_log(const char *directory, bool use_snapshot, uint64_t snapshot_id, const char *gap_words) {
    tr_log *log;
    tr_record record;
    tr_error error = {""};
    tr_status status;
    tr_log_options options = {.use_snapshot = use_snapshot};
    CHECK_INT(TR_OK, tr_log_open(directory, &options, &log, &error));
    CHECK_UINT(snapshot_id, tr_log_snapshot(log) == NULL ? 0 : tr_log_snapshot(log)->id);
    if (gap_words != NULL) {
        CHECK_INT(TR_GAP, tr_log_next(log, &record));
        CHECK(tr_gap_class_is_damage(tr_log_gap(log)->gap_class));
        char told[512];
        snprintf(told, sizeof told, "%s: %s", tr_log_gap(log)->segment, tr_log_gap(log)->detail);
        CHECK_CONTAINS(gap_words, told);
    }
    while ((status = tr_log_next(log, &record)) == TR_OK) {
    }
    CHECK_INT(TR_END, status);
    CHECK_INT(gap_words != NULL, tr_log_is_damaged(log));
    uint64_t records = tr_log_get_statistics(log).records;
    tr_log_close(log);
    return records;
}

static void reading_begins_at_the_newest_snapshot(void) {
    char directory[64];
    make_log(directory);
    CHECK_UINT(4, read_log(directory, true, 0, NULL));
    write_snapshot(directory, "snapshot_0000000000000007.snap", BEFORE AFTER, 0);
    write_snapshot(directory, "snapshot_0000000000000003.snap", "{}", 0); /* older ones are not read */
    write_snapshot(directory, "snapshot_0000000000000009.snap.tmp", "{}", 0);
    CHECK_UINT(3, read_log(directory, true, 7, NULL));
    CHECK_UINT(4, read_log(directory, false, 0, NULL));
    remove_directory(directory);
}

static void a_damaged_snapshot_is_damage(void) {
    char directory[64];
    make_log(directory);
    write_snapshot(directory, "snapshot_0000000000000009.snap", BEFORE AFTER, 1);
    CHECK_UINT(4, read_log(directory, true, 0,
                           "snapshots/snapshot_0000000000000009.snap: the snapshot cannot be read: "
                           "offset 8: the header says"));
    write_snapshot(directory, "snapshot_0000000000000007.snap", BEFORE AFTER, 0);
    CHECK_UINT(3, read_log(directory, true, 7, "snapshot_0000000000000009.snap"));
    CHECK_UINT(4, read_log(directory, false, 0, NULL));
    char path[512];
    join(path, sizeof path, directory, "snapshots/snapshot_000000000000000a.snap"); /* newer, and not a file */
    CHECK_INT(0, mkdir(path, 0755));
    tr_log *log;
    tr_record record;
    const tr_log_options options = {.use_snapshot = true};
    REQUIRE(tr_log_open(directory, &options, &log, NULL) == TR_OK);
    CHECK_UINT(7, tr_log_snapshot(log)->id);
    CHECK_INT(TR_GAP, tr_log_next(log, &record));
    CHECK_CONTAINS("expected a file, found a directory", tr_log_gap(log)->detail);
    tr_log_close(log);
    remove_directory(directory);
}

static void snapshots_that_point_nowhere(void) {
    char directory[64];
    make_log(directory);
    write_snapshot(directory, "snapshot_0000000000000001.snap",
                   "{\"id\":1,\"wal_position\":{\"file_sequence\":1,\"offset\":139},\"trace_states\":{" AFTER, 0);
    CHECK_UINT(2, read_log(directory, true, 1, "the segment ends here, but the snapshot was taken at offset 139"));
    write_snapshot(directory, "snapshot_0000000000000002.snap",
                   "{\"id\":2,\"wal_position\":{\"file_sequence\":0,\"offset\":50},\"trace_states\":{" AFTER, 0);
    CHECK_UINT(4, read_log(directory, true, 2, "wal_0000000000000000.log"));
    write_snapshot(directory, "snapshot_0000000000000003.snap",
                   "{\"id\":3,\"wal_position\":{\"file_sequence\":3,\"offset\":0},\"trace_states\":{" AFTER, 0);
    CHECK_UINT(0, read_log(directory, true, 3, "wal_0000000000000003.log"));
    write_snapshot(directory, "snapshot_0000000000000004.snap",
                   "{\"id\":4,\"wal_position\":{\"file_sequence\":2,\"offset\":138},\"trace_states\":{" AFTER, 0);
    CHECK_UINT(0, read_log(directory, true, 4, NULL)); /* taken at the very end */
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("every member is read, 64 bits exactly", every_member_is_read);
    check_run("a wrong magic, version or length is refused with its offset", wrong_headers);
    check_run("a snapshot whose JSON is cut anywhere is refused", json_that_is_cut_anywhere);
    check_run("a member that is missing, of a wrong type or too large is refused by its name", wrong_members);
    check_run("unknown members are skipped, and escapes are decoded", what_else_json_allows);
    check_run("JSON that is nested too deeply is refused", deep_json_is_refused);
    check_run("reading begins at the newest snapshot on request, and only then", reading_begins_at_the_newest_snapshot);
    check_run("a snapshot that cannot be read is damage, and an older one or the whole log is read instead",
              a_damaged_snapshot_is_damage);
    check_run("a snapshot of a position that does not exist is damage", snapshots_that_point_nowhere);
    return check_end();
}
