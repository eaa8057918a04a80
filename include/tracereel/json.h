/* Writing JSON: exact 64-bit integers, always valid UTF-8, control bytes escaped.
 *
 * The writer adds commas and colons itself. It never fails halfway: when memory runs out it remembers that and ignores
 * what follows; tr_json_status reports it. It writes one value at a time: reset it before the next. */
#ifndef TRACEREEL_JSON_H
#define TRACEREEL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tr_json {
    char *bytes; /* owned; not zero-terminated */
    size_t length_bytes;
    size_t capacity_bytes;
    bool needs_comma;
    bool out_of_memory;
} tr_json;

void tr_json_init(tr_json *json);
void tr_json_free(tr_json *json);
/* Empties it and keeps its memory, for the next value. */
void tr_json_reset(tr_json *json);
/* Returns TR_OK or TR_ERROR_MEMORY. */
tr_status tr_json_status(const tr_json *json);

void tr_json_begin_object(tr_json *json);
void tr_json_end_object(tr_json *json);
void tr_json_begin_array(tr_json *json);
void tr_json_end_array(tr_json *json);
void tr_json_key(tr_json *json, const char *name); /* a literal that needs no escaping */
void tr_json_key_text(tr_json *json, const char *bytes, size_t length);
void tr_json_unsigned(tr_json *json, uint64_t value);
void tr_json_signed(tr_json *json, int64_t value);
/* Writes the shortest form that reads back to the same double, always with a fraction or an exponent (1.0, 1e+20),
 * independent of the locale; null for what JSON cannot express (infinities, NaN). */
void tr_json_double(tr_json *json, double value);
void tr_json_bool(tr_json *json, bool value);
void tr_json_null(tr_json *json);
/* Replaces bytes that are not UTF-8 with U+FFFD, one for each maximal subpart (as the Unicode standard recommends). */
void tr_json_text(tr_json *json, const char *bytes, size_t length);
void tr_json_trace_id(tr_json *json, const uint8_t id[TR_TRACE_ID_BYTES]);
/* An object with the ten keys of a record: error_message, iteration, metadata, node_id, output_offset, output_size,
 * schema_hash, timestamp_ns, trace_id, type. An absent text is null. */
void tr_json_record(tr_json *json, const tr_record *record);

#ifdef __cplusplus
}
#endif
#endif
