#include "bytes/digits.h"

#include <string.h>

#include "bytes/bytes.h"

/* How many digits the number has; 1 for 0. */
static unsigned count_digits(uint64_t value) {
    static const uint64_t powers[TR_UNSIGNED_DIGITS] = {0,
                                                        UINT64_C(10),
                                                        UINT64_C(100),
                                                        UINT64_C(1000),
                                                        UINT64_C(10000),
                                                        UINT64_C(100000),
                                                        UINT64_C(1000000),
                                                        UINT64_C(10000000),
                                                        UINT64_C(100000000),
                                                        UINT64_C(1000000000),
                                                        UINT64_C(10000000000),
                                                        UINT64_C(100000000000),
                                                        UINT64_C(1000000000000),
                                                        UINT64_C(10000000000000),
                                                        UINT64_C(100000000000000),
                                                        UINT64_C(1000000000000000),
                                                        UINT64_C(10000000000000000),
                                                        UINT64_C(100000000000000000),
                                                        UINT64_C(1000000000000000000),
                                                        UINT64_C(10000000000000000000)};
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    unsigned at_least = bits * 1233 >> 12; /* 1233 / 4096 is the logarithm of 2 to the base of 10 */
    return at_least + (value >= powers[at_least]);
}

char *tr_put_unsigned(char *out, uint64_t value) {
    static const char two_digits[] = "00010203040506070809101112131415161718192021222324"
                                     "25262728293031323334353637383940414243444546474849"
                                     "50515253545556575859606162636465666768697071727374"
                                     "75767778798081828384858687888990919293949596979899";
    if (value < 10) {
        *out = (char)('0' + value);
        return out + 1;
    }
    char *end = out + count_digits(value);
    char *at = end;
    while (value >= 10) {
        at -= 2;
        memcpy(at, two_digits + value % 100 * 2, 2);
        value /= 100;
    }
    if (value > 0) {
        *--at = (char)('0' + value);
    }
    return end;
}

void tr_put_hexadecimal(char *out, const uint8_t bytes[4]) {
    uint64_t spread = tr_load_u32(bytes);
    spread = (spread | spread << 16) & UINT64_C(0x0000ffff0000ffff);
    spread = (spread | spread << 8) & UINT64_C(0x00ff00ff00ff00ff);
    uint64_t nibbles = (spread >> 4 & UINT64_C(0x000f000f000f000f)) | (spread & UINT64_C(0x000f000f000f000f)) << 8;
    uint64_t are_letters = (nibbles + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
    tr_store_u64((uint8_t *)out, nibbles + UINT64_C(0x3030303030303030) + are_letters * (uint64_t)('a' - '0' - 10));
}
