/* The name of a segment's file: wal_%016x.log, or .log.gz where its owner compressed it. */
#ifndef TRACEREEL_SEGMENT_NAME_H
#define TRACEREEL_SEGMENT_NAME_H

#include <stdbool.h>
#include <stdint.h>

enum { TR_SEGMENT_NAME_BYTES = sizeof "wal_0123456789abcdef.log" };

typedef struct tr_segment_name {
    uint64_t sequence;
    bool compressed;
} tr_segment_name;

/* Accepts any number of hex digits, either case, whose value fits 64 bits. False: the name is not a segment's, and
 * `parsed` is not changed. */
bool tr_segment_name_parse(const char *name, tr_segment_name *parsed);

/* The name that the engine gives a (plain) segment. `out` holds TR_SEGMENT_NAME_BYTES. */
void tr_segment_name_format(uint64_t sequence, char *out);

#endif
