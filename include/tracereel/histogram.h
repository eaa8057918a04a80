/* A histogram of unsigned 64-bit values (nanoseconds, bytes, counts) with a bounded relative error.
 *
 * Log-linear: each power of two is split into 64 equal buckets, so a bucket is at most 1/64 of its values wide and its
 * middle is off by at most 1/128 = 0.78 %. Values below 128 are exact. While all values share one bucket it
 * takes 48 bytes; after that, memory for a power of two is allocated with its first value: at most 31 KiB in all,
 * usually under 4. Merging adds counts, so the result does not depend on the order.
 * Counts, and the sum (128 bits), saturate. */
#ifndef TRACEREEL_HISTOGRAM_H
#define TRACEREEL_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The largest relative error of a quantile. */
#define TR_HISTOGRAM_RELATIVE_ERROR (1.0 / 128.0)

typedef struct tr_histogram tr_histogram;

/* Returns NULL on allocation failure. */
tr_histogram *tr_histogram_new(void);
/* NULL is allowed. */
void tr_histogram_free(tr_histogram *histogram);

/* Counts `value` `times` times. Returns TR_OK, or TR_ERROR_MEMORY: nothing was counted. */
tr_status tr_histogram_add(tr_histogram *histogram, uint64_t value, uint64_t times);

/* Adds the counts of `from` to `into`; they may be the same. Returns TR_OK, or TR_ERROR_MEMORY: `into` is unchanged. */
tr_status tr_histogram_merge(tr_histogram *into, const tr_histogram *from);

uint64_t tr_histogram_count(const tr_histogram *histogram);
/* Exact; 0 while the histogram is empty. */
uint64_t tr_histogram_min(const tr_histogram *histogram);
uint64_t tr_histogram_max(const tr_histogram *histogram);
/* Exact except for rounding to a double. */
double tr_histogram_sum(const tr_histogram *histogram);
double tr_histogram_mean(const tr_histogram *histogram);

/* The value at the rank ceil(q * count) in ascending order (nearest rank), within the relative error; never below the
 * minimum or above the maximum, and exactly these at the first and the last rank. q means the decimal number that was
 * written, so 0.07 of 100 is the 7th; it is clamped to 0..1, and NaN counts as 0. Returns 0 while the histogram is
 * empty. */
uint64_t tr_histogram_quantile(const tr_histogram *histogram, double q);

/* Walks the buckets in use, in ascending order. Start with `*cursor` = 0; returns false when there are no more. A
 * bucket holds the values lower <= value <= upper. */
bool tr_histogram_next(const tr_histogram *histogram, uint32_t *cursor, uint64_t *lower, uint64_t *upper,
                       uint64_t *count);

/* What a histogram holds beside its buckets: X(member). All are 0 while it is empty; the sum has 128 bits. */
#define TR_HISTOGRAM_NUMBERS(X)                                                                                        \
    X(min)                                                                                                             \
    X(max)                                                                                                             \
    X(sum_high)                                                                                                        \
    X(sum_low)

typedef struct tr_histogram_numbers {
#define TR_HISTOGRAM_NUMBER_MEMBER(member) uint64_t member;
    TR_HISTOGRAM_NUMBERS(TR_HISTOGRAM_NUMBER_MEMBER)
#undef TR_HISTOGRAM_NUMBER_MEMBER
} tr_histogram_numbers;

tr_histogram_numbers tr_histogram_numbers_of(const tr_histogram *histogram);

/* Buckets are numbered in ascending order, from 0, in every histogram alike. */
enum { TR_HISTOGRAM_BUCKETS = 59 * 64 };

typedef struct tr_histogram_bucket {
    uint32_t number;
    uint64_t count;
} tr_histogram_bucket;

/* As tr_histogram_next. */
bool tr_histogram_next_bucket(const tr_histogram *histogram, uint32_t *cursor, tr_histogram_bucket *bucket);

/* Puts into an empty histogram what another one held: its numbers, and its buckets in use in ascending order. Returns
 * TR_OK; TR_ERROR_INVALID where no histogram holds this; or TR_ERROR_MEMORY. After both errors it is empty. */
tr_status tr_histogram_restore(tr_histogram *empty, const tr_histogram_numbers *numbers,
                               const tr_histogram_bucket *buckets, size_t bucket_count);

/* Bytes of memory in use. */
size_t tr_histogram_memory_bytes(const tr_histogram *histogram);

#ifdef __cplusplus
}
#endif
#endif
