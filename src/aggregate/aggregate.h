/* What is known of each group of records: how many there are, a sum, a histogram, or the rows that come first or last
 * in the order of their values. None of it depends on the order in which records are added, except the order of groups.
 */
#ifndef TRACEREEL_AGGREGATE_H
#define TRACEREEL_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/group_table.h"
#include "aggregate/packed.h"
#include "tracereel/histogram.h"
#include "tracereel/status.h"

typedef enum tr_aggregate_kind {
    TR_AGGREGATE_COUNT,
    TR_AGGREGATE_SUM, /* wraps around, as Lua's integers do */
    TR_AGGREGATE_HISTOGRAM,
    TR_AGGREGATE_FIRST, /* rows: the smallest come first */
    TR_AGGREGATE_LAST   /* rows: the largest come first */
} tr_aggregate_kind;

typedef struct tr_aggregate_rows {
    uint32_t count;
    uint32_t capacity;
    uint64_t *rows[]; /* packed lists, in order; equal ones in the order in which they came */
} tr_aggregate_rows;

/* All zero but `kind` and, of rows, the two limits is an empty one. Members are private, except `table.groups`: the
 * value of each group is a `number` of counts and sums, a tr_histogram, or tr_aggregate_rows. */
typedef struct tr_aggregate {
    tr_aggregate_kind kind;
    uint32_t row_values; /* in each row */
    uint32_t max_rows;   /* of a group, at least 1 */
    size_t object_bytes; /* of histograms and rows */
    tr_group_table table;
} tr_aggregate;

/* Adds a record's key, and its value, which counts ignore. Not for rows. Returns TR_OK or TR_ERROR_MEMORY: then the
 * group may be there, without this record. */
tr_status tr_aggregate_add(tr_aggregate *aggregate, const tr_packed *key, uint64_t value);
/* The same for rows. */
tr_status tr_aggregate_add_row(tr_aggregate *aggregate, const tr_packed *key, const tr_packed *row);

static inline size_t tr_aggregate_memory_bytes(const tr_aggregate *aggregate) {
    return tr_group_table_memory_bytes(&aggregate->table) + aggregate->object_bytes;
}

void tr_aggregate_free(tr_aggregate *aggregate);

#endif
