/* Records that tracereel itself wrote into a log: those of plans that were applied, or undone. */
#ifndef TRACEREEL_PROVENANCE_H
#define TRACEREEL_PROVENANCE_H

#include <stdbool.h>

#include "tracereel/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether tracereel wrote the record: its metadata is a JSON object with a top-level key "tracereel". Takes no memory,
 * and time in proportion to the metadata; none where there is no metadata. */
bool tr_record_is_by_tracereel(const tr_record *record);

#ifdef __cplusplus
}
#endif
#endif
