#include "tracereel/histogram.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "scarce_memory.h"

static uint64_t random_state = 0x9e3779b97f4a7c15u;

/* xorshift64*: the same numbers in every run. */
static uint64_t random_bits(void) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1du;
}

/* Of every scale: as many numbers of 5 bits as of 50. */
static uint64_t random_value(unsigned largest_bits) {
    return random_bits() >> (64 - largest_bits + random_bits() % largest_bits);
}

static int compare(const void *left, const void *right) {
    uint64_t a, b;
    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return a < b ? -1 : a > b;
}

static void an_empty_one(void) {
    tr_histogram *histogram = tr_histogram_new();
    REQUIRE(histogram != NULL);
    CHECK_INT(TR_OK, tr_histogram_add(histogram, 7, 0));
    CHECK_UINT(0, tr_histogram_count(histogram));
    CHECK_UINT(0, tr_histogram_min(histogram));
    CHECK_UINT(0, tr_histogram_max(histogram));
    CHECK(tr_histogram_sum(histogram) == 0);
    CHECK(tr_histogram_mean(histogram) == 0);
    CHECK_UINT(0, tr_histogram_quantile(histogram, 0.5));
    uint32_t cursor = 0;
    uint64_t lower, upper, count;
    CHECK(!tr_histogram_next(histogram, &cursor, &lower, &upper, &count));
    tr_histogram_free(histogram);
    tr_histogram_free(NULL);
}

static void small_values_are_exact(void) {
    tr_histogram *histogram = tr_histogram_new();
    REQUIRE(histogram != NULL);
    for (uint64_t value = 0; value < 128; value++) {
        CHECK_INT(TR_OK, tr_histogram_add(histogram, value, 1));
    }
    for (uint64_t rank = 1; rank <= 128; rank++) {
        CHECK_UINT(rank - 1, tr_histogram_quantile(histogram, (double)rank / 128));
    }
    CHECK(tr_histogram_sum(histogram) == 127 * 64);
    CHECK(tr_histogram_mean(histogram) == 63.5);
    tr_histogram_free(histogram);
}

static void ranks_are_decimal(void) {
    tr_histogram *histogram = tr_histogram_new();
    REQUIRE(histogram != NULL);
    for (uint64_t value = 1; value <= 100; value++) {
        CHECK_INT(TR_OK, tr_histogram_add(histogram, value, 1));
    }
    for (unsigned percent = 1; percent <= 100; percent++) {
        CHECK_UINT(percent, tr_histogram_quantile(histogram, percent / 100.0));
    }
    CHECK_UINT(8, tr_histogram_quantile(histogram, 0.0700001));
    CHECK_UINT(1, tr_histogram_quantile(histogram, 0));
    CHECK_UINT(1, tr_histogram_quantile(histogram, -3));
    CHECK_UINT(1, tr_histogram_quantile(histogram, (double)NAN));
    CHECK_UINT(100, tr_histogram_quantile(histogram, 17));
    CHECK_UINT(100, tr_histogram_quantile(histogram, (double)INFINITY));
    tr_histogram_free(histogram);
}

static bool is_within_error(uint64_t exact, uint64_t found) {
    uint64_t difference = exact > found ? exact - found : found - exact;
    return (double)difference <= TR_HISTOGRAM_RELATIVE_ERROR * (double)exact;
}

static void quantiles_are_near(void) {
    enum { VALUES = 2000 };
    static uint64_t values[VALUES];
    for (unsigned bits = 1; bits <= 64; bits++) {
        tr_histogram *histogram = tr_histogram_new();
        REQUIRE(histogram != NULL);
        for (size_t i = 0; i < VALUES; i++) {
            values[i] = random_value(bits);
            CHECK_INT(TR_OK, tr_histogram_add(histogram, values[i], 1));
        }
        qsort(values, VALUES, sizeof values[0], compare);
        uint64_t previous = 0;
        for (size_t rank = 1; rank <= VALUES; rank++) {
            uint64_t found = tr_histogram_quantile(histogram, (double)rank / VALUES);
            CHECK(is_within_error(values[rank - 1], found));
            CHECK(found >= values[0] && found <= values[VALUES - 1] && found >= previous);
            previous = found;
        }
        CHECK_UINT(values[0], tr_histogram_quantile(histogram, 0));
        CHECK_UINT(values[VALUES - 1], tr_histogram_quantile(histogram, 1));
        CHECK_UINT(values[0], tr_histogram_min(histogram));
        CHECK_UINT(values[VALUES - 1], tr_histogram_max(histogram));
        CHECK_UINT(VALUES, tr_histogram_count(histogram));
        tr_histogram_free(histogram);
    }
}

