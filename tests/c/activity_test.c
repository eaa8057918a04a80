#include "tracereel/activity.h"

#include "check.h"

/* A plain generator: the same numbers everywhere. */
static uint64_t random_state = 1;

static uint64_t random_below(uint64_t limit) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 20) % limit;
}

static void check_same(const tr_activity *a, const tr_activity *b) {
    CHECK_UINT(a->count, b->count);
    CHECK_UINT(a->width_shift, b->width_shift);
    CHECK_UINT(a->used, b->used);
    for (uint32_t i = 0; i < a->used && i < b->used; i++) {
        tr_activity_bucket left = tr_activity_at(a, i), right = tr_activity_at(b, i);
        CHECK_UINT(left.begin_ns, right.begin_ns);
        CHECK_UINT(left.starts, right.starts);
        CHECK_UINT(left.ends, right.ends);
    }
}

enum { EVENTS = 300 };

static uint64_t times[EVENTS];

static void fill_times(unsigned scale) {
    uint64_t base = scale < 60 ? UINT64_C(1764000000000000000) : 0;
    for (int i = 0; i < EVENTS; i++) {
        times[i] = base + random_below(UINT64_C(1) << scale);
    }
}

static void add_times(tr_activity *activity, int first, int step) {
    for (int i = first; i < EVENTS; i += step) {
        (i % 3 == 0 ? tr_activity_end : tr_activity_start)(activity, times[i]);
    }
}

/* Checks every bucket against a count over all times. */
static void check_counts(const tr_activity *activity) {
    uint64_t width = UINT64_C(1) << activity->width_shift;
    uint64_t starts = 0, ends = 0;
    for (uint32_t slot = 0; slot < activity->used; slot++) {
        tr_activity_bucket bucket = tr_activity_at(activity, slot);
        uint64_t expected_starts = 0, expected_ends = 0;
        for (int i = 0; i < EVENTS; i++) {
            bool inside = times[i] >= bucket.begin_ns && times[i] - bucket.begin_ns < width;
            expected_starts += inside && i % 3 != 0;
            expected_ends += inside && i % 3 == 0;
        }
        CHECK_UINT(expected_starts, bucket.starts);
        CHECK_UINT(expected_ends, bucket.ends);
        CHECK_UINT(0, bucket.begin_ns % width);
        starts += bucket.starts;
        ends += bucket.ends;
    }
    CHECK_UINT(EVENTS, starts + ends);
    CHECK_UINT(EVENTS, activity->count);
}

static void buckets_hold_what_happened_in_them(void) {
    for (unsigned scale = 1; scale < 64; scale += 3) {
        tr_activity activity = {0};
        fill_times(scale);
        add_times(&activity, 0, 1);
        check_counts(&activity);
        /* The width is minimal: half of it would not fit. */
        uint64_t first = UINT64_MAX, last = 0;
        for (int i = 0; i < EVENTS; i++) {
            first = times[i] < first ? times[i] : first;
            last = times[i] > last ? times[i] : last;
        }
        CHECK((last >> activity.width_shift) - (first >> activity.width_shift) < TR_ACTIVITY_BUCKETS);
        if (activity.width_shift > 0) {
            uint32_t finer = activity.width_shift - 1;
            CHECK((last >> finer) - (first >> finer) >= TR_ACTIVITY_BUCKETS);
        }
    }
}

static void merging_in_any_order(void) {
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (unsigned scale = 1; scale < 64; scale += 7) {
        tr_activity whole = {0};
        fill_times(scale);
        times[0] = times[0] >> (scale % 5); /* one part reaches farther than the others */
        add_times(&whole, 0, 1);
        for (int order = 0; order < 6; order++) {
            tr_activity merged = {0};
            for (int part = 0; part < 3; part++) {
                tr_activity one = {0};
                add_times(&one, orders[order][part], 3);
                tr_activity_merge(&merged, &one);
            }
            check_same(&whole, &merged);
        }
    }
}

static void the_whole_range_of_times(void) {
    tr_activity activity = {0};
    tr_activity_start(&activity, UINT64_MAX);
    tr_activity_start(&activity, 0);
    tr_activity_end(&activity, UINT64_MAX);
    CHECK_UINT(TR_ACTIVITY_BUCKETS, activity.used);
    CHECK_UINT(1, tr_activity_at(&activity, 0).starts);
    CHECK_UINT(1, tr_activity_at(&activity, TR_ACTIVITY_BUCKETS - 1).starts);
    CHECK_UINT(1, tr_activity_at(&activity, TR_ACTIVITY_BUCKETS - 1).ends);
}

static void nothing_merges_into_nothing(void) {
    tr_activity a = {0}, b = {0};
    tr_activity_merge(&a, &b);
    CHECK_UINT(0, a.used);
    tr_activity_start(&b, 1000);
    tr_activity_merge(&a, &b);
    check_same(&b, &a);
    tr_activity_merge(&a, &(tr_activity){0});
    check_same(&b, &a);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("each bucket counts what happened in it, and buckets are as narrow as possible",
              buckets_hold_what_happened_in_them);
    check_run("parts merged in any order give the same as adding everything", merging_in_any_order);
    check_run("times from the first nanosecond to the last that fits in 64 bits are counted", the_whole_range_of_times);
    check_run("merging an empty activity changes nothing", nothing_merges_into_nothing);
    return check_end();
}
