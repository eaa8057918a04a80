#include "tracereel/histogram.h"

#include <stdlib.h>

#include "histogram/buckets.h"

static const double two_to_64 = 18446744073709551616.0;

typedef struct chunk {
    uint64_t counts[CHUNK_BUCKETS];
} chunk;

typedef struct chunk_table {
    uint32_t chunk_count;
    chunk *chunks[CHUNK_COUNT]; /* NULL while it has no value */
} chunk_table;

struct tr_histogram {
    uint64_t count;
    uint64_t min; /* UINT64_MAX while empty */
    uint64_t max;
    uint64_t sum_low; /* the sum has 128 bits and saturates, as the counts do */
    uint64_t sum_high;
    chunk_table *table; /* NULL while all values share one bucket: that of `min`, which holds `count` */
};

tr_histogram *tr_histogram_new(void) {
    tr_histogram *histogram = calloc(1, sizeof *histogram);
    if (histogram != NULL) {
        histogram->min = UINT64_MAX;
    }
    return histogram;
}

static void free_table(tr_histogram *histogram) {
    for (int i = 0; histogram->table != NULL && i < CHUNK_COUNT; i++) {
        free(histogram->table->chunks[i]);
    }
    free(histogram->table);
    histogram->table = NULL;
}

void tr_histogram_free(tr_histogram *histogram) {
    if (histogram != NULL) {
        free_table(histogram);
        free(histogram);
    }
}

/* Counts saturate instead of wrapping, which keeps addition commutative and associative. */
static uint64_t add_saturating(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void add_to_sum(tr_histogram *histogram, uint64_t high, uint64_t low) {
    histogram->sum_low += low;
    uint64_t carry = histogram->sum_low < low;
    uint64_t sum = histogram->sum_high + high;
    bool overflow = sum < high || sum + carry < carry;
    histogram->sum_high = sum + carry;
    if (overflow) {
        histogram->sum_high = UINT64_MAX;
        histogram->sum_low = UINT64_MAX;
    }
}

static void add_product_to_sum(tr_histogram *histogram, uint64_t a, uint64_t b) {
    uint64_t a_low = a & UINT32_MAX, a_high = a >> 32;
    uint64_t b_low = b & UINT32_MAX, b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32); /* at most (2^32 - 1) * 2^32: no overflow, here and below */
    uint64_t other_middle = a_low * b_high + (middle & UINT32_MAX);
    uint64_t high = a_high * b_high + (middle >> 32) + (other_middle >> 32);
    add_to_sum(histogram, high, other_middle << 32 | (low & UINT32_MAX));
}

static bool add_chunk(chunk_table *table, unsigned index) {
    chunk *added = calloc(1, sizeof *added);
    if (added == NULL) {
        return false;
    }
    table->chunks[index] = added;
    table->chunk_count++;
    return true;
}

static bool shares_bucket(uint64_t a, uint64_t b) {
    return number_of(a) == number_of(b);
}

/* Gives a histogram whose values share one bucket a table. Returns false on allocation failure; it is then unchanged.
 */
static bool add_table(tr_histogram *histogram) {
    histogram->table = calloc(1, sizeof *histogram->table);
    if (histogram->table == NULL) {
        return false;
    }
    if (histogram->count > 0) {
        unsigned index = chunk_of(histogram->min);
        if (!add_chunk(histogram->table, index)) {
            free_table(histogram);
            return false;
        }
        histogram->table->chunks[index]->counts[bucket_of(histogram->min, index)] = histogram->count;
    }
    return true;
}

/* Returns false on allocation failure; nothing is then changed. */
static inline bool count_in(chunk_table *table, uint64_t value, uint64_t times) {
    unsigned index = chunk_of(value);
    if (table->chunks[index] == NULL && !add_chunk(table, index)) {
        return false;
    }
    uint64_t *bucket = &table->chunks[index]->counts[bucket_of(value, index)];
    *bucket = add_saturating(*bucket, times);
    return true;
}

/* Counts in the first table of a histogram that has none, if the value needs one. Returns false on allocation failure;
 * nothing is then changed. Apart, so that the many values after the first ones do not pay for it. */
static __attribute__((noinline)) bool count_in_first_table(tr_histogram *histogram, uint64_t value, uint64_t times) {
    if (histogram->count == 0 || shares_bucket(value, histogram->min)) {
        return true;
    }
    if (!add_table(histogram)) {
        return false;
    }
    if (!count_in(histogram->table, value, times)) {
        free_table(histogram);
        return false;
    }
    return true;
}

static inline bool count_value(tr_histogram *histogram, uint64_t value, uint64_t times) {
    return histogram->table != NULL ? count_in(histogram->table, value, times)
                                    : count_in_first_table(histogram, value, times);
}

/* Adds a value once where nothing has to be made for it and nothing saturates. Returns false where it does: nothing is
 * changed then. */
