/* Space for more bytes than fit in memory: an unlinked temporary file (in $TMPDIR, or /tmp), mapped, which only grows.
 */
#ifndef TRACEREEL_SPOOL_H
#define TRACEREEL_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "tracereel/status.h"

typedef struct tr_spool {
    uint8_t *bytes; /* moves when the spool grows: keep offsets, not pointers */
    uint64_t length_bytes;
    uint64_t capacity_bytes;
    int file; /* -1 while none is open */
} tr_spool;

/* On failure the spool is empty; closing it is allowed. */
tr_status tr_spool_open(tr_spool *spool, tr_error *error);

/* Reserves `length_bytes` more, zeroed and aligned to 8 bytes, at `*offset`. The disk space is allocated at once, so
 * that a full disk is an error here and not later. On failure nothing has changed. */
tr_status tr_spool_reserve(tr_spool *spool, uint64_t length_bytes, uint64_t *offset, tr_error *error);

/* Writes over bytes that were reserved, without bringing them into memory: for what is not looked at soon. */
tr_status tr_spool_write(const tr_spool *spool, uint64_t offset, const uint8_t *bytes, size_t length, tr_error *error);

void tr_spool_close(tr_spool *spool);

#endif
