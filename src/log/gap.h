/* What a stretch without a readable record is: where it ends, and its class. */
#ifndef TRACEREEL_GAP_H
#define TRACEREEL_GAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/log.h"

/* A segment over this size is left behind by an engine that is started again (it then writes to a new one). */
#define TR_REOPEN_LIMIT_BYTES ((size_t)32 * 1024 * 1024)

typedef struct tr_gap_surroundings {
    size_t segment_bytes;
    bool is_last_segment;
    bool record_follows; /* in the same segment */
} tr_gap_surroundings;

/* The class of the gap that the `length` bytes at `bytes` are (length > 0). Rules: docs/damage.md. */
tr_gap_class tr_gap_classify(const uint8_t *bytes, size_t length, const tr_gap_surroundings *surroundings);

/* Whether the `length` bytes can be the beginning of a record that was not written to its end. */
bool tr_gap_is_record_prefix(const uint8_t *bytes, size_t length);

/* One sentence about the gap for a person, into `out` as snprintf would; returns its length. `defect` is why the bytes
 * are no record. */
size_t tr_gap_describe(tr_gap_class gap_class, const uint8_t *bytes, size_t length, const tr_defect *defect, char *out,
                       size_t capacity_bytes);

#endif
