/* Lists of scalars as 64-bit words. Equal lists are equal words, so that one is hashed, compared and kept without a
 * look at what is in it.
 *
 * Each value begins with a head: its kind and, above it, what a boolean is or how long a text is. An integer and a name
 * have one word more, an id two, a text as many as its bytes need, filled up with zeros. */
#ifndef TRACEREEL_PACKED_H
#define TRACEREEL_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/record.h"

typedef enum tr_packed_kind {
    TR_PACKED_NONE, /* nothing is known */
    TR_PACKED_BOOLEAN,
    TR_PACKED_INTEGER,
    TR_PACKED_NAME, /* zero-terminated, one of the program's: equal ones have the same address */
    TR_PACKED_TEXT,
    TR_PACKED_ID
} tr_packed_kind;

typedef struct tr_packed_value {
    tr_packed_kind kind;
    union {
        bool boolean;
        int64_t integer;
        const char *name;
        tr_text text;
        const uint8_t *id; /* TR_TRACE_ID_BYTES */
    } as;
} tr_packed_value;

/* A list that is being put together. All zero is an empty one. */
typedef struct tr_packed {
    uint64_t *words;
    uint32_t word_count;
    uint32_t capacity;
} tr_packed;

enum { TR_PACKED_KIND_BITS = 3, TR_PACKED_MAX_FIXED_WORDS = 3 };

/* Room for so many more words. Returns false on allocation failure. */
bool tr_packed_grow(tr_packed *packed, uint32_t words);
bool tr_packed_add_text(tr_packed *packed, tr_text text);
void tr_packed_free(tr_packed *packed);

static inline bool tr_packed_has_room(tr_packed *packed, uint32_t words) {
    return packed->capacity - packed->word_count >= words || tr_packed_grow(packed, words);
}

/* Each returns false on allocation failure. */
static inline bool tr_packed_add_head(tr_packed *packed, tr_packed_kind kind, uint64_t above) {
    if (!tr_packed_has_room(packed, TR_PACKED_MAX_FIXED_WORDS)) {
        return false;
    }
    packed->words[packed->word_count++] = (uint64_t)kind | above << TR_PACKED_KIND_BITS;
    return true;
}

static inline bool tr_packed_add_word(tr_packed *packed, tr_packed_kind kind, uint64_t word) {
    if (!tr_packed_add_head(packed, kind, 0)) {
        return false;
    }
    packed->words[packed->word_count++] = word;
    return true;
}

bool tr_packed_add(tr_packed *packed, const tr_packed_value *value);

/* Reads the value that begins at `words`, and returns where the next one begins. */
const uint64_t *tr_packed_read(const uint64_t *words, tr_packed_value *value);

/* Compares lists of `count` values: the first that differs decides. Nothing comes before false, false before true, then
 * integers by value, then names, texts and ids by their bytes. */
int tr_packed_compare(const uint64_t *left, const uint64_t *right, unsigned count);

#endif
