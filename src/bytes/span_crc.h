/* The CRC-32 of spans of one run of bytes, when many long spans of the same bytes are asked for.
 *
 * A hostile segment can hold a million headers that each claim to be a record up to the segment's end. Checking each by
 * itself reads the segment half a million times. Here the CRCs of the segment's beginnings are kept every few KiB, and
 * a span's CRC comes from two of them: if S = A followed by B, then crc(B) = crc(S) xor crc(A) * x^(8 * length of B),
 * where * is the product of polynomials over GF(2) modulo the CRC's polynomial (as in zlib's crc32_combine). */
#ifndef TRACEREEL_SPAN_CRC_H
#define TRACEREEL_SPAN_CRC_H

#include <stddef.h>
#include <stdint.h>

/* All zero: nothing is known yet. The bytes must stay the same until tr_span_crc_clear. */
typedef struct tr_span_crc {
    uint32_t *prefixes; /* CRC of the first (i + 1) * step bytes */
    size_t prefix_count;
    size_t prefix_capacity;
} tr_span_crc;

/* Spans shorter than this are computed outright. */
#define TR_SPAN_CRC_WORTHWHILE_BYTES ((size_t)32 * 1024)

/* The CRC of bytes[begin, end). Where there is no memory for what it keeps, it computes outright. */
uint32_t tr_span_crc_get(tr_span_crc *cache, const uint8_t *bytes, size_t begin, size_t end);
void tr_span_crc_clear(tr_span_crc *cache);

#endif
