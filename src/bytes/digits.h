/* Numbers and bytes as digits. */
#ifndef TRACEREEL_DIGITS_H
#define TRACEREEL_DIGITS_H

#include <stdint.h>

enum { TR_UNSIGNED_DIGITS = 20 }; /* 18446744073709551615 */

/* Writes the decimal digits, at most TR_UNSIGNED_DIGITS; no zero byte follows. Returns the end of what was written. */
char *tr_put_unsigned(char *out, uint64_t value);

/* Writes four bytes as eight lower-case hexadecimal digits. */
void tr_put_hexadecimal(char *out, const uint8_t bytes[4]);

#endif
