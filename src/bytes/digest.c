#include "bytes/digest.h"

#include <libdeflate.h>
#include <sha256.h>

void tr_sha256(const void *bytes, size_t length, char text[TR_SHA256_TEXT_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_CTX context;
    SHA256Init(&context);
    if (length > 0) {
        SHA256Update(&context, bytes, length);
    }
    SHA256Final(digest, &context);
    for (size_t i = 0; i < sizeof digest; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[2 * sizeof digest] = '\0';
}

uint32_t tr_crc32(const void *bytes, size_t length) {
    return length == 0 ? 0 : libdeflate_crc32(0, bytes, length);
}
