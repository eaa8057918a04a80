/* Hashes of numbers that come from files. */
#ifndef TRACEREEL_HASH_H
#define TRACEREEL_HASH_H

#include <stdint.h>

/* The finalizer of MurmurHash3: every bit of the value reaches every bit of the answer. */
static inline uint64_t tr_hash_mix(uint64_t value) {
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdu;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53u;
    return value ^ value >> 33;
}

/* Random, and the same in all of the process: mixed into what a table goes by, it keeps a file that was made for it
 * from filling one run of the table. */
uint64_t tr_hash_seed(void);

#endif
