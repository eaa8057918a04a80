/* Checksums of bytes, which identify recovery plans. */
#ifndef TRACEREEL_DIGEST_H
#define TRACEREEL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { TR_SHA256_TEXT_BYTES = 65 /* 64 lower-case hex digits and the final zero */ };

/* Writes the SHA-256 of `bytes` as text. `bytes` may be NULL if `length` is 0. */
void tr_sha256(const void *bytes, size_t length, char text[TR_SHA256_TEXT_BYTES]);

/* CRC-32 (IEEE), the same that records carry. */
uint32_t tr_crc32(const void *bytes, size_t length);

#endif
