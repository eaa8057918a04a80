/* Times as other programs write them. Expected values come from Python's datetime. */
#include "import/time_text.h"

#include "check.h"

typedef struct good_time {
    const char *text;
    const char *form; /* "": none is given */
    uint64_t ns;
} good_time;

static const good_time good_times[] = {
    {"2025-11-24T16:00:00.005674Z", "", UINT64_C(1764000000005674000)},
    {"2025-11-24t16:00:00.005674123z", "", UINT64_C(1764000000005674123)},
    {"2025-11-24T16:00:00.0056741239999+01:00", "", UINT64_C(1763996400005674123)},
    {"2025-11-24 16:00:00,5-0830", "", UINT64_C(1764030600500000000)},
    {"2024/02/29 23:59", "+05", UINT64_C(1709233140000000000)},
    {"2025-11-24", "UTC", UINT64_C(1763942400000000000)},
    {"2000-02-29", "UTC", UINT64_C(951782400000000000)},
    {"2016-12-31T23:59:60Z", "", UINT64_C(1483228800000000000)}, /* a leap second is the second after it */
    {"2025-11-24 16:00:00 UTC", "+02:00", UINT64_C(1764000000000000000)},
    {"1970-01-01T00:00:00Z", "", UINT64_C(0)},
    {"2261-12-31T23:59:59.999999999Z", "", UINT64_C(9214646399999999999)},
    {"1764000000", "s", UINT64_C(1764000000000000000)},
    {"1764000000.123456789", "s", UINT64_C(1764000000123456789)},
    {"1764000000123.4567891", "ms", UINT64_C(1764000000123456789)},
    {"1764000000123456.789", "us", UINT64_C(1764000000123456789)},
    {"1764000000123456789", "ns", UINT64_C(1764000000123456789)},
};

static tr_time_problem parse(const char *text, const char *form_text, uint64_t *ns) {
    tr_time_form form = {0};
    if (form_text[0] != '\0' && !tr_time_form_of(form_text, strlen(form_text), &form)) {
        return TR_TIME_NO_TIME;
    }
    return tr_time_parse(text, strlen(text), &form, ns);
}

static void forms_are_read_to_the_nanosecond(void) {
    for (size_t i = 0; i < sizeof good_times / sizeof *good_times; i++) {
        uint64_t ns = 1;
        CHECK_INT(TR_TIME_FINE, parse(good_times[i].text, good_times[i].form, &ns));
        CHECK_UINT(good_times[i].ns, ns);
    }
}

static void other_texts_are_refused(void) {
    static const struct {
        const char *text;
        const char *form;
        tr_time_problem problem;
    } bad_times[] = {
        {"", "", TR_TIME_NO_TIME},
        {"yesterday", "Z", TR_TIME_NO_TIME},
        {"2025-11-24T16:00:00", "", TR_TIME_NO_ZONE},
        {"2025-11-24", "", TR_TIME_NO_ZONE},
        {"2025-02-29T00:00:00Z", "", TR_TIME_NO_DAY},
        {"2100-02-29T00:00:00Z", "", TR_TIME_NO_DAY},
        {"2016-12-31T23:59:61Z", "", TR_TIME_NO_DAY},
        {"2025-13-01T00:00:00Z", "", TR_TIME_NO_DAY},
        {"2025-11-24T24:00:00Z", "", TR_TIME_NO_DAY},
        {"2025-11-24T16:00:00.Z", "", TR_TIME_NO_TIME},
        {"2025-11-24T16:00:00+1", "", TR_TIME_NO_TIME},
        {"2025-11-24T16:00:00+24:00", "", TR_TIME_NO_TIME},
        {"2025-11-24T16:00:00Zx", "", TR_TIME_NO_TIME},
        {"2025-11-2", "Z", TR_TIME_NO_TIME},
        {"2025-11/24", "Z", TR_TIME_NO_TIME},
        {"1969-12-31T23:59:59Z", "", TR_TIME_BEYOND},
        {"2262-01-01T00:00:00Z", "", TR_TIME_BEYOND},
        {"9223372036.854775808", "s", TR_TIME_BEYOND},
        {"99999999999999999999999", "ns", TR_TIME_BEYOND},
        {"-1", "s", TR_TIME_NO_TIME},
        {"1e9", "s", TR_TIME_NO_TIME},
        {"1.", "s", TR_TIME_NO_TIME},
    };
    for (size_t i = 0; i < sizeof bad_times / sizeof *bad_times; i++) {
        uint64_t ns = 77;
        CHECK_INT(bad_times[i].problem, parse(bad_times[i].text, bad_times[i].form, &ns));
        CHECK_UINT(77, ns);
    }
}

static void numbers_are_scaled(void) {
    uint64_t ns = 0;
    CHECK_INT(TR_TIME_FINE, tr_time_of_integer(1764000000, 9, &ns));
    CHECK_UINT(UINT64_C(1764000000000000000), ns);
    CHECK_INT(TR_TIME_FINE, tr_time_of_number(1764000000.5, 9, &ns));
    CHECK_UINT(UINT64_C(1764000000500000000), ns);
    CHECK_INT(TR_TIME_FINE, tr_time_of_number(1.9, 9, &ns)); /* what is after its point is a little less than 0.9 */
    CHECK_UINT(UINT64_C(1900000000), ns);
    CHECK_INT(TR_TIME_FINE, tr_time_of_number(1500.25, 3, &ns));
    CHECK_UINT(1500250, ns);
    CHECK_INT(TR_TIME_BEYOND, tr_time_of_integer(-1, 9, &ns));
    CHECK_INT(TR_TIME_BEYOND, tr_time_of_integer(INT64_MAX / 1000000000 + 1, 9, &ns));
    CHECK_INT(TR_TIME_BEYOND, tr_time_of_number(1e300, 0, &ns));
    CHECK_INT(TR_TIME_BEYOND, tr_time_of_number(-0.5, 0, &ns));
    CHECK_UINT(1500250, ns);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("times: dates and numbers are read to the nanosecond", forms_are_read_to_the_nanosecond);
    check_run("times: what is no time is refused, and says why", other_texts_are_refused);
    check_run("times: numbers become nanoseconds, where they fit", numbers_are_scaled);
    return check_end();
}
