#include "log/gap.h"

#include "log_fixture.h"

enum { RECORD_BYTES = 69 + 5 + 8 };

/* A record with both texts. */
static void put_example(uint8_t *out) {
    size_t length = put_record(out, (written_record){.type = 3, .error_message = "error", .metadata = "metadata"});
    CHECK_UINT(RECORD_BYTES, length);
}

static bool is_prefix(const uint8_t *bytes, size_t length) {
    uint8_t *exact = malloc(length); /* so that a sanitizer sees every overread */
    memcpy(exact, bytes, length);
    bool answer = tr_gap_is_record_prefix(exact, length);
    free(exact);
    return answer;
}

static void every_beginning_of_a_record_is_one(void) {
    uint8_t bytes[RECORD_BYTES];
    put_example(bytes);
    for (size_t length = 1; length < RECORD_BYTES; length++) {
        CHECK(is_prefix(bytes, length));
    }
    CHECK(!is_prefix(bytes, RECORD_BYTES)); /* it was written completely, so that no crash explains it */
}

/* What must be right in a prefix, and from which length on it can be checked. */
static void what_contradicts_itself_is_none(void) {
    static const struct {
        size_t at;                                /* index of the byte that is changed */
        uint8_t to;                               /* its new value */
        size_t seen_from;                         /* the first length at which it is not a prefix */
    } cases[] = {{0, 68, 4},                      /* total_len below 69 */
                 {8, 255, 9},                     /* no such type */
                 {61, RECORD_BYTES - 69 + 1, 65}, /* error_len runs past total_len */
                 {61, 4, 69 + 4},                 /* metadata_len, read one byte too early, is wrong */
                 {70, 7, 69 + 5},                 /* the lengths do not add up */
                 {70, 9, 69 + 5},                 /* */
                 {0, RECORD_BYTES + 1, 69 + 5}};  /* bytes after the texts, which the present writer does not write */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[RECORD_BYTES];
        put_example(bytes);
        bytes[cases[i].at] = cases[i].to;
        CHECK(is_prefix(bytes, cases[i].seen_from - 1));
        CHECK(!is_prefix(bytes, cases[i].seen_from));
    }
}

static void up_to_three_bytes_say_nothing(void) {
    CHECK(is_prefix((const uint8_t *)"\0", 1));
    CHECK(is_prefix((const uint8_t *)"\0\0\0", 3));
    CHECK(is_prefix((const uint8_t *)"\xff\xff\xff", 3));
    CHECK(!is_prefix((const uint8_t *)"\0\0\0\0", 4));
    CHECK(is_prefix((const uint8_t *)"\xff\xff\xff\xff", 4));
    CHECK(is_prefix((const uint8_t *)"\x45\0\0\0", 4));
    CHECK(!is_prefix((const uint8_t *)"\x44\0\0\0", 4));
}

static tr_gap_class classify(const uint8_t *bytes, size_t length, size_t segment_bytes, bool is_last, bool follows) {
    tr_gap_surroundings surroundings = {segment_bytes, is_last, follows};
    return tr_gap_classify(bytes, length, &surroundings);
}

static void the_surroundings_decide(void) {
    enum { LIMIT = 32 * 1024 * 1024 };
    static const uint8_t zeros[200];
    uint8_t torn[RECORD_BYTES];
    put_example(torn);
    static const uint8_t garbage[] = "garbage!";
    /* The end of the last segment is what a crash leaves, whatever is there. */
    CHECK_INT(TR_GAP_TORN_TAIL, classify(torn, 40, 1000, true, false));
    CHECK_INT(TR_GAP_TORN_TAIL, classify(garbage, 8, 1000, true, false));
    CHECK_INT(TR_GAP_ZERO_TAIL, classify(zeros, 200, 1000, true, false));
    CHECK_INT(TR_GAP_ZERO_TAIL, classify(zeros, 1, 1000, true, false));
    CHECK_INT(TR_GAP_TORN_TAIL, classify((const uint8_t *)"\0\0\1", 3, 1000, true, false));
    /* Before a record: a torn write if it can be one. */
    CHECK_INT(TR_GAP_TORN_WRITE, classify(torn, 40, 1000, true, true));
    CHECK_INT(TR_GAP_TORN_WRITE, classify(torn, 40, 1000, false, true));
    CHECK_INT(TR_GAP_CORRUPT, classify(torn, RECORD_BYTES, 1000, true, true));
    CHECK_INT(TR_GAP_TORN_WRITE, classify(garbage, 8, 1000, false, true)); /* text is a length like any other */
    CHECK_INT(TR_GAP_CORRUPT, classify((const uint8_t *)"garbage! again", 14, 1000, false, true)); /* no such type */
    CHECK_INT(TR_GAP_CORRUPT, classify(zeros, 200, 1000, true, true));
    CHECK_INT(TR_GAP_CORRUPT, classify(zeros, 4, 1000, true, true));
    /* The end of a segment that is not the last: only if the writer does not continue such a segment. */
    CHECK_INT(TR_GAP_CORRUPT, classify(torn, 40, 1000, false, false));
    CHECK_INT(TR_GAP_CORRUPT, classify(torn, 40, LIMIT, false, false));
    CHECK_INT(TR_GAP_TORN_WRITE, classify(torn, 40, LIMIT + 1, false, false));
    CHECK_INT(TR_GAP_CORRUPT, classify(zeros, 200, LIMIT + 1, false, false));
}

static void classes_have_names(void) {
    static const struct {
        tr_gap_class gap_class;
        const char *name;
        bool damage;
    } cases[] = {{TR_GAP_TORN_TAIL, "torn_tail", false},
                 {TR_GAP_ZERO_TAIL, "zero_tail", false},
                 {TR_GAP_TORN_WRITE, "torn_write", false},
                 {TR_GAP_CORRUPT, "corrupt", true},
                 {TR_GAP_MISSING_SEGMENT, "missing_segment", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_TEXT(cases[i].name, tr_gap_class_name(cases[i].gap_class));
        CHECK_INT(cases[i].damage, tr_gap_class_is_damage(cases[i].gap_class));
    }
    CHECK_TEXT(NULL, tr_gap_class_name(TR_GAP_CLASS_COUNT));
    CHECK(!tr_gap_class_is_damage(TR_GAP_CLASS_COUNT));
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("every proper prefix of a record can be a torn write", every_beginning_of_a_record_is_one);
    check_run("bytes that contradict themselves are not a torn write", what_contradicts_itself_is_none);
    check_run("up to three bytes can be a torn write, four are a length", up_to_three_bytes_say_nothing);
    check_run("the class of a gap follows from its bytes and its surroundings", the_surroundings_decide);
    check_run("gap classes have names, and two of them are damage", classes_have_names);
    return check_end();
}
