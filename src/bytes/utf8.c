#include "bytes/utf8.h"

/* Lead bytes from `first` on begin characters of `length` bytes whose second byte is in [low, high]; all further bytes
 * are 80 to BF. Length 1 above 7F: not a lead byte. Table 3-7 of the Unicode standard. */
static const struct lead {
    uint8_t first, length, low, high;
} leads[] = {
    {0xf5, 1, 0, 0},       {0xf4, 4, 0x80, 0x8f}, {0xf1, 4, 0x80, 0xbf}, {0xf0, 4, 0x90, 0xbf}, {0xee, 3, 0x80, 0xbf},
    {0xed, 3, 0x80, 0x9f}, {0xe1, 3, 0x80, 0xbf}, {0xe0, 3, 0xa0, 0xbf}, {0xc2, 2, 0x80, 0xbf}, {0x00, 1, 0, 0},
};

size_t tr_utf8_scan(const uint8_t *bytes, size_t available, bool *valid) {
    if (bytes[0] < 0x80) {
        *valid = true;
        return 1;
    }
    const struct lead *lead = leads;
    while (bytes[0] < lead->first) {
        lead++;
    }
    *valid = false;
    if (lead->length == 1 || available < 2 || bytes[1] < lead->low || bytes[1] > lead->high) {
        return 1;
    }
    for (size_t length = 2; length < lead->length; length++) {
        if (length == available || (bytes[length] & 0xc0) != 0x80) {
            return length;
        }
    }
    *valid = true;
    return lead->length;
}

bool tr_utf8_is_valid(const uint8_t *bytes, size_t length) {
    bool is_valid = true;
    for (size_t at = 0; at < length && is_valid;) {
        at += bytes[at] < 0x80 ? 1 : tr_utf8_scan(bytes + at, length - at, &is_valid);
    }
    return is_valid;
}
