/* The id of a trace that another engine names by a text. */
#ifndef TRACEREEL_TRACE_TEXT_H
#define TRACEREEL_TRACE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "tracereel/record.h"

/* A text that is a UUID (36 characters with hyphens, or 32 hexadecimal digits) is that UUID; any other text has the
 * UUID of version 5 of that text in the namespace of tracereel, which is the UUID of version 5 of "tracereel" in the
 * namespace of DNS names. */
void tr_trace_id_of_text(const char *text, size_t length, uint8_t id[TR_TRACE_ID_BYTES]);

#endif
