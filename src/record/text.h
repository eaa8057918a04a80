/* Texts of records, compared. */
#ifndef TRACEREEL_TEXT_H
#define TRACEREEL_TEXT_H

#include <stdbool.h>
#include <string.h>

#include "tracereel/record.h"

static inline bool tr_text_is(tr_text text, const char *literal) {
    return text.length_bytes == strlen(literal) && memcmp(text.bytes, literal, text.length_bytes) == 0;
}

static inline bool tr_text_equal(tr_text a, tr_text b) {
    return a.length_bytes == b.length_bytes && (a.length_bytes == 0 || memcmp(a.bytes, b.bytes, a.length_bytes) == 0);
}

/* As memcmp: by their bytes, and a text comes before those that begin with it. */
static inline int tr_text_compare(tr_text a, tr_text b) {
    uint32_t shorter = a.length_bytes < b.length_bytes ? a.length_bytes : b.length_bytes;
    int order = shorter == 0 ? 0 : memcmp(a.bytes, b.bytes, shorter);
    return order != 0 ? order : (a.length_bytes > b.length_bytes) - (a.length_bytes < b.length_bytes);
}

#endif
