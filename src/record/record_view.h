/* The record's layout, for this library's own layers: the accessors of tracereel/record.h as inline functions, so that
 * loops over millions of records do not pay for a call per field. */
#ifndef TRACEREEL_RECORD_VIEW_H
#define TRACEREEL_RECORD_VIEW_H

#include <libdeflate.h>

#include "bytes/bytes.h"
#include "tracereel/record.h"

enum {
    TR_OFFSET_LENGTH = 0,
    TR_OFFSET_CRC = 4,
    TR_OFFSET_TYPE = 8,
    TR_OFFSET_TRACE_ID = 9,
    TR_OFFSET_PAYLOAD = 29, /* the CRC covers the record from here on */
    TR_OFFSET_ERROR_LENGTH = 61,
    TR_OFFSET_ERROR = 65
};

static inline unsigned tr_view_type(const tr_record *record) {
    return record->bytes[TR_OFFSET_TYPE];
}

/* Whether records of that type, which must exist, have that field. With a constant `meaning` this is one bit test. */
static inline bool tr_view_type_has(unsigned type, tr_record_meaning meaning) {
#define TR_VIEW_TYPE_BIT(number, constant, name, meanings) | (((meanings)&meaning) != 0 ? 1u << (number) : 0u)
    const uint32_t types = 0u TR_RECORD_TYPES(TR_VIEW_TYPE_BIT);
#undef TR_VIEW_TYPE_BIT
    return (types & 1u << type) != 0;
}

static inline const uint8_t *tr_view_trace_id(const tr_record *record) {
    return record->bytes + TR_OFFSET_TRACE_ID;
}

#define TR_VIEW_NUMBER(name, type, offset, bits)                                                                       \
    static inline type tr_view_##name(const tr_record *record) {                                                       \
        return tr_load_u##bits(record->bytes + (offset));                                                              \
    }
TR_RECORD_NUMBERS(TR_VIEW_NUMBER)
#undef TR_VIEW_NUMBER

static inline tr_text tr_view_error_message(const tr_record *record) {
    return (tr_text){(const char *)record->bytes + TR_OFFSET_ERROR, record->error_length_bytes};
}

static inline tr_text tr_view_metadata(const tr_record *record) {
    return (tr_text){(const char *)record->bytes + TR_RECORD_MIN_BYTES + record->error_length_bytes,
                     record->metadata_length_bytes};
}

/* The CRC that the record's header should hold. */
static inline uint32_t tr_record_crc(const uint8_t *bytes, uint32_t length_bytes) {
    return libdeflate_crc32(0, bytes + TR_OFFSET_PAYLOAD, length_bytes - TR_OFFSET_PAYLOAD);
}

/* tr_record_decode without the diagnosis and the CRC: whether a record may start at `bytes`. Tests run in the order of
 * their cost, so that a search through garbage seldom reaches the CRC. */
static inline bool tr_record_is_plausible(const uint8_t *bytes, size_t available_bytes, tr_record *record) {
    if (available_bytes < TR_RECORD_MIN_BYTES) {
        return false;
    }
    uint32_t length = tr_load_u32(bytes + TR_OFFSET_LENGTH);
    if (length < TR_RECORD_MIN_BYTES || length > available_bytes || bytes[TR_OFFSET_TYPE] >= TR_RECORD_TYPE_COUNT) {
        return false;
    }
    uint32_t room = length - TR_RECORD_MIN_BYTES;
    uint32_t error_length = tr_load_u32(bytes + TR_OFFSET_ERROR_LENGTH);
    if (error_length > room) {
        return false;
    }
    uint32_t metadata_length = tr_load_u32(bytes + TR_OFFSET_ERROR + error_length);
    if (metadata_length > room - error_length) {
        return false;
    }
    *record = (tr_record){bytes, length, error_length, metadata_length};
    return true;
}

static inline bool tr_record_crc_matches(const tr_record *record) {
    return tr_record_crc(record->bytes, record->length_bytes) == tr_load_u32(record->bytes + TR_OFFSET_CRC);
}

#endif
