/* A span of OTLP/JSON, read from its text where it is plain. */
#ifndef TRACEREEL_OTLP_SPAN_H
#define TRACEREEL_OTLP_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/record.h"
#include "json/json_reader.h"

typedef enum tr_otlp_value_type {
    TR_OTLP_TEXT,
    TR_OTLP_INTEGER,
    TR_OTLP_DOUBLE,
    TR_OTLP_FLAG,
    TR_OTLP_OTHER /* nested, bytes, or none of what is plain */
} tr_otlp_value_type;

enum { TR_OTLP_MAX_DIGITS = 63 };

typedef struct tr_otlp_attribute {
    tr_text key;
    tr_otlp_value_type type;
    tr_text text; /* of a double its digits, at most TR_OTLP_MAX_DIGITS */
    int64_t integer;
    bool flag;
} tr_otlp_attribute;

/* All zero is an empty list. Its texts are valid as long as the JSON is, and until the list is read anew. */
typedef struct tr_otlp_attributes {
    tr_otlp_attribute *list;
    size_t count;
    size_t capacity;
    char *unescaped; /* texts that were written with escapes */
    size_t unescaped_bytes;
    size_t unescaped_capacity_bytes;
} tr_otlp_attributes;

typedef struct tr_otlp_span {
    uint8_t trace_id[TR_TRACE_ID_BYTES];
    bool is_root;
    bool is_error;
    tr_text name;
    tr_text message; /* of an error; empty where it has none */
    uint64_t start_ns;
    uint64_t end_ns;
    tr_otlp_attributes attributes; /* in the order of their keys, each once */
} tr_otlp_span;

/* Reads the object that comes next. False where it is not plain, and the reader is anywhere in it then. Plain is a span
 * with a trace id of 32 hexadecimal digits, a name, a start, and an end that is not before it, whose texts need no
 * mending (UTF-8; the name without control characters), whose attributes are texts, numbers and booleans, and which has
 * no events and no links. A span is read anew each time: all zero is the first. */
bool tr_otlp_span_read(tr_json_reader *reader, tr_otlp_span *span);

/* Reads the list of attributes that comes next, in its order. False where it is not one of objects, each with a key
 * once, or for want of memory; the reader is anywhere in it then. */
bool tr_otlp_attributes_read(tr_json_reader *reader, tr_otlp_attributes *attributes);

void tr_otlp_attributes_free(tr_otlp_attributes *attributes);

/* Has a text been written with escapes? */
bool tr_otlp_has_escapes(tr_text raw);

#endif
