/* Reading JSON from front to back: no memory is taken, integers of 64 bits are exact, and whatever is wrong is said
 * with its offset.
 *
 * The first thing that is wrong is noted in `status` and `error`, and everything that is read after it answers false:
 * so only the end has to ask. */
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

/* Begins to read `length` bytes that stand at `begin_offset` of what messages will tell of. */
tr_json_reader tr_json_reader_begin(const char *text, size_t length, size_t begin_offset, tr_error *error);

/* Enters an object or an array; next_member and next_element then tell what comes, and leave it at its end with false.
 * Each member and element that was told of has to be read, or skipped. */
bool tr_json_reader_enter_object(tr_json_reader *reader);
bool tr_json_reader_enter_array(tr_json_reader *reader);
/* `name` is as it stands in the text, escapes included. */
bool tr_json_reader_next_member(tr_json_reader *reader, tr_text *name);
bool tr_json_reader_next_element(tr_json_reader *reader);

/* The first byte of the next value, which is not taken: one of {["tfn-0123456789 in sound JSON. 0 at the end
 * and after a failure. */
char tr_json_reader_peek(tr_json_reader *reader);

/* Values. `*value` is not changed where the answer is false. */
bool tr_json_reader_unsigned(tr_json_reader *reader, uint64_t maximum, uint64_t *value);
/* Any number: `*digits` is how it is written. */
bool tr_json_reader_number(tr_json_reader *reader, tr_text *digits);
/* True, and passes over it, where the next value is that word: null, true or false. */
bool tr_json_reader_word(tr_json_reader *reader, const char *word);
/* Writes the text without its escapes to `out`, which has room for as many bytes as are left to be read. */
bool tr_json_reader_text(tr_json_reader *reader, char *out, uint32_t *length_bytes);
/* The same for the name of a member that next_member has told of. */
bool tr_json_reader_unescape(tr_json_reader *reader, tr_text raw, char *out, uint32_t *length_bytes);
/* Passes over any value that is not nested too deeply. */
void tr_json_reader_skip(tr_json_reader *reader);

/* Nothing but blanks may be left. */
void tr_json_reader_finish(tr_json_reader *reader);

/* Notes that what stands at the reader's place is wrong. */
__attribute__((format(printf, 2, 3))) void tr_json_reader_fail(tr_json_reader *reader, const char *format, ...);

#endif
