/* One record of XERV's write-ahead log: decoding and encoding.
 *
 * A tr_record is a view: it points into bytes that somebody else owns and is valid as long as they are. Fields are
 * decoded on access. Nothing here knows about files. */
#ifndef TRACEREEL_RECORD_H
#define TRACEREEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which fields of a record mean something, besides its type and its time. X(bit, C name, name). */
#define TR_RECORD_MEANINGS(X)                                                                                          \
    X(0, TRACE, trace)   /* trace_id: it belongs to a trace */                                                         \
    X(1, NODE, node)     /* node_id */                                                                                 \
    X(2, OUTPUT, output) /* output_offset, output_size, schema_hash */                                                 \
    X(3, ITERATION, iteration)                                                                                         \
    X(4, MESSAGE, message) /* error_message */                                                                         \
    X(5, METADATA, metadata)

typedef enum tr_record_meaning {
#define TR_RECORD_MEANING_ENUM(bit, constant, name) TR_HAS_##constant = 1 << (bit),
    TR_RECORD_MEANINGS(TR_RECORD_MEANING_ENUM)
#undef TR_RECORD_MEANING_ENUM
} tr_record_meaning;

/* The table of record types, from which everything else that knows them is derived: X(number on disk, C name, name that
 * users see, which fields mean something). Numbers start at 0, without gaps. A new type also needs a row in
 * src/trace/transition_rules.h; see "A record type" in docs/development.md. */
#define TR_RECORD_TYPES(X)                                                                                             \
    X(0, TRACE_START, trace_start, TR_HAS_TRACE | TR_HAS_METADATA)                                                     \
    X(1, NODE_START, node_start, TR_HAS_TRACE | TR_HAS_NODE)                                                           \
    X(2, NODE_DONE, node_done, TR_HAS_TRACE | TR_HAS_NODE | TR_HAS_OUTPUT)                                             \
    X(3, NODE_ERROR, node_error, TR_HAS_TRACE | TR_HAS_NODE | TR_HAS_MESSAGE)                                          \
    X(4, TRACE_COMPLETE, trace_complete, TR_HAS_TRACE)                                                                 \
    X(5, TRACE_FAILED, trace_failed, TR_HAS_TRACE | TR_HAS_MESSAGE)                                                    \
    X(6, TRACE_SUSPENDED, trace_suspended, TR_HAS_TRACE | TR_HAS_NODE | TR_HAS_METADATA)                               \
    X(7, TRACE_RESUMED, trace_resumed, TR_HAS_TRACE)                                                                   \
    X(8, CHECKPOINT, checkpoint, TR_HAS_METADATA)                                                                      \
    X(9, LOOP_ITERATION, loop_iteration, TR_HAS_TRACE | TR_HAS_NODE | TR_HAS_ITERATION)                                \
    X(10, LOOP_EXIT, loop_exit, TR_HAS_TRACE | TR_HAS_NODE | TR_HAS_ITERATION)

typedef enum tr_record_type {
#define TR_RECORD_TYPE_ENUM(number, constant, name, meanings) TR_TYPE_##constant = (number),
    TR_RECORD_TYPES(TR_RECORD_TYPE_ENUM)
#undef TR_RECORD_TYPE_ENUM
} tr_record_type;

enum {
#define TR_RECORD_TYPE_ONE(number, constant, name, meanings) +1
    TR_RECORD_TYPE_COUNT = 0 TR_RECORD_TYPES(TR_RECORD_TYPE_ONE),
#undef TR_RECORD_TYPE_ONE
    TR_RECORD_MIN_BYTES = 69, /* a record with neither text */
    TR_TRACE_ID_BYTES = 16,
    TR_TRACE_ID_TEXT_BYTES = 37 /* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" and the final zero */
};

/* Bytes that are usually UTF-8, not zero-terminated. An absent text has length 0; do not read `bytes` then. */
typedef struct tr_text {
    const char *bytes;
    uint32_t length_bytes;
} tr_text;

/* The fixed fields after the header: X(name, C type, offset in the record, bits). */
#define TR_RECORD_NUMBERS(X)                                                                                           \
    X(node_id, uint32_t, 25, 32)                                                                                       \
    X(timestamp_ns, uint64_t, 29, 64)                                                                                  \
    X(output_offset, uint64_t, 37, 64)                                                                                 \
    X(output_size, uint32_t, 45, 32)                                                                                   \
    X(schema_hash, uint64_t, 49, 64)                                                                                   \
    X(iteration, uint32_t, 57, 32)

