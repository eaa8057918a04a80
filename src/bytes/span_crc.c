#include "bytes/span_crc.h"

#include <libdeflate.h>
#include <stdlib.h>

enum { STEP_BYTES = 4096 };

/* The product of two polynomials over GF(2) modulo the CRC's, in the CRC's bit order: the highest bit is x^0. */
static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
        if ((a & bit) != 0) {
            product ^= b;
        }
        b = (b & 1) != 0 ? b >> 1 ^ 0xedb88320u : b >> 1;
    }
    return product;
}

/* x^(8 * bytes) modulo the CRC's polynomial. */
static uint32_t shift_by(size_t bytes) {
    uint32_t result = 0x80000000u; /* x^0 */
    uint32_t power = 0x00800000u;  /* x^8 */
    for (; bytes > 0; bytes >>= 1) {
        if ((bytes & 1) != 0) {
            result = multiply(result, power);
        }
        power = multiply(power, power);
    }
    return result;
}

/* The CRC of the first `length` bytes. */
static uint32_t prefix_crc(tr_span_crc *cache, const uint8_t *bytes, size_t length) {
    size_t whole = length / STEP_BYTES;
    while (cache->prefix_count < whole) {
        if (cache->prefix_count == cache->prefix_capacity) {
            size_t capacity = cache->prefix_capacity == 0 ? 1024 : cache->prefix_capacity * 2;
            uint32_t *prefixes = realloc(cache->prefixes, capacity * sizeof *prefixes);
            if (prefixes == NULL) {
                return libdeflate_crc32(0, bytes, length);
            }
            cache->prefixes = prefixes;
            cache->prefix_capacity = capacity;
        }
        size_t index = cache->prefix_count++;
        uint32_t before = index == 0 ? 0 : cache->prefixes[index - 1];
        cache->prefixes[index] = libdeflate_crc32(before, bytes + index * STEP_BYTES, STEP_BYTES);
    }
    uint32_t crc = whole == 0 ? 0 : cache->prefixes[whole - 1];
    return libdeflate_crc32(crc, bytes + whole * STEP_BYTES, length % STEP_BYTES);
}

uint32_t tr_span_crc_get(tr_span_crc *cache, const uint8_t *bytes, size_t begin, size_t end) {
    if (end - begin < TR_SPAN_CRC_WORTHWHILE_BYTES) {
        return libdeflate_crc32(0, bytes + begin, end - begin);
    }
    uint32_t whole = prefix_crc(cache, bytes, end);
    return whole ^ multiply(prefix_crc(cache, bytes, begin), shift_by(end - begin));
}

void tr_span_crc_clear(tr_span_crc *cache) {
    free(cache->prefixes);
    *cache = (tr_span_crc){0};
}
