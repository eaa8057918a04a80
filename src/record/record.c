#include "tracereel/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bytes/bytes.h"
#include "bytes/digits.h"
#include "record/record_view.h"

static const char *const type_names[TR_RECORD_TYPE_COUNT] = {
#define TYPE_NAME(number, constant, name, meanings) [number] = #name,
    TR_RECORD_TYPES(TYPE_NAME)
#undef TYPE_NAME
};

#define TYPE_BIT(number, constant, name, meanings) | UINT64_C(1) << (number)
_Static_assert((UINT64_C(0) TR_RECORD_TYPES(TYPE_BIT)) == (UINT64_C(1) << TR_RECORD_TYPE_COUNT) - 1,
               "record types are numbered from 0, without gaps");
#undef TYPE_BIT
_Static_assert(TR_RECORD_TYPE_COUNT <= 32, "sets of record types are masks of 32 bits");

const char *tr_record_type_name(unsigned type) {
    return type < TR_RECORD_TYPE_COUNT ? type_names[type] : NULL;
}

int tr_record_type_from_name(const char *name, size_t length) {
    for (int type = 0; type < TR_RECORD_TYPE_COUNT; type++) {
        if (strlen(type_names[type]) == length && memcmp(type_names[type], name, length) == 0) {
            return type;
        }
    }
    return -1;
}

bool tr_record_type_has(unsigned type, tr_record_meaning meaning) {
    return type < TR_RECORD_TYPE_COUNT && tr_view_type_has(type, meaning);
}

static tr_defect find_defect(const uint8_t *bytes, size_t available_bytes) {
    if (available_bytes < 4) {
        return (tr_defect){TR_DEFECT_TOO_SMALL, TR_RECORD_MIN_BYTES, available_bytes};
    }
    uint32_t length = tr_load_u32(bytes + TR_OFFSET_LENGTH);
    if (length < TR_RECORD_MIN_BYTES) {
        return (tr_defect){TR_DEFECT_LENGTH, TR_RECORD_MIN_BYTES, length};
    }
    if (available_bytes < TR_RECORD_MIN_BYTES) {
        return (tr_defect){TR_DEFECT_TOO_SMALL, TR_RECORD_MIN_BYTES, available_bytes};
    }
    if (length > available_bytes) {
        return (tr_defect){TR_DEFECT_TRUNCATED, length, available_bytes};
    }
    if (bytes[TR_OFFSET_TYPE] >= TR_RECORD_TYPE_COUNT) {
        return (tr_defect){TR_DEFECT_UNKNOWN_TYPE, TR_RECORD_TYPE_COUNT - 1, bytes[TR_OFFSET_TYPE]};
    }
    uint32_t room = length - TR_RECORD_MIN_BYTES;
    uint32_t error_length = tr_load_u32(bytes + TR_OFFSET_ERROR_LENGTH);
    if (error_length > room) {
        return (tr_defect){TR_DEFECT_TEXT_LENGTH, room, error_length};
    }
    uint32_t metadata_length = tr_load_u32(bytes + TR_OFFSET_ERROR + error_length);
    if (metadata_length > room - error_length) {
        return (tr_defect){TR_DEFECT_TEXT_LENGTH, room - error_length, metadata_length};
    }
    return (tr_defect){TR_DEFECT_CRC, tr_load_u32(bytes + TR_OFFSET_CRC), tr_record_crc(bytes, length)};
}

tr_status tr_record_decode(const uint8_t *bytes, size_t available_bytes, tr_record *record, tr_defect *defect) {
    tr_record candidate;
    if (tr_record_is_plausible(bytes, available_bytes, &candidate) && tr_record_crc_matches(&candidate)) {
        *record = candidate;
        return TR_OK;
    }
    *defect = find_defect(bytes, available_bytes);
    return TR_ERROR_INVALID;
}

size_t tr_defect_describe(const tr_defect *defect, char *out, size_t capacity_bytes) {
    /* Each format takes expected, then found. */
    static const char *const formats[] = {
        [TR_DEFECT_NONE] = "nothing is wrong",
        [TR_DEFECT_TOO_SMALL] = "too small: a record is at least %" PRIu64 " bytes, only %" PRIu64 " are there",
        [TR_DEFECT_LENGTH] = "total_len too small: expected at least %" PRIu64 ", found %" PRIu64,
        [TR_DEFECT_TRUNCATED] = "truncated: expected %" PRIu64 " bytes, got %" PRIu64,
        [TR_DEFECT_UNKNOWN_TYPE] = "unknown type: expected at most %" PRIu64 ", found %" PRIu64,
        [TR_DEFECT_TEXT_LENGTH] = "a text does not fit its record: expected at most %" PRIu64 " bytes, found %" PRIu64,
        [TR_DEFECT_CRC] = "CRC mismatch: expected %08" PRIx64 ", got %08" PRIx64,
    };
    int length = snprintf(out, capacity_bytes, formats[defect->code], defect->expected, defect->found);
    if (length < 0 || capacity_bytes == 0) {
        return 0;
    }
    return (size_t)length < capacity_bytes ? (size_t)length : capacity_bytes - 1;
}

