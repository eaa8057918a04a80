#include "lua/cbor_float.h"

enum { DOUBLE_MANTISSA_BITS = 52, DOUBLE_MAX_EXPONENT = 0x7ff, DOUBLE_BIAS = 1023 };

static uint64_t low_bits(uint64_t bits, unsigned count) {
    return bits & (((uint64_t)1 << count) - 1);
}

static int max_exponent(tr_float_form form) {
    return (1 << form.exponent_bits) - 1;
}

bool tr_float_shrink(uint64_t bits, tr_float_form form, uint32_t *small) {
    unsigned dropped = DOUBLE_MANTISSA_BITS - form.mantissa_bits;
    int max = max_exponent(form);
    int exponent = (int)low_bits(bits >> DOUBLE_MANTISSA_BITS, 11);
    uint64_t mantissa = low_bits(bits, DOUBLE_MANTISSA_BITS);
    int smaller = exponent - DOUBLE_BIAS + max / 2;
    if (exponent == DOUBLE_MAX_EXPONENT) {
        smaller = max;
    } else if (exponent == 0) {
        if (mantissa != 0) {
            return false;
        }
        smaller = 0;
    } else if (smaller >= max) {
        return false;
    } else if (smaller < 1) { /* below the smaller form's normal numbers: without the leading 1 that is not written */
        mantissa |= (uint64_t)1 << DOUBLE_MANTISSA_BITS;
        dropped += (unsigned)(1 - smaller);
        smaller = 0;
    }
    if (dropped > DOUBLE_MANTISSA_BITS || low_bits(mantissa, dropped) != 0) {
        return false;
    }
    uint64_t sign = bits >> 63 << (form.exponent_bits + form.mantissa_bits);
    *small = (uint32_t)(sign | (uint64_t)smaller << form.mantissa_bits | mantissa >> dropped);
    return true;
}

uint64_t tr_float_widen(uint32_t small, tr_float_form form) {
    int max = max_exponent(form);
    uint64_t sign = (uint64_t)(small >> (form.exponent_bits + form.mantissa_bits)) << 63;
    int exponent = (int)low_bits(small >> form.mantissa_bits, form.exponent_bits);
    uint64_t mantissa = low_bits(small, form.mantissa_bits);
    int wider = exponent - max / 2 + DOUBLE_BIAS;
    if (exponent == max) {
        wider = DOUBLE_MAX_EXPONENT;
    } else if (exponent == 0 && mantissa == 0) {
        wider = 0;
    } else if (exponent == 0) {
        for (wider++; mantissa >> form.mantissa_bits == 0; wider--) {
            mantissa <<= 1;
        }
        mantissa = low_bits(mantissa, form.mantissa_bits);
    }
    return sign | (uint64_t)wider << DOUBLE_MANTISSA_BITS | mantissa << (DOUBLE_MANTISSA_BITS - form.mantissa_bits);
}
