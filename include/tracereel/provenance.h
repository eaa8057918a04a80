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

/* The same, and what stands under that key: JSON, as it is in the metadata. `*value` points into the record, and is not
 * changed where the answer is false. Of two such keys the last counts. */
bool tr_record_provenance(const tr_record *record, tr_text *value);

#ifdef __cplusplus
}
#endif
#endif