tr_record_type tr_record_type_of(const tr_record *record) {
    return (tr_record_type)tr_view_type(record);
}

const uint8_t *tr_record_trace_id(const tr_record *record) {
    return tr_view_trace_id(record);
}

#define DEFINE_NUMBER(name, type, offset, bits)                                                                        \
    type tr_record_##name(const tr_record *record) {                                                                   \
        return tr_view_##name(record);                                                                                 \
    }
TR_RECORD_NUMBERS(DEFINE_NUMBER)
#undef DEFINE_NUMBER

tr_text tr_record_error_message(const tr_record *record) {
    return tr_view_error_message(record);
}

tr_text tr_record_metadata(const tr_record *record) {
    return tr_view_metadata(record);
}

tr_text tr_record_extra(const tr_record *record) {
    uint32_t known = TR_RECORD_MIN_BYTES + record->error_length_bytes + record->metadata_length_bytes;
    return (tr_text){(const char *)record->bytes + known, record->length_bytes - known};
}

void tr_record_unpack(const tr_record *record, tr_record_fields *fields) {
    fields->type = tr_record_type_of(record);
    memcpy(fields->trace_id, tr_view_trace_id(record), TR_TRACE_ID_BYTES);
#define UNPACK_NUMBER(name, type, offset, bits) fields->name = tr_view_##name(record);
    TR_RECORD_NUMBERS(UNPACK_NUMBER)
#undef UNPACK_NUMBER
    fields->error_message = tr_record_error_message(record);
    fields->metadata = tr_record_metadata(record);
    fields->extra = tr_record_extra(record);
}

size_t tr_record_encoded_bytes(const tr_record_fields *fields) {
    uint64_t length = (uint64_t)TR_RECORD_MIN_BYTES + fields->error_message.length_bytes +
                      fields->metadata.length_bytes + fields->extra.length_bytes;
    return length <= UINT32_MAX ? (size_t)length : 0;
}

static uint8_t *put_bytes(uint8_t *out, tr_text text) {
    if (text.length_bytes > 0) { /* an absent text's pointer may be NULL, which memcpy does not allow */
        memcpy(out, text.bytes, text.length_bytes);
    }
    return out + text.length_bytes;
}

tr_status tr_record_encode(const tr_record_fields *fields, uint8_t *out, size_t capacity_bytes) {
    size_t length = tr_record_encoded_bytes(fields);
    if (length == 0 || length > capacity_bytes || (unsigned)fields->type >= TR_RECORD_TYPE_COUNT) {
        return TR_ERROR_ARGUMENT;
    }
    tr_store_u32(out + TR_OFFSET_LENGTH, (uint32_t)length);
    out[TR_OFFSET_TYPE] = (uint8_t)fields->type;
    memcpy(out + TR_OFFSET_TRACE_ID, fields->trace_id, TR_TRACE_ID_BYTES);
#define ENCODE_NUMBER(name, type, offset, bits) tr_store_u##bits(out + (offset), fields->name);
    TR_RECORD_NUMBERS(ENCODE_NUMBER)
#undef ENCODE_NUMBER
    tr_store_u32(out + TR_OFFSET_ERROR_LENGTH, fields->error_message.length_bytes);
    uint8_t *rest = put_bytes(out + TR_OFFSET_ERROR, fields->error_message);
    tr_store_u32(rest, fields->metadata.length_bytes);
    rest = put_bytes(rest + 4, fields->metadata);
    put_bytes(rest, fields->extra);
    tr_store_u32(out + TR_OFFSET_CRC, tr_record_crc(out, (uint32_t)length));
    return TR_OK;
}

/* Whether the text form has a hyphen before this byte of the id. */
static bool hyphen_before(int byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void tr_trace_id_format(const uint8_t id[TR_TRACE_ID_BYTES], char *out) {
    char digits[2 * TR_TRACE_ID_BYTES];
    for (int i = 0; i < TR_TRACE_ID_BYTES; i += 4) {
        tr_put_hexadecimal(digits + (ptrdiff_t)2 * i, id + i);
    }
    memcpy(out, digits, 8);
    out[8] = '-';
    memcpy(out + 9, digits + 8, 4);
    out[13] = '-';
    memcpy(out + 14, digits + 12, 4);
    out[18] = '-';
    memcpy(out + 19, digits + 16, 4);
    out[23] = '-';
    memcpy(out + 24, digits + 20, 12);
    out[36] = '\0';
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tr_trace_id_parse(const char *text, size_t length, uint8_t id[TR_TRACE_ID_BYTES]) {
    bool hyphens = length == TR_TRACE_ID_TEXT_BYTES - 1;
    if (!hyphens && length != 2 * TR_TRACE_ID_BYTES) {
        return false;
    }
    uint8_t parsed[TR_TRACE_ID_BYTES];
    for (int i = 0; i < TR_TRACE_ID_BYTES; i++) {
        if (hyphens && hyphen_before(i) && *text++ != '-') {
            return false;
        }
        int high = hex_value(text[0]);
        int low = hex_value(text[1]);
        if (high < 0 || low < 0) {
            return false;
        }
        parsed[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    memcpy(id, parsed, sizeof parsed);
    return true;
}