static void edges_of_buckets(void) {
    tr_histogram *histogram = tr_histogram_new();
    REQUIRE(histogram != NULL);
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t power = UINT64_C(1) << bit;
        CHECK_INT(TR_OK, tr_histogram_add(histogram, power - 1, 1));
        CHECK_INT(TR_OK, tr_histogram_add(histogram, power, 1));
    }
    CHECK_INT(TR_OK, tr_histogram_add(histogram, UINT64_MAX, 1));
    uint32_t cursor = 0;
    uint64_t lower, upper, count, total = 0, next_lower = 0;
    while (tr_histogram_next(histogram, &cursor, &lower, &upper, &count)) {
        CHECK(lower >= next_lower && lower <= upper);
        CHECK(lower < 128 ? lower == upper : upper - lower < lower / 64);
        /* As many of the added values lie in the bucket as it counts. */
        uint64_t inside = upper == UINT64_MAX;
        for (unsigned bit = 0; bit < 64; bit++) {
            uint64_t power = UINT64_C(1) << bit;
            inside += lower <= power && power <= upper;
            inside += lower <= power - 1 && power - 1 <= upper;
        }
        CHECK_UINT(inside, count);
        total += count;
        next_lower = upper + 1; /* wraps after the last one */
    }
    CHECK_UINT(129, total);
    CHECK_UINT(0, next_lower);
    CHECK(!tr_histogram_next(histogram, &cursor, &lower, &upper, &count));
    /* 59 powers of two, each counted in 64 numbers of 8 bytes. */
    CHECK(tr_histogram_memory_bytes(histogram) > (size_t)59 * 64 * 8);
    CHECK(tr_histogram_memory_bytes(histogram) <= (size_t)31 * 1024);
    tr_histogram_free(histogram);
}

static tr_histogram *filled(unsigned count, unsigned bits) {
    tr_histogram *histogram = tr_histogram_new();
    for (unsigned i = 0; histogram != NULL && i < count; i++) {
        if (tr_histogram_add(histogram, random_value(bits), 1 + random_bits() % 5) != TR_OK) {
            tr_histogram_free(histogram);
            return NULL;
        }
    }
    return histogram;
}

static void check_same(const tr_histogram *a, const tr_histogram *b) {
    CHECK_UINT(tr_histogram_count(a), tr_histogram_count(b));
    CHECK_UINT(tr_histogram_min(a), tr_histogram_min(b));
    CHECK_UINT(tr_histogram_max(a), tr_histogram_max(b));
    CHECK(tr_histogram_sum(a) == tr_histogram_sum(b));
    CHECK(tr_histogram_mean(a) == tr_histogram_mean(b));
    CHECK_UINT(tr_histogram_memory_bytes(a), tr_histogram_memory_bytes(b));
    for (int i = 0; i <= 200; i++) {
        CHECK_UINT(tr_histogram_quantile(a, i / 200.0), tr_histogram_quantile(b, i / 200.0));
    }
    uint32_t cursor_a = 0, cursor_b = 0;
    uint64_t bucket_a[3], bucket_b[3];
    while (tr_histogram_next(a, &cursor_a, &bucket_a[0], &bucket_a[1], &bucket_a[2])) {
        REQUIRE(tr_histogram_next(b, &cursor_b, &bucket_b[0], &bucket_b[1], &bucket_b[2]));
        CHECK(memcmp(bucket_a, bucket_b, sizeof bucket_a) == 0);
    }
    CHECK(!tr_histogram_next(b, &cursor_b, &bucket_b[0], &bucket_b[1], &bucket_b[2]));
}

/* A new histogram of all three, merged in that order. */
static tr_histogram *merged(const tr_histogram *first, const tr_histogram *second, const tr_histogram *third) {
    const tr_histogram *const parts[] = {first, second, third};
    tr_histogram *whole = tr_histogram_new();
    for (int i = 0; i < 3; i++) {
        CHECK_INT(TR_OK, tr_histogram_merge(whole, parts[i]));
    }
    return whole;
}

