/* Records that tracereel itself wrote into a log, when a plan was applied or undone. */
#ifndef TRACEREEL_PROVENANCE_H
#define TRACEREEL_PROVENANCE_H

#include <stdbool.h>

#include "tracereel/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether tracereel wrote the record: its metadata is a JSON object with a top-level key "tracereel". Allocates
 * nothing; takes time linear in the length of the metadata. */
bool tr_record_is_by_tracereel(const tr_record *record);

/* The same, and the value under that key: JSON, as it is in the metadata. `*value` points into the record, and is
 * unchanged if the result is false. If the key occurs twice, the last one counts. */
bool tr_record_provenance(const tr_record *record, tr_text *value);

#ifdef __cplusplus
}
#endif
#endif
