/* A file's bytes in memory that stay readable when the file does not.
 *
 * A mapped file that somebody truncates, or whose disk fails, kills the process that touches the lost page (SIGBUS).
 * The first mapping installs a handler that puts a page of zeros in the place of a lost page of ours, and hands every
 * other SIGBUS to whoever handled it before. The reader then meets bytes that are no record, asks the file for its
 * size, and sees what happened. */
#ifndef TRACEREEL_MAPPING_H
#define TRACEREEL_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

typedef struct tr_mapping {
    const uint8_t *bytes; /* NULL when nothing is mapped */
    size_t length_bytes;
    int slot;
} tr_mapping;

/* Maps the first `length_bytes` bytes of a file for reading, in place of what `mapping` held (which is kept when this
 * fails). The length may reach past the file's end, for a file that is going to grow. TR_OK, TR_ERROR_IO or
 * TR_ERROR_MEMORY. */
tr_status tr_mapping_set(tr_mapping *mapping, int file, size_t length_bytes, const char *name, tr_error *error);
/* Whether a page was lost since it was mapped. */
bool tr_mapping_lost_a_page(const tr_mapping *mapping);
void tr_mapping_clear(tr_mapping *mapping);

#endif
