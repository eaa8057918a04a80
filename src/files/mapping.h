/* A mapped file whose bytes stay readable when the file does not.
 *
 * If a mapped file is truncated, or its disk fails, touching a lost page kills the process (SIGBUS). The first mapping
 * installs a handler that replaces a lost page of ours with zeros, and passes every other SIGBUS to the previous
 * handler. The reader then finds bytes that are no record, asks for the file's size, and sees what happened. */
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

/* Maps the first `length_bytes` bytes of a file for reading, replacing what `mapping` held. The length may exceed the
 * file's, for a file that is going to grow. Returns TR_OK, TR_ERROR_IO or TR_ERROR_MEMORY; on failure `mapping` is
 * unchanged. */
tr_status tr_mapping_set(tr_mapping *mapping, int file, size_t length_bytes, const char *name, tr_error *error);
/* Whether a page was lost since the file was mapped. */
bool tr_mapping_lost_a_page(const tr_mapping *mapping);
void tr_mapping_clear(tr_mapping *mapping);

#endif
