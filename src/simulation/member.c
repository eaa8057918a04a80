#include "simulation/member.h"

#include "record/text.h"
#include "json/json_reader.h"

bool tr_member_find(const tr_recorded *recorded, const char *name, tr_text *value) {
    tr_record record;
    /* It was a record when it was recorded, its CRC is not computed again. */
    if (!tr_record_is_plausible(tr_recorded_bytes(recorded), (size_t)recorded->length_bytes, &record) ||
        record.metadata_length_bytes == 0) {
        return false;
    }
    tr_text found, metadata = tr_view_metadata(&record), member;
    tr_json_reader reader = tr_json_reader_begin(metadata.bytes, metadata.length_bytes, 0, NULL);
    bool is_found = false;
    if (!tr_json_reader_enter_object(&reader)) {
        return false;
    }
    while (tr_json_reader_next_member(&reader, &member)) {
        tr_json_reader_peek(&reader); /* passes over the blanks before the value */
        found.bytes = reader.at;
        tr_json_reader_skip(&reader);
        found.length_bytes = (uint32_t)(reader.at - found.bytes);
        if (tr_text_is(member, name)) {
            *value = found;
            is_found = true;
        }
    }
    return is_found && reader.status == TR_OK;
}

bool tr_member_find_text(const tr_recorded *recorded, const char *name, tr_text *value) {
    tr_text found;
    if (!tr_member_find(recorded, name, &found) || found.bytes[0] != '"') {
        return false;
    }
    *value = found;
    return true;
}

uint64_t tr_member_number(const tr_recorded *recorded, const char *name, tr_text *value) {
    uint64_t number = UINT64_MAX;
    if (!tr_member_find(recorded, name, value)) {
        return UINT64_MAX;
    }
    tr_json_reader reader = tr_json_reader_begin(value->bytes, value->length_bytes, 0, NULL);
    return tr_json_reader_unsigned(&reader, UINT64_MAX, &number) ? number : UINT64_MAX;
}
