/* Reads JSON from front to back: allocates nothing, keeps 64-bit integers exact, and reports errors with their offset.
 *
 * The first error is stored in `status` and `error`, and every later call returns false: so callers need to check only
 * at the end. */
#ifndef TRACEREEL_JSON_READER_H
#define TRACEREEL_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/record.h"

typedef struct tr_json_reader {
    const char *begin;
    const char *at;
    const char *end;
    size_t begin_offset; /* of `begin`, for messages */
    bool is_first;       /* no comma comes before the next member or element */
    tr_error *error;     /* may be NULL */
    tr_status status;    /* TR_OK or TR_ERROR_INVALID */
} tr_json_reader;

/* Begins to read `length` bytes, which are at `begin_offset` of what messages refer to. */
tr_json_reader tr_json_reader_begin(const char *text, size_t length, size_t begin_offset, tr_error *error);

/* Enters an object or an array. next_member and next_element then step through it, and leave it at its end, returning
 * false. Read or skip the value of each member and each element. */
bool tr_json_reader_enter_object(tr_json_reader *reader);
bool tr_json_reader_enter_array(tr_json_reader *reader);
/* `name` is as written, escapes included. */
bool tr_json_reader_next_member(tr_json_reader *reader, tr_text *name);
bool tr_json_reader_next_element(tr_json_reader *reader);

/* The first byte of the next value, without consuming it: one of {["tfn-0123456789 in valid JSON. 0 at the end and
 * after a failure. */
char tr_json_reader_peek(tr_json_reader *reader);

/* Values. On false `*value` is unchanged. */
bool tr_json_reader_unsigned(tr_json_reader *reader, uint64_t maximum, uint64_t *value);
/* Any number: `*digits` is its text. */
bool tr_json_reader_number(tr_json_reader *reader, tr_text *digits);
/* If the next value is that word (null, true or false), skips it and returns true. */
bool tr_json_reader_word(tr_json_reader *reader, const char *word);
/* Writes the unescaped text to `out`, which has room for as many bytes as are left to read. */
bool tr_json_reader_text(tr_json_reader *reader, char *out, uint32_t *length_bytes);
/* The text as it is written, escapes included. */
bool tr_json_reader_raw_text(tr_json_reader *reader, tr_text *raw);
/* Unescapes such a text, or the name of a member that next_member returned, in the same way. */
bool tr_json_reader_unescape(tr_json_reader *reader, tr_text raw, char *out, uint32_t *length_bytes);
/* Skips any value that is not nested too deeply. Escapes in its texts are not looked at. */
void tr_json_reader_skip(tr_json_reader *reader);
/* Are all escapes in this part of a JSON text ones that JSON knows? */
bool tr_json_has_known_escapes(const char *text, size_t length);

/* Fails unless only whitespace is left. */
void tr_json_reader_finish(tr_json_reader *reader);

/* Reports an error at the reader's position. */
__attribute__((format(printf, 2, 3))) void tr_json_reader_fail(tr_json_reader *reader, const char *format, ...);

#endif