static inline bool add_one(tr_histogram *histogram, uint64_t value) {
    if (histogram->table == NULL || histogram->count == UINT64_MAX || histogram->sum_low > UINT64_MAX - value) {
        return false;
    }
    unsigned index = chunk_of(value);
    chunk *counted = histogram->table->chunks[index];
    if (counted == NULL) {
        return false;
    }
    counted->counts[bucket_of(value, index)]++; /* not more than `count` */
    histogram->count++;
    histogram->min = value < histogram->min ? value : histogram->min;
    histogram->max = value > histogram->max ? value : histogram->max;
    histogram->sum_low += value;
    return true;
}

/* Apart from tr_histogram_add, so that the many values that are added once do not pay for what it needs. */
static __attribute__((noinline)) tr_status add_times(tr_histogram *histogram, uint64_t value, uint64_t times) {
    if (!count_value(histogram, value, times)) {
        return TR_ERROR_MEMORY;
    }
    histogram->count = add_saturating(histogram->count, times);
    histogram->min = value < histogram->min ? value : histogram->min;
    histogram->max = value > histogram->max ? value : histogram->max;
    add_product_to_sum(histogram, value, times);
    return TR_OK;
}

tr_status tr_histogram_add(tr_histogram *histogram, uint64_t value, uint64_t times) {
    if ((times == 1 && add_one(histogram, value)) || times == 0) {
        return TR_OK;
    }
    return add_times(histogram, value, times);
}

/* Adds to `into` the chunks that only `from` has. Returns false on allocation failure; `into` is then unchanged. */
static bool add_missing_chunks(chunk_table *into, const chunk_table *from) {
    bool is_new[CHUNK_COUNT] = {false};
    for (unsigned i = 0; i < CHUNK_COUNT; i++) {
        if (from->chunks[i] == NULL || into->chunks[i] != NULL) {
            continue;
        }
        is_new[i] = add_chunk(into, i);
        if (!is_new[i]) {
            for (unsigned undo = 0; undo < i; undo++) {
                if (is_new[undo]) {
                    free(into->chunks[undo]);
                    into->chunks[undo] = NULL;
                    into->chunk_count--;
                }
            }
            return false;
        }
    }
    return true;
}

/* `from` has a table. Returns false on allocation failure; `into` is then unchanged. */
static bool merge_tables(tr_histogram *into, const tr_histogram *from) {
    bool is_first_table = into->table == NULL;
    if (is_first_table && !add_table(into)) {
        return false;
    }
    if (!add_missing_chunks(into->table, from->table)) {
        if (is_first_table) {
            free_table(into);
        }
        return false;
    }
    for (int i = 0; i < CHUNK_COUNT; i++) {
        for (int bucket = 0; from->table->chunks[i] != NULL && bucket < CHUNK_BUCKETS; bucket++) {
            uint64_t *count = &into->table->chunks[i]->counts[bucket];
            *count = add_saturating(*count, from->table->chunks[i]->counts[bucket]);
        }
    }
    return true;
}

tr_status tr_histogram_merge(tr_histogram *into, const tr_histogram *from) {
    if (from->count == 0) {
        return TR_OK;
    }
    if (from->table == NULL ? !count_value(into, from->min, from->count) : !merge_tables(into, from)) {
        return TR_ERROR_MEMORY;
    }
    into->count = add_saturating(into->count, from->count);
    into->min = from->min < into->min ? from->min : into->min;
    into->max = from->max > into->max ? from->max : into->max;
    add_to_sum(into, from->sum_high, from->sum_low);
    return TR_OK;
}

uint64_t tr_histogram_count(const tr_histogram *histogram) {
    return histogram->count;
}

uint64_t tr_histogram_min(const tr_histogram *histogram) {
    return histogram->count == 0 ? 0 : histogram->min;
}

uint64_t tr_histogram_max(const tr_histogram *histogram) {
    return histogram->max;
}

double tr_histogram_sum(const tr_histogram *histogram) {
    return (double)histogram->sum_high * two_to_64 + (double)histogram->sum_low;
}

double tr_histogram_mean(const tr_histogram *histogram) {
    return histogram->count == 0 ? 0 : tr_histogram_sum(histogram) / (double)histogram->count;
}

/* ceil(q * count), from 1 to count. q means the decimal number that was written: 0.07 * 100 is 7, although the
 * nearest double makes it 7.000000000000001. */
static uint64_t nearest_rank(double q, uint64_t count) {
    if (!(q > 0)) { /* also NaN */
        return 1;
    }
    double product = q * (double)count;
    if (product >= (double)count || product >= two_to_64) {
        return count;
    }
    uint64_t rank = (uint64_t)product;
    rank += product - (double)rank > product * 1e-15;
    return rank < 1 ? 1 : rank > count ? count : rank;
}

uint64_t tr_histogram_quantile(const tr_histogram *histogram, double q) {
    uint64_t rank = nearest_rank(q, histogram->count);
    if (rank <= 1) {
        return tr_histogram_min(histogram);
    }
    if (rank >= histogram->count) {
        return histogram->max;
    }
    uint64_t below = 0, lower = 0, upper = 0, count;
    uint32_t cursor = 0;
    while (below < rank && tr_histogram_next(histogram, &cursor, &lower, &upper, &count)) {
        below = add_saturating(below, count);
    }
    uint64_t middle = lower + (upper - lower) / 2;
    middle = middle > histogram->max ? histogram->max : middle;
    return middle < histogram->min ? histogram->min : middle;
}

