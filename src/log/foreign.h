/* Recognizes a file that is no log: it has no record, and does not begin like one that a crash left either. */
#ifndef TRACEREEL_FOREIGN_H
#define TRACEREEL_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a segment without any valid record looks like. */
typedef enum tr_look {
    TR_LOOK_LOG,     /* it begins like a record, or like what a failing disk leaves of one: a torn or damaged log */
    TR_LOOK_KNOWN,   /* a known kind of file */
    TR_LOOK_UNKNOWN, /* no log, and no known kind of file */
} tr_look;

/* What the file is, and what to do with it. Constant texts. */
typedef struct tr_foreign {
    const char *what;
    const char *advice;
} tr_foreign;

/* Judges the `length` bytes (at least one) of a segment without a valid record. Fills `*foreign` unless the result is
 * TR_LOOK_LOG. Rule: docs/damage.md. */
tr_look tr_foreign_look(const uint8_t *bytes, size_t length, tr_foreign *foreign);

/* What kind of data begins with these bytes, by its magic number; NULL if it has none. */
const tr_foreign *tr_foreign_format(const uint8_t *bytes, size_t length);

#endif
