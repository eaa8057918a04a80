#include "bytes/hash.h"

#include <stdatomic.h>
#include <sys/random.h>

uint64_t tr_hash_seed(void) {
    static _Atomic uint64_t seed; /* 0: not drawn yet */
    uint64_t known = atomic_load_explicit(&seed, memory_order_relaxed);
    if (known != 0) {
        return known;
    }
    uint64_t drawn;
    if (getrandom(&drawn, sizeof drawn, GRND_NONBLOCK) != (ssize_t)sizeof drawn) {
        drawn = (uint64_t)(uintptr_t)&drawn; /* early in a boot: some seed is better than none */
    }
    drawn |= 1;
    return atomic_compare_exchange_strong(&seed, &known, drawn) ? drawn : known;
}