bool tr_histogram_next_bucket(const tr_histogram *histogram, uint32_t *cursor, tr_histogram_bucket *bucket) {
    if (histogram->table == NULL) {
        bool is_there = *cursor == 0 && histogram->count > 0;
        if (is_there) {
            *bucket = (tr_histogram_bucket){number_of(histogram->min), histogram->count};
            *cursor = TR_HISTOGRAM_BUCKETS;
        }
        return is_there;
    }
    while (*cursor < TR_HISTOGRAM_BUCKETS) {
        uint32_t number = *cursor;
        const chunk *source = histogram->table->chunks[number / CHUNK_BUCKETS];
        *cursor = source == NULL ? (number / CHUNK_BUCKETS + 1) * CHUNK_BUCKETS : number + 1;
        if (source != NULL && source->counts[number % CHUNK_BUCKETS] > 0) {
            *bucket = (tr_histogram_bucket){number, source->counts[number % CHUNK_BUCKETS]};
            return true;
        }
    }
    return false;
}

bool tr_histogram_next(const tr_histogram *histogram, uint32_t *cursor, uint64_t *lower, uint64_t *upper,
                       uint64_t *count) {
    tr_histogram_bucket bucket;
    if (!tr_histogram_next_bucket(histogram, cursor, &bucket)) {
        return false;
    }
    bucket_bounds(bucket.number / CHUNK_BUCKETS, bucket.number % CHUNK_BUCKETS, lower, upper);
    *count = bucket.count;
    return true;
}

/* ---- restoring ---- */

tr_histogram_numbers tr_histogram_numbers_of(const tr_histogram *histogram) {
    return (tr_histogram_numbers){.min = tr_histogram_min(histogram),
                                  .max = histogram->max,
                                  .sum_high = histogram->sum_high,
                                  .sum_low = histogram->sum_low};
}

static bool is_sum_at_most(uint64_t high, uint64_t low, uint64_t other_high, uint64_t other_low) {
    return high != other_high ? high < other_high : low <= other_low;
}

/* Adds the buckets by their lower bounds, so that the sum is the least that there can be, and counts the greatest one.
 */
static tr_status add_buckets(tr_histogram *histogram, tr_histogram *greatest, const tr_histogram_bucket *buckets,
                             size_t bucket_count) {
    tr_status status = TR_OK;
    for (size_t i = 0; i < bucket_count && status == TR_OK; i++) {
        uint64_t lower, upper, count = buckets[i].count;
        if (buckets[i].number >= TR_HISTOGRAM_BUCKETS || count == 0 ||
            (i > 0 && buckets[i].number <= buckets[i - 1].number)) {
            return TR_ERROR_INVALID;
        }
        bucket_bounds(buckets[i].number / CHUNK_BUCKETS, buckets[i].number % CHUNK_BUCKETS, &lower, &upper);
        status = tr_histogram_add(histogram, lower, count);
        add_product_to_sum(greatest, upper, count);
    }
    return status;
}

/* Whether values in the buckets of `least` can have these numbers. */
static bool can_have(const tr_histogram *least, const tr_histogram *greatest, const tr_histogram_numbers *numbers) {
    bool is_saturated = least->count == UINT64_MAX;
    return numbers->min <= numbers->max && shares_bucket(numbers->min, least->min) &&
           shares_bucket(numbers->max, least->max) &&
           is_sum_at_most(least->sum_high, least->sum_low, numbers->sum_high, numbers->sum_low) &&
           (is_saturated || is_sum_at_most(numbers->sum_high, numbers->sum_low, greatest->sum_high, greatest->sum_low));
}

tr_status tr_histogram_restore(tr_histogram *empty, const tr_histogram_numbers *numbers,
                               const tr_histogram_bucket *buckets, size_t bucket_count) {
    if (bucket_count == 0) {
        bool is_empty = (numbers->min | numbers->max | numbers->sum_high | numbers->sum_low) == 0;
        return is_empty ? TR_OK : TR_ERROR_INVALID;
    }
    tr_histogram greatest = {0}; /* only its sum */
    tr_status status = add_buckets(empty, &greatest, buckets, bucket_count);
    if (status == TR_OK && !can_have(empty, &greatest, numbers)) {
        status = TR_ERROR_INVALID;
    }
    if (status != TR_OK) {
        free_table(empty);
        *empty = (tr_histogram){.min = UINT64_MAX};
        return status;
    }
    empty->min = numbers->min;
    empty->max = numbers->max;
    empty->sum_high = numbers->sum_high;
    empty->sum_low = numbers->sum_low;
    return TR_OK;
}

size_t tr_histogram_memory_bytes(const tr_histogram *histogram) {
    size_t table_bytes =
        histogram->table == NULL ? 0 : sizeof *histogram->table + histogram->table->chunk_count * sizeof(chunk);
    return sizeof *histogram + table_bytes;
}
