#include "aggregate/packed.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_BYTES = sizeof(uint64_t), FIRST_WORDS = 16 };

static uint32_t words_of(uint32_t bytes) {
    return bytes / WORD_BYTES + (bytes % WORD_BYTES != 0);
}

/* ---- writing ---- */

bool tr_packed_grow(tr_packed *packed, uint32_t words) {
    uint64_t needed = (uint64_t)packed->word_count + words;
    uint64_t capacity = packed->capacity < FIRST_WORDS ? FIRST_WORDS : packed->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    uint64_t *grown = capacity > UINT32_MAX ? NULL : realloc(packed->words, capacity * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    packed->words = grown;
    packed->capacity = (uint32_t)capacity;
    return true;
}

bool tr_packed_add_text(tr_packed *packed, tr_text text) {
    uint32_t words = words_of(text.length_bytes);
    if (!tr_packed_has_room(packed, 1 + words) || !tr_packed_add_head(packed, TR_PACKED_TEXT, text.length_bytes)) {
        return false;
    }
    if (words > 0) {
        packed->words[packed->word_count + words - 1] = 0;
        memcpy(&packed->words[packed->word_count], text.bytes, text.length_bytes);
        packed->word_count += words;
    }
    return true;
}

bool tr_packed_add(tr_packed *packed, const tr_packed_value *value) {
    switch (value->kind) {
    case TR_PACKED_BOOLEAN:
        return tr_packed_add_head(packed, TR_PACKED_BOOLEAN, value->as.boolean);
    case TR_PACKED_INTEGER:
        return tr_packed_add_word(packed, TR_PACKED_INTEGER, (uint64_t)value->as.integer);
    case TR_PACKED_NAME:
        return tr_packed_add_word(packed, TR_PACKED_NAME, (uintptr_t)value->as.name);
    case TR_PACKED_TEXT:
        return tr_packed_add_text(packed, value->as.text);
    case TR_PACKED_ID:
        if (!tr_packed_add_head(packed, TR_PACKED_ID, 0)) {
            return false;
        }
        memcpy(&packed->words[packed->word_count], value->as.id, TR_TRACE_ID_BYTES);
        packed->word_count += TR_TRACE_ID_BYTES / WORD_BYTES;
        return true;
    case TR_PACKED_NONE:
        break;
    }
    return tr_packed_add_head(packed, TR_PACKED_NONE, 0);
}

void tr_packed_free(tr_packed *packed) {
    free(packed->words);
    *packed = (tr_packed){0};
}

/* ---- reading ---- */

const uint64_t *tr_packed_read(const uint64_t *words, tr_packed_value *value) {
    uint64_t above = *words >> TR_PACKED_KIND_BITS;
    value->kind = (tr_packed_kind)(*words & ((1u << TR_PACKED_KIND_BITS) - 1));
    words++;
    switch (value->kind) {
    case TR_PACKED_BOOLEAN:
        value->as.boolean = above != 0;
        break;
    case TR_PACKED_INTEGER:
        value->as.integer = (int64_t)*words++;
        break;
    case TR_PACKED_NAME:
        value->as.name = (const char *)(uintptr_t)*words++;
        break;
    case TR_PACKED_TEXT:
        value->as.text = (tr_text){(const char *)words, (uint32_t)above};
        words += words_of((uint32_t)above);
        break;
    case TR_PACKED_ID:
        value->as.id = (const uint8_t *)words;
        words += TR_TRACE_ID_BYTES / WORD_BYTES;
        break;
    case TR_PACKED_NONE:
        break;
    }
    return words;
}

static tr_text text_of(const tr_packed_value *value) {
    switch (value->kind) {
    case TR_PACKED_NAME:
        return (tr_text){value->as.name, (uint32_t)strlen(value->as.name)};
    case TR_PACKED_ID:
        return (tr_text){(const char *)value->as.id, TR_TRACE_ID_BYTES};
    case TR_PACKED_TEXT:
        return value->as.text;
    default:
        return (tr_text){0};
    }
}

static int compare_texts(tr_text left, tr_text right) {
    uint32_t common = left.length_bytes < right.length_bytes ? left.length_bytes : right.length_bytes;
    int order = common == 0 ? 0 : memcmp(left.bytes, right.bytes, common);
    return order != 0 ? order : (left.length_bytes > right.length_bytes) - (left.length_bytes < right.length_bytes);
}

static int rank_of(tr_packed_kind kind) {
    return kind < TR_PACKED_NAME ? (int)kind : (int)TR_PACKED_NAME;
}

static int compare(const tr_packed_value *left, const tr_packed_value *right) {
    if (rank_of(left->kind) != rank_of(right->kind)) {
        return rank_of(left->kind) - rank_of(right->kind);
    }
    switch (left->kind) {
    case TR_PACKED_NONE:
        return 0;
    case TR_PACKED_BOOLEAN:
        return left->as.boolean - right->as.boolean;
    case TR_PACKED_INTEGER:
        return (left->as.integer > right->as.integer) - (left->as.integer < right->as.integer);
    default:
        return compare_texts(text_of(left), text_of(right));
    }
}

int tr_packed_compare(const uint64_t *left, const uint64_t *right, unsigned count) {
    int order = 0;
    for (unsigned i = 0; i < count && order == 0; i++) {
        tr_packed_value left_value;
        tr_packed_value right_value;
        left = tr_packed_read(left, &left_value);
        right = tr_packed_read(right, &right_value);
        order = compare(&left_value, &right_value);
    }
    return order;
}
