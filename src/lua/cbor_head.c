#include "lua/cbor_head.h"

#include <string.h>

#include "lua/cbor_float.h"

size_t tr_cbor_write_initial(uint8_t head[TR_CBOR_HEAD_BYTES], unsigned initial, uint64_t number, size_t number_bytes) {
    head[0] = (uint8_t)initial;
    for (size_t i = number_bytes; i > 0; i--) {
        head[i] = (uint8_t)number;
        number >>= 8;
    }
    return 1 + number_bytes;
}

size_t tr_cbor_write_head(uint8_t head[TR_CBOR_HEAD_BYTES], enum tr_cbor_major major, uint64_t number) {
    unsigned initial = (unsigned)major << 5;
    if (number < 24) {
        return tr_cbor_write_initial(head, initial | (unsigned)number, 0, 0);
    } else if (number <= UINT8_MAX) {
        return tr_cbor_write_initial(head, initial | 24, number, 1);
    } else if (number <= UINT16_MAX) {
        return tr_cbor_write_initial(head, initial | 25, number, 2);
    } else if (number <= UINT32_MAX) {
        return tr_cbor_write_initial(head, initial | 26, number, 4);
    }
    return tr_cbor_write_initial(head, initial | 27, number, 8);
}

size_t tr_cbor_write_integer(uint8_t head[TR_CBOR_HEAD_BYTES], lua_Integer value) {
    return value >= 0 ? tr_cbor_write_head(head, TR_CBOR_UNSIGNED, (uint64_t)value)
                      : tr_cbor_write_head(head, TR_CBOR_NEGATIVE, ~(uint64_t)value);
}

size_t tr_cbor_write_float(uint8_t head[TR_CBOR_HEAD_BYTES], lua_Number value) {
    uint64_t bits = 0;
    uint32_t small = 0;
    memcpy(&bits, &value, sizeof bits);
    if (tr_float_shrink(bits, tr_float_half, &small)) {
        return tr_cbor_write_initial(head, TR_CBOR_HALF, small, 2);
    } else if (tr_float_shrink(bits, tr_float_single, &small)) {
        return tr_cbor_write_initial(head, TR_CBOR_SINGLE, small, 4);
    }
    return tr_cbor_write_initial(head, TR_CBOR_DOUBLE, bits, 8);
}
