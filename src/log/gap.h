/* Classifies and describes stretches without a readable record. */
#ifndef TRACEREEL_GAP_H
#define TRACEREEL_GAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/log.h"

/* XERV (the engine), when started again, does not continue a segment over this size, but begins a new one. */
#define TR_REOPEN_LIMIT_BYTES ((size_t)32 * 1024 * 1024)

typedef struct tr_gap_surroundings {
    size_t segment_bytes;
    bool is_last_segment;
    bool record_follows; /* in the same segment */
} tr_gap_surroundings;

/* The class of a gap that consists of the `length` (> 0) bytes at `bytes`. Rules: docs/damage.md. */
tr_gap_class tr_gap_classify(const uint8_t *bytes, size_t length, const tr_gap_surroundings *surroundings);

/* Whether the `length` bytes can be the beginning of a record that was not written completely. */
bool tr_gap_is_record_prefix(const uint8_t *bytes, size_t length);

/* Writes one sentence about the gap for the user into `out`, like snprintf; returns its length. `defect` is why the
 * bytes are no record. */
size_t tr_gap_describe(tr_gap_class gap_class, const uint8_t *bytes, size_t length, const tr_defect *defect, char *out,
                       size_t capacity_bytes);

#endif
