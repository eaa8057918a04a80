/* The CRC-32 of many long spans of the same bytes.
 *
 * A hostile segment can hold a million headers that each claim to be a record up to the segment's end. Checking each by
 * itself reads the segment half a million times. This cache keeps the CRC of the segment's beginning every few KiB, and
 * computes a span's CRC from two of them: if S = A followed by B, then crc(B) = crc(S) xor crc(A) * x^(8 * length of
 * B), where * is the product of polynomials over GF(2) modulo the CRC's polynomial (as in zlib's crc32_combine). */
#ifndef TRACEREEL_SPAN_CRC_H
#define TRACEREEL_SPAN_CRC_H

#include <stddef.h>
#include <stdint.h>

/* All zero is an empty cache. The bytes must not change until tr_span_crc_clear. */
typedef struct tr_span_crc {
    uint32_t *prefixes; /* CRC of the first (i + 1) * step bytes */
    size_t prefix_count;
    size_t prefix_capacity;
} tr_span_crc;

/* Spans shorter than this are computed outright. */
#define TR_SPAN_CRC_WORTHWHILE_BYTES ((size_t)32 * 1024)

/* The CRC of bytes[begin, end). Without memory for the cache it computes outright. */
uint32_t tr_span_crc_get(tr_span_crc *cache, const uint8_t *bytes, size_t begin, size_t end);
void tr_span_crc_clear(tr_span_crc *cache);

#endif
