#include "log/gap.h"

#include <stdio.h>
#include <string.h>

#include "bytes/bytes.h"
#include "log/foreign.h"
#include "record/record_view.h"

static const struct {
    const char *name;
    bool damage;
} classes[TR_GAP_CLASS_COUNT] = {
#define CLASS(constant, name, damage) [TR_GAP_##constant] = {#name, damage},
    TR_GAP_CLASSES(CLASS)
#undef CLASS
};

const char *tr_gap_class_name(tr_gap_class gap_class) {
    return (unsigned)gap_class < TR_GAP_CLASS_COUNT ? classes[gap_class].name : NULL;
}

bool tr_gap_class_is_damage(tr_gap_class gap_class) {
    return (unsigned)gap_class < TR_GAP_CLASS_COUNT && classes[gap_class].damage;
}

bool tr_gap_is_record_prefix(const uint8_t *bytes, size_t length) {
    if (length < TR_OFFSET_CRC) {
        return true; /* not even its length was written */
    }
    uint64_t total = tr_load_u32(bytes + TR_OFFSET_LENGTH);
    if (total < TR_RECORD_MIN_BYTES || total <= length) {
        return false;
    }
    if (length > TR_OFFSET_TYPE && bytes[TR_OFFSET_TYPE] >= TR_RECORD_TYPE_COUNT) {
        return false;
    }
    if (length < TR_OFFSET_ERROR) {
        return true;
    }
    uint64_t with_error = (uint64_t)TR_RECORD_MIN_BYTES + tr_load_u32(bytes + TR_OFFSET_ERROR_LENGTH);
    if (with_error > total) {
        return false;
    }
    if (length < with_error) {
        return true; /* metadata_len, the four bytes before `with_error`, is incomplete */
    }
    return with_error + tr_load_u32(bytes + with_error - 4) == total;
}

static bool all_zero(const uint8_t *bytes, size_t length) {
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

tr_gap_class tr_gap_classify(const uint8_t *bytes, size_t length, const tr_gap_surroundings *surroundings) {
    if (!surroundings->record_follows && surroundings->is_last_segment) {
        return all_zero(bytes, length) ? TR_GAP_ZERO_TAIL : TR_GAP_TORN_TAIL;
    }
    bool writer_went_on = surroundings->record_follows || surroundings->segment_bytes > TR_REOPEN_LIMIT_BYTES;
    return writer_went_on && tr_gap_is_record_prefix(bytes, length) ? TR_GAP_TORN_WRITE : TR_GAP_CORRUPT;
}

size_t tr_gap_describe(tr_gap_class gap_class, const uint8_t *bytes, size_t length, const tr_defect *defect, char *out,
                       size_t capacity_bytes) {
    const tr_foreign *foreign = tr_foreign_format(bytes, length);
    bool torn = gap_class == TR_GAP_TORN_TAIL || gap_class == TR_GAP_TORN_WRITE;
    int written = 0;
    if (gap_class == TR_GAP_ZERO_TAIL) {
        written = snprintf(out, capacity_bytes, "zeros to the end of the log");
    } else if (foreign != NULL) {
        written = snprintf(out, capacity_bytes, "%s where a record is expected: %s", foreign->what, foreign->advice);
    } else if (torn && length < TR_OFFSET_CRC) {
        written = snprintf(out, capacity_bytes, "a record was begun, and not even its length was written");
    } else if (torn && tr_gap_is_record_prefix(bytes, length)) {
        written = snprintf(out, capacity_bytes, "a record of %u bytes was begun, and not written to its end",
                           (unsigned)tr_load_u32(bytes + TR_OFFSET_LENGTH));
    } else {
        return tr_defect_describe(defect, out, capacity_bytes);
    }
    return written > 0 && (size_t)written < capacity_bytes ? (size_t)written : 0;
}
