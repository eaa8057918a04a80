#include "segment_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int hex_value(char c) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)((found - digits) % 16);
}

bool tr_segment_name_parse(const char *name, tr_segment_name *parsed) {
    static const char prefix[] = "wal_";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    const char *first_digit = name + sizeof prefix - 1;
    const char *at = first_digit;
    uint64_t sequence = 0;
    for (int value; (value = hex_value(*at)) >= 0; at++) {
        if (sequence > UINT64_MAX >> 4) {
            return false;
        }
        sequence = sequence << 4 | (uint64_t)value;
    }
    bool compressed = strcmp(at, ".log.gz") == 0;
    if (at == first_digit || (!compressed && strcmp(at, ".log") != 0)) {
        return false;
    }
    *parsed = (tr_segment_name){sequence, compressed};
    return true;
}

void tr_segment_name_format(uint64_t sequence, char *out) {
    snprintf(out, TR_SEGMENT_NAME_BYTES, "wal_%016" PRIx64 ".log", sequence);
}
