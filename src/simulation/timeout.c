#include "simulation/timeout.h"

#include <string.h>

#include "json/json_reader.h"

#define SECOND_NS UINT64_C(1000000000)

static const char timeout_key[] = "timeout_secs";

uint64_t tr_timeout_of(const tr_recorded *suspended) {
    tr_record record;
    tr_defect defect;
    if (tr_record_decode(tr_recorded_bytes(suspended), (size_t)suspended->length_bytes, &record, &defect) != TR_OK) {
        return UINT64_MAX; /* it was a record when it was recorded */
    }
    tr_text metadata = tr_record_metadata(&record), name;
    tr_json_reader reader = tr_json_reader_begin(metadata.bytes, metadata.length_bytes, 0, NULL);
    uint64_t seconds = UINT64_MAX;
    if (metadata.length_bytes == 0 || !tr_json_reader_enter_object(&reader)) {
        return UINT64_MAX;
    }
    while (tr_json_reader_next_member(&reader, &name)) {
        bool is_timeout =
            name.length_bytes == sizeof timeout_key - 1 && memcmp(name.bytes, timeout_key, name.length_bytes) == 0;
        if (!is_timeout) {
            tr_json_reader_skip(&reader);
        } else if (!tr_json_reader_word(&reader, "null")) {
            tr_json_reader_unsigned(&reader, UINT64_MAX, &seconds);
        }
    }
    return reader.status == TR_OK && seconds <= UINT64_MAX / SECOND_NS ? seconds * SECOND_NS : UINT64_MAX;
}
