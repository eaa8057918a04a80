/* The hash of a trace's id. */
#ifndef TRACEREEL_ID_HASH_H
#define TRACEREEL_ID_HASH_H

#include <stdint.h>

#include "bytes/bytes.h"

/* Ids are mostly random, but a producer may number its traces at either end. Every bit of both halves affects the
 * middle of their product. Consecutive numbers give multiples of one number there, hence the second multiplication. */
static inline uint32_t tr_id_hash_with(uint64_t first_seed, uint64_t second_seed, const uint8_t *id) {
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(tr_load_u64(id) ^ first_seed) * (tr_load_u64(id + 8) ^ second_seed);
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
    folded ^= folded >> 32;
    return (uint32_t)(folded * 0xd6e8feb86659fd93u >> 32);
}

/* tr_trace_shard, for loops over millions of records. The seeds are the first 128 bits of the fraction of pi. */
static inline uint32_t tr_id_shard(const uint8_t *id, uint32_t count) {
    return (uint32_t)((uint64_t)tr_id_hash_with(0x243f6a8885a308d3u, 0x13198a2e03707344u, id) * count >> 32);
}

#endif
