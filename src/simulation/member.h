/* Members of the JSON object in a record's metadata: what a simulation goes by. */
#ifndef TRACEREEL_MEMBER_H
#define TRACEREEL_MEMBER_H

#include "record/record_view.h"
#include "simulation/recording.h"

/* Whether the record has any metadata. */
static inline bool tr_member_has_any(const tr_recorded *recorded) {
    tr_record record;
    return recorded->length_bytes > TR_RECORD_MIN_BYTES &&
           tr_record_is_plausible(tr_recorded_bytes(recorded), (size_t)recorded->length_bytes, &record) &&
           record.metadata_length_bytes > 0;
}

/* Finds a member of the metadata's object at top level; of several with that name the last. `*value` is its value as
 * written, quotes and escapes included, and valid as long as the recording. Returns false where there is none. */
bool tr_member_find(const tr_recorded *recorded, const char *name, tr_text *value);
/* The same where the value is a text. */
bool tr_member_find_text(const tr_recorded *recorded, const char *name, tr_text *value);
/* The number that the value is; UINT64_MAX where it is none, or is not there. `*value` is as above if it is one. */
uint64_t tr_member_number(const tr_recorded *recorded, const char *name, tr_text *value);

#endif
