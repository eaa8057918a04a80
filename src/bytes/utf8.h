/* Telling UTF-8 from bytes that are not. */
#ifndef TRACEREEL_UTF8_H
#define TRACEREEL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Looks at the first of `available` (at least one) bytes. Returns how many of them are one character, `*valid` then
 * being true, or else how many are the longest beginning of a character, at least 1: what one U+FFFD stands for
 * (the Unicode standard's "maximal subpart"). Surrogates, overlong forms and what is above U+10FFFF are not valid. */
size_t tr_utf8_scan(const uint8_t *bytes, size_t available, bool *valid);

#endif