static void merging_in_any_order(void) {
    static const unsigned scales[][3] = {{64, 64, 64}, {5, 20, 60}, {63, 1, 30}, {40, 40, 7}};
    for (size_t scale = 0; scale < sizeof scales / sizeof scales[0]; scale++) {
        tr_histogram *a = filled(300, scales[scale][0]);
        tr_histogram *b = filled(1, scales[scale][1]);
        tr_histogram *c = filled(scale == 3 ? 0 : 500, scales[scale][2]);
        tr_histogram *abc = merged(a, b, c);
        tr_histogram *cab = merged(c, a, b);
        check_same(abc, cab);
        CHECK_INT(TR_OK, tr_histogram_merge(b, c)); /* a + (b + c) */
        CHECK_INT(TR_OK, tr_histogram_merge(a, b));
        check_same(abc, a);
        CHECK_UINT(tr_histogram_count(cab), tr_histogram_count(a));
        tr_histogram *const all[] = {a, b, c, abc, cab};
        for (int i = 0; i < 5; i++) {
            tr_histogram_free(all[i]);
        }
    }
}

static void merging_equals_adding(void) {
    tr_histogram *parts[2] = {tr_histogram_new(), tr_histogram_new()};
    tr_histogram *whole = tr_histogram_new();
    REQUIRE(parts[0] != NULL && parts[1] != NULL && whole != NULL);
    for (int i = 0; i < 1000; i++) {
        uint64_t value = random_value(50);
        CHECK_INT(TR_OK, tr_histogram_add(parts[i % 2], value, 3));
        CHECK_INT(TR_OK, tr_histogram_add(whole, value, 3));
    }
    CHECK_INT(TR_OK, tr_histogram_merge(parts[0], parts[1]));
    check_same(whole, parts[0]);
    CHECK_INT(TR_OK, tr_histogram_merge(parts[0], parts[0]));
    CHECK_UINT(6000, tr_histogram_count(parts[0]));
    CHECK(tr_histogram_sum(parts[0]) == 2 * tr_histogram_sum(whole));
    CHECK(tr_histogram_mean(parts[0]) == tr_histogram_mean(whole));
    for (int i = 0; i < 2; i++) {
        tr_histogram_free(parts[i]);
    }
    tr_histogram_free(whole);
}

static void large_sums(void) {
    tr_histogram *histogram = tr_histogram_new();
    REQUIRE(histogram != NULL);
    CHECK_INT(TR_OK, tr_histogram_add(histogram, UINT64_MAX, 1));
    CHECK_INT(TR_OK, tr_histogram_add(histogram, 1, 1));
    CHECK(tr_histogram_sum(histogram) == ldexp(1, 64));
    /* 0xfedcba98 << 32 times 0x12345678 << 32: the product of the halves, 64 bits further up. */
    CHECK_INT(TR_OK, tr_histogram_add(histogram, UINT64_C(0xfedcba98) << 32, UINT64_C(0x12345678) << 32));
    CHECK(tr_histogram_sum(histogram) == ldexp((double)(UINT64_C(0xfedcba98) * UINT64_C(0x12345678) + 1), 64));
    tr_histogram_free(histogram);
    /* Small enough for a double to hold: each part of the product carries into the next. */
    histogram = tr_histogram_new();
    REQUIRE(histogram != NULL);
    CHECK_INT(TR_OK, tr_histogram_add(histogram, UINT64_C(0x1ffffffff), UINT64_C(0x1fffff)));
    CHECK(tr_histogram_sum(histogram) == (double)(UINT64_C(0x1ffffffff) * UINT64_C(0x1fffff)));
    tr_histogram_free(histogram);
}

static void counts_saturate(void) {
    tr_histogram *histogram = tr_histogram_new();
    REQUIRE(histogram != NULL);
    CHECK_INT(TR_OK, tr_histogram_add(histogram, 5, UINT64_MAX - 1));
    CHECK_INT(TR_OK, tr_histogram_add(histogram, 5, 3));
    CHECK_INT(TR_OK, tr_histogram_add(histogram, 9, UINT64_MAX));
    CHECK_INT(TR_OK, tr_histogram_add(histogram, UINT64_MAX, UINT64_MAX));
    CHECK_UINT(UINT64_MAX, tr_histogram_count(histogram));
    CHECK_UINT(5, tr_histogram_quantile(histogram, 0.5));
    CHECK_INT(TR_OK, tr_histogram_merge(histogram, histogram));
    CHECK_UINT(UINT64_MAX, tr_histogram_count(histogram));
    CHECK(tr_histogram_sum(histogram) == ldexp(1, 128));
    tr_histogram_free(histogram);
}

