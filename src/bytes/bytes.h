/* Bounded little-endian reads and writes: the only place that touches raw bytes.
 *
 * The load and store functions trust their pointer; callers check the length first. Compilers turn each of them into
 * one instruction on little-endian machines. */
#ifndef TRACEREEL_BYTES_H
#define TRACEREEL_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint32_t tr_load_u32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint64_t tr_load_u64(const uint8_t *bytes) {
    return (uint64_t)tr_load_u32(bytes) | (uint64_t)tr_load_u32(bytes + 4) << 32;
}

static inline void tr_store_u32(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline void tr_store_u64(uint8_t *bytes, uint64_t value) {
    tr_store_u32(bytes, (uint32_t)value);
    tr_store_u32(bytes + 4, (uint32_t)(value >> 32));
}

#endif
