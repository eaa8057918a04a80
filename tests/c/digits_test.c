#include "bytes/digits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static void check_unsigned(uint64_t value) {
    char expected[TR_UNSIGNED_DIGITS + 1], digits[TR_UNSIGNED_DIGITS + 1];
    int length = snprintf(expected, sizeof expected, "%" PRIu64, value);
    memset(digits, '!', sizeof digits);
    char *end = tr_put_unsigned(digits, value);
    CHECK_BYTES(expected, (size_t)length, digits, (size_t)(end - digits));
    CHECK_INT('!', *end);
}

static void around_powers(void) {
    for (uint64_t power = 1; power < UINT64_MAX / 10; power *= 10) {
        for (uint64_t factor = 1; factor < 10; factor++) {
            check_unsigned(power * factor - 1);
            check_unsigned(power * factor);
            check_unsigned(power * factor + 1);
        }
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        check_unsigned((UINT64_C(1) << bit) - 1);
        check_unsigned(UINT64_C(1) << bit);
    }
    check_unsigned(UINT64_C(9999999999999999999));
    check_unsigned(UINT64_C(10000000000000000000));
    check_unsigned(UINT64_MAX);
}

static void some_of_every_length(void) {
    for (uint64_t group = 0; group < 10000; group++) {
        check_unsigned(group);
        check_unsigned(group * 10000 + 1);
        check_unsigned(UINT64_C(1600000000000000000) + group * 100000000 + (9999 - group));
    }
}

static void every_byte(void) {
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t bytes[4] = {(uint8_t)byte, (uint8_t)(byte ^ 0xff), 0, (uint8_t)(byte * 37)};
        char expected[9], digits[8];
        snprintf(expected, sizeof expected, "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
        tr_put_hexadecimal(digits, bytes);
        CHECK_BYTES(expected, 8, digits, sizeof digits);
    }
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("decimal digits are those of printf around every power of ten and of two", around_powers);
    check_run("decimal digits are those of printf for every group of four digits", some_of_every_length);
    check_run("hexadecimal digits are those of printf for every byte", every_byte);
    return check_end();
}
