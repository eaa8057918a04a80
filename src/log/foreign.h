/* A file that is no log: nothing in it is a record, and its beginning is not what a crash leaves of one either. */
#ifndef TRACEREEL_FOREIGN_H
#define TRACEREEL_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a segment without any valid record looks like. */
typedef enum tr_look {
    TR_LOOK_LOG,     /* it begins as a record does, or as a disk leaves one: a log that was torn or damaged */
    TR_LOOK_KNOWN,   /* it is something that can be named */
    TR_LOOK_UNKNOWN, /* it is no log, and nothing that can be named */
} tr_look;

/* What it is, and what to do with it: constant texts. */
typedef struct tr_foreign {
    const char *what;
    const char *advice;
} tr_foreign;

/* Judges the `length` bytes (at least one) of a segment that holds no valid record. `*foreign` is filled where the
 * answer is not TR_LOOK_LOG. Rule: docs/damage.md. */
tr_look tr_foreign_look(const uint8_t *bytes, size_t length, tr_foreign *foreign);

/* What data that begins with these bytes is, where they name it by a magic number; NULL where they do not. */
const tr_foreign *tr_foreign_format(const uint8_t *bytes, size_t length);

#endif