/* A table of buckets comes with the first value of another bucket, added or merged, and changes no answer. */
static void values_of_one_bucket_take_no_table(void) {
    tr_histogram *one = tr_histogram_new(), *other = tr_histogram_new(), *all = tr_histogram_new();
    REQUIRE(one != NULL && other != NULL && all != NULL);
    for (uint64_t value = 1000000; value < 1000100; value++) { /* 2^19 + 58 * 2^13 and some */
        CHECK_INT(TR_OK, tr_histogram_add(one, value, 3));
        CHECK_INT(TR_OK, tr_histogram_add(all, value, 3));
    }
    CHECK_INT(TR_OK, tr_histogram_add(other, 1000050, 2));
    CHECK_INT(TR_OK, tr_histogram_add(all, 1000050, 2));
    CHECK(tr_histogram_memory_bytes(one) < 64);
    CHECK_INT(TR_OK, tr_histogram_merge(one, other));
    check_same(all, one);
    CHECK(tr_histogram_memory_bytes(one) < 64);
    uint32_t cursor = 0;
    uint64_t lower, upper, count;
    CHECK(tr_histogram_next(one, &cursor, &lower, &upper, &count));
    CHECK_UINT((UINT64_C(1) << 19) + 58 * 8192, lower);
    CHECK_UINT((UINT64_C(1) << 19) + 59 * 8192 - 1, upper);
    CHECK_UINT(302, count);
    CHECK(!tr_histogram_next(one, &cursor, &lower, &upper, &count));
    CHECK_INT(TR_OK, tr_histogram_add(other, 5, 7));
    CHECK_INT(TR_OK, tr_histogram_add(all, 1000050, 2));
    CHECK_INT(TR_OK, tr_histogram_add(all, 5, 7));
    CHECK_INT(TR_OK, tr_histogram_merge(one, other)); /* one that has a table into one that has none */
    check_same(all, one);
    CHECK_UINT(5, tr_histogram_quantile(one, 0.02));
    CHECK_UINT(1000099, tr_histogram_quantile(one, 1));
    tr_histogram_free(one);
    tr_histogram_free(other);
    tr_histogram_free(all);
}

/* Runs in a child process. */
static int merge_without_memory(void) {
    tr_histogram *into = filled(10, 6);
    tr_histogram *from = filled(2000, 64);
    if (into == NULL || from == NULL) {
        return 1;
    }
    void *spare[8]; /* room for some of the missing chunks, but not for all */
    for (int i = 0; i < 8; i++) {
        spare[i] = malloc(512);
    }
    use_up_memory();
    uint64_t count = tr_histogram_count(into);
    size_t bytes = tr_histogram_memory_bytes(into);
    for (int round = 0; round < 2; round++) {
        if (tr_histogram_merge(into, from) != TR_ERROR_MEMORY || tr_histogram_count(into) != count ||
            tr_histogram_memory_bytes(into) != bytes || tr_histogram_max(into) >= 64) {
            return 2 + round;
        }
        for (int i = 0; i < 8 && round == 0; i++) {
            free(spare[i]);
        }
    }
    return 0;
}

/* The same for adding. */
static int add_without_memory(void) {
    tr_histogram *histogram = filled(10, 6);
    use_up_memory();
    uint64_t count = tr_histogram_count(histogram);
    double sum = tr_histogram_sum(histogram);
    bool refused = tr_histogram_add(histogram, 1000000, 1) == TR_ERROR_MEMORY;
    bool as_it_was = tr_histogram_count(histogram) == count && tr_histogram_sum(histogram) == sum;
    return refused && as_it_was && tr_histogram_new() == NULL ? 0 : 1;
}

static void memory_runs_out(void) {
    check_in_child(merge_without_memory);
    check_in_child(add_without_memory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("values that share one bucket take no table of buckets", values_of_one_bucket_take_no_table);
    check_run("an empty histogram returns 0", an_empty_one);
    check_run("values below 128 are exact", small_values_are_exact);
    check_run("the quantile 0.07 of 100 values is the 7th, despite the rounding of doubles", ranks_are_decimal);
    check_run("every quantile, at every scale, is within the stated error", quantiles_are_near);
    check_run("buckets are narrow, do not overlap and count the values between their bounds", edges_of_buckets);
    check_run("merging in any order and grouping gives the same histogram", merging_in_any_order);
    check_run("merging two halves gives the same as adding everything", merging_equals_adding);
    check_run("sums are exact beyond 64 bits", large_sums);
    check_run("counts saturate instead of wrapping", counts_saturate);
    if (CAN_RUN_OUT_OF_MEMORY) {
        check_run("without memory nothing is counted or partly merged", memory_runs_out);
    }
    return check_end();
}
