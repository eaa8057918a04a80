/* Eight bytes of a JSON text at once. */
#ifndef TRACEREEL_SPECIAL_BYTES_H
#define TRACEREEL_SPECIAL_BYTES_H

#include <stdint.h>

#define TR_EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Sets the highest bit of each byte that ends a stretch of plain text in a JSON string: controls, quote, backslash.
 * Bits above the lowest one set may be wrong. */
static inline uint64_t tr_json_special_bytes(uint64_t word) {
    uint64_t quote = word ^ TR_EVERY_BYTE('"');
    uint64_t backslash = word ^ TR_EVERY_BYTE('\\');
    uint64_t found = ((word - TR_EVERY_BYTE(0x20)) & ~word) | ((quote - TR_EVERY_BYTE(1)) & ~quote) |
                     ((backslash - TR_EVERY_BYTE(1)) & ~backslash);
    return found & TR_EVERY_BYTE(0x80);
}

#endif
