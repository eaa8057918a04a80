/* Floats of 64 bits in fewer bits and back, bit by bit: NaN keeps its sign and payload. */
#ifndef TRACEREEL_LUA_CBOR_FLOAT_H
#define TRACEREEL_LUA_CBOR_FLOAT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tr_float_form {
    unsigned exponent_bits;
    unsigned mantissa_bits;
} tr_float_form;

static const tr_float_form tr_float_half = {5, 10};
static const tr_float_form tr_float_single = {8, 23};

/* Writes the bits of a double as they are in a smaller form. False where it cannot hold them exactly. */
bool tr_float_shrink(uint64_t bits, tr_float_form form, uint32_t *small);
/* The bits of a double of the same value. */
uint64_t tr_float_widen(uint32_t small, tr_float_form form);

#endif
