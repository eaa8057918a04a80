/* A histogram of unsigned 64-bit values (nanoseconds, bytes, counts) with a stated relative error.
 *
 * Log-linear: each power of two is cut into 64 equal buckets, so a bucket is at most 1/64 of its values wide and its
 * middle is off by at most 1/128 = 0.78 %. Values below 128 are exact. Memory is taken for a power of two when its
 * first value comes: at most 31 KiB, usually under 4. Merging adds counts, so it is commutative and associative, and
 * the result does not depend on the order. A count (or the sum, which has 128 bits) that would pass its largest number
 * stays at it. */
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

/* NULL when there is no memory. */
tr_histogram *tr_histogram_new(void);
/* NULL is allowed. */
void tr_histogram_free(tr_histogram *histogram);

/* Counts `value` `times` times. TR_OK; TR_ERROR_MEMORY, and nothing was counted. */
tr_status tr_histogram_add(tr_histogram *histogram, uint64_t value, uint64_t times);

/* Adds what `from` holds to `into`; they may be the same. TR_ERROR_MEMORY: `into` is as it was. */
tr_status tr_histogram_merge(tr_histogram *into, const tr_histogram *from);

uint64_t tr_histogram_count(const tr_histogram *histogram);
/* Exact; 0 while nothing was counted. */
uint64_t tr_histogram_min(const tr_histogram *histogram);
uint64_t tr_histogram_max(const tr_histogram *histogram);
/* Exact but for the rounding to a double. */
double tr_histogram_sum(const tr_histogram *histogram);
double tr_histogram_mean(const tr_histogram *histogram);

/* The value at the rank ceil(q * count) in ascending order (nearest rank), within the relative error; never below the
 * minimum or above the maximum, and exactly these at the first and the last rank. q is meant as the decimal number that
 * was written, so 0.07 of 100 is the 7th; it is taken as 0 below 0 (and where it is no number) and as 1 above 1. 0
 * while nothing was counted. */
uint64_t tr_histogram_quantile(const tr_histogram *histogram, double q);

/* Walks the buckets that hold something, in ascending order. Start with `*cursor` = 0; false when there are no more.
 * A bucket holds the values lower <= value <= upper. */
bool tr_histogram_next(const tr_histogram *histogram, uint32_t *cursor, uint64_t *lower, uint64_t *upper,
                       uint64_t *count);

/* Bytes of memory it takes now. */
size_t tr_histogram_memory_bytes(const tr_histogram *histogram);

#ifdef __cplusplus
}
#endif
#endif