/* A valid record. Only tr_record_decode and tr_log_next make one: the lengths here were checked against the bytes. */
typedef struct tr_record {
    const uint8_t *bytes; /* the whole record, header included; not owned */
    uint32_t length_bytes;
    uint32_t error_length_bytes;
    uint32_t metadata_length_bytes;
} tr_record;

/* Why bytes are not a record. `expected` and `found` are lengths in bytes, CRCs or type numbers, depending on the code.
 */
typedef enum tr_defect_code {
    TR_DEFECT_NONE,
    TR_DEFECT_TOO_SMALL,    /* fewer bytes than the smallest record: expected 69, found the bytes available */
    TR_DEFECT_LENGTH,       /* total_len below 69: expected 69, found total_len */
    TR_DEFECT_TRUNCATED,    /* total_len runs past the end: expected total_len, found the bytes available */
    TR_DEFECT_UNKNOWN_TYPE, /* expected the largest known type, found the type */
    TR_DEFECT_TEXT_LENGTH,  /* error_len or metadata_len does not fit: expected the largest that fits, found the length
                             */
    TR_DEFECT_CRC           /* expected: stored in the record; found: computed from its bytes */
} tr_defect_code;

typedef struct tr_defect {
    tr_defect_code code;
    uint64_t expected;
    uint64_t found;
} tr_defect;

/* Decodes the record at the start of `bytes`, of which `available_bytes` may be read. TR_OK: `record` views it (it may
 * be shorter than what is available). TR_ERROR_INVALID: `defect` says why, and `record` is unchanged. */
tr_status tr_record_decode(const uint8_t *bytes, size_t available_bytes, tr_record *record, tr_defect *defect);

/* Writes one sentence about a defect into `out` (always zero-terminated if capacity_bytes > 0). Returns its length. */
size_t tr_defect_describe(const tr_defect *defect, char *out, size_t capacity_bytes);

tr_record_type tr_record_type_of(const tr_record *record);
const uint8_t *tr_record_trace_id(const tr_record *record); /* 16 bytes inside the record */

/* tr_record_node_id, tr_record_timestamp_ns, tr_record_output_offset, tr_record_output_size, tr_record_schema_hash,
 * tr_record_iteration. */
#define TR_RECORD_NUMBER_DECLARE(name, type, offset, bits) type tr_record_##name(const tr_record *record);
TR_RECORD_NUMBERS(TR_RECORD_NUMBER_DECLARE)
#undef TR_RECORD_NUMBER_DECLARE

tr_text tr_record_error_message(const tr_record *record);
tr_text tr_record_metadata(const tr_record *record);
/* What a later version of the format put after the metadata; length 0 in all records known today. */
tr_text tr_record_extra(const tr_record *record);

/* The fields of a record as values, to encode one from. Texts are borrowed for the call. */
typedef struct tr_record_fields {
    tr_record_type type;
    uint8_t trace_id[TR_TRACE_ID_BYTES];
#define TR_RECORD_NUMBER_MEMBER(name, ctype, offset, bits) ctype name;
    TR_RECORD_NUMBERS(TR_RECORD_NUMBER_MEMBER)
#undef TR_RECORD_NUMBER_MEMBER
    tr_text error_message;
    tr_text metadata;
    tr_text extra;
} tr_record_fields;

/* Decodes all fields of a record; the texts point into the record's bytes. */
void tr_record_unpack(const tr_record *record, tr_record_fields *fields);

/* How many bytes the encoded record takes; 0 if the texts are so long that the length does not fit in 32 bits. */
size_t tr_record_encoded_bytes(const tr_record_fields *fields);

/* Encodes the record. TR_OK: exactly tr_record_encoded_bytes() bytes of `out` were written. TR_ERROR_ARGUMENT: it does
 * not fit, or its type does not exist; nothing was written. */
tr_status tr_record_encode(const tr_record_fields *fields, uint8_t *out, size_t capacity_bytes);

/* For example "node_done"; NULL for a number that is not a type. */
const char *tr_record_type_name(unsigned type);
/* The type with the name of `length` bytes, or -1. */
int tr_record_type_from_name(const char *name, size_t length);
/* Whether records of that type have that field; false for a number that is not a type. */
bool tr_record_type_has(unsigned type, tr_record_meaning meaning);

/* Writes the usual text form, lower case. `out` has room for TR_TRACE_ID_TEXT_BYTES. */
void tr_trace_id_format(const uint8_t id[TR_TRACE_ID_BYTES], char *out);
/* Accepts the usual form and 32 bare hex digits, in either case. Returns false for anything else; `id` is then
 * unchanged. */
bool tr_trace_id_parse(const char *text, size_t length, uint8_t id[TR_TRACE_ID_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
