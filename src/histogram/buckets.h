/* Which values share a bucket of a histogram. */
#ifndef TRACEREEL_BUCKETS_H
#define TRACEREEL_BUCKETS_H

#include <stdint.h>

#include "tracereel/histogram.h"

enum {
    CHUNK_BUCKETS = 64, /* of one power of two; the first chunk is 0 to 63 */
    CHUNK_BITS = 6,
    CHUNK_COUNT = 64 - CHUNK_BITS + 1
};

_Static_assert(TR_HISTOGRAM_BUCKETS == CHUNK_COUNT * CHUNK_BUCKETS, "each bucket has a number");

/* Chunk 0 is exact; chunk c holds 2^(c+5) to 2^(c+6) - 1 in buckets of 2^(c-1) values. */
static inline unsigned chunk_of(uint64_t value) {
    if (value < CHUNK_BUCKETS) {
        return 0;
    }
    return 64 - CHUNK_BITS - (unsigned)__builtin_clzll(value);
}

static inline unsigned bucket_of(uint64_t value, unsigned chunk_index) {
    unsigned shift = chunk_index == 0 ? 0 : chunk_index - 1;
    return (unsigned)(value >> shift) & (CHUNK_BUCKETS - 1);
}

static inline uint32_t number_of(uint64_t value) {
    unsigned index = chunk_of(value);
    return index * CHUNK_BUCKETS + bucket_of(value, index);
}

static inline void bucket_bounds(unsigned chunk_index, unsigned bucket, uint64_t *lower, uint64_t *upper) {
    if (chunk_index == 0) {
        *lower = *upper = bucket;
        return;
    }
    unsigned shift = chunk_index - 1;
    *lower = (uint64_t)(CHUNK_BUCKETS + bucket) << shift;
    *upper = *lower + ((UINT64_C(1) << shift) - 1);
}

#endif
