/* Tells UTF-8 from other bytes. */
#ifndef TRACEREEL_UTF8_H
#define TRACEREEL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Scans one character at the start of `available` (at least one) bytes. Returns its length with `*valid` true;
 * otherwise false and the length of the longest beginning of a character, at least 1: what one U+FFFD replaces (the
 * Unicode standard's "maximal subpart"). Surrogates, overlong forms and anything above U+10FFFF are invalid. */
size_t tr_utf8_scan(const uint8_t *bytes, size_t available, bool *valid);

/* Whether all of it is UTF-8. */
bool tr_utf8_is_valid(const uint8_t *bytes, size_t length);

#endif
