/* Hashes of numbers and texts that come from files. */
#ifndef TRACEREEL_HASH_H
#define TRACEREEL_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The finalizer of MurmurHash3: every bit of the value affects every bit of the result. */
static inline uint64_t tr_hash_mix(uint64_t value) {
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdu;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53u;
    return value ^ value >> 33;
}

/* A random number, the same throughout the process. Mixed into a table's keys, it keeps a crafted file from making all
 * of them collide. */
uint64_t tr_hash_seed(void);

/* FNV-1a of bytes, beginning with a value that the seed is mixed into. */
static inline uint64_t tr_hash_bytes(uint64_t begin, const char *bytes, size_t length) {
    uint64_t hash = begin;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)bytes[i]) * 0x100000001b3u;
    }
    return tr_hash_mix(hash);
}

#endif
