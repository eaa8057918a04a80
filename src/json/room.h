/* Room at the end of a JSON text, for those that write there themselves. */
#ifndef TRACEREEL_JSON_ROOM_H
#define TRACEREEL_JSON_ROOM_H

#include "tracereel/json.h"

/* Returns false, and notes it, if memory runs out. */
bool tr_json_grow(tr_json *json, size_t needed_bytes);

/* Where the next `needed_bytes` may be written; NULL if this or an earlier allocation failed. */
static inline char *tr_json_reserve(tr_json *json, size_t needed_bytes) {
    if (json->out_of_memory) {
        return NULL;
    }
    if (json->capacity_bytes - json->length_bytes < needed_bytes && !tr_json_grow(json, needed_bytes)) {
        return NULL;
    }
    return json->bytes + json->length_bytes;
}

/* The text ends at `end` now. */
static inline void tr_json_commit(tr_json *json, const char *end) {
    json->length_bytes = (size_t)(end - json->bytes);
}

#endif
