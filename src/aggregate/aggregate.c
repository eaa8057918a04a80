#include "aggregate/aggregate.h"

#include <stdlib.h>
#include <string.h>

static bool has_rows(const tr_aggregate *aggregate) {
    return aggregate->kind == TR_AGGREGATE_FIRST || aggregate->kind == TR_AGGREGATE_LAST;
}

/* ---- counts, sums and histograms ---- */

static tr_status add_to_histogram(tr_aggregate *aggregate, tr_group *group, uint64_t value) {
    if (group->value.object == NULL) {
        group->value.object = tr_histogram_new();
        if (group->value.object == NULL) {
            return TR_ERROR_MEMORY;
        }
        aggregate->object_bytes += tr_histogram_memory_bytes(group->value.object);
    }
    tr_histogram *histogram = group->value.object;
    size_t bytes_before = tr_histogram_memory_bytes(histogram);
    tr_status status = tr_histogram_add(histogram, value, 1);
    aggregate->object_bytes += tr_histogram_memory_bytes(histogram) - bytes_before;
    return status;
}

tr_status tr_aggregate_add(tr_aggregate *aggregate, const tr_packed *key, uint64_t value) {
    tr_group *group = tr_group_table_need(&aggregate->table, key->words, key->word_count);
    if (group == NULL) {
        return TR_ERROR_MEMORY;
    }
    if (aggregate->kind == TR_AGGREGATE_HISTOGRAM) {
        return add_to_histogram(aggregate, group, value);
    }
    group->value.number += aggregate->kind == TR_AGGREGATE_COUNT ? 1 : value;
    return TR_OK;
}

/* ---- rows ---- */

static size_t bytes_of_rows(uint32_t capacity) {
    return sizeof(tr_aggregate_rows) + capacity * sizeof(uint64_t *);
}

/* How many words the row has. */
static size_t words_of_row(const tr_aggregate *aggregate, const uint64_t *row) {
    const uint64_t *end = row;
    tr_packed_value value;
    for (uint32_t i = 0; i < aggregate->row_values; i++) {
        end = tr_packed_read(end, &value);
    }
    return (size_t)(end - row);
}

/* Room for one row more. */
static tr_aggregate_rows *grow_rows(tr_aggregate *aggregate, tr_group *group) {
    tr_aggregate_rows *rows = group->value.object;
    uint32_t before = rows == NULL ? 0 : rows->capacity;
    if (rows != NULL && rows->count < before) {
        return rows;
    }
    uint32_t capacity = before == 0 ? 1 : before * 2;
    capacity = capacity < aggregate->max_rows ? capacity : aggregate->max_rows;
    tr_aggregate_rows *grown = realloc(rows, bytes_of_rows(capacity));
    if (grown == NULL) {
        return NULL;
    }
    aggregate->object_bytes += bytes_of_rows(capacity) - (rows == NULL ? 0 : bytes_of_rows(before));
    grown->count = rows == NULL ? 0 : grown->count;
    grown->capacity = capacity;
    group->value.object = grown;
    return grown;
}

static bool comes_before(const tr_aggregate *aggregate, const uint64_t *row, const uint64_t *other) {
    int order = tr_packed_compare(row, other, aggregate->row_values);
    return aggregate->kind == TR_AGGREGATE_FIRST ? order < 0 : order > 0;
}

/* After all rows that do not come after it. */
static uint32_t place_of(const tr_aggregate *aggregate, const tr_aggregate_rows *rows, const uint64_t *row) {
    uint32_t low = 0;
    uint32_t high = rows->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (comes_before(aggregate, row, rows->rows[middle])) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

tr_status tr_aggregate_add_row(tr_aggregate *aggregate, const tr_packed *key, const tr_packed *row) {
    tr_group *group = tr_group_table_need(&aggregate->table, key->words, key->word_count);
    if (group == NULL) {
        return TR_ERROR_MEMORY;
    }
    tr_aggregate_rows *rows = group->value.object;
    bool is_full = rows != NULL && rows->count == aggregate->max_rows;
    if (is_full && !comes_before(aggregate, row->words, rows->rows[rows->count - 1])) {
        return TR_OK;
    }
    size_t bytes = row->word_count * sizeof *row->words;
    uint64_t *kept = malloc(bytes);
    if (kept == NULL) {
        return TR_ERROR_MEMORY;
    }
    rows = is_full ? rows : grow_rows(aggregate, group);
    if (rows == NULL) {
        free(kept);
        return TR_ERROR_MEMORY;
    }
    if (is_full) {
        uint64_t *dropped = rows->rows[--rows->count];
        aggregate->object_bytes -= words_of_row(aggregate, dropped) * sizeof *dropped;
        free(dropped);
    }
    memcpy(kept, row->words, bytes);
    aggregate->object_bytes += bytes;
    uint32_t place = place_of(aggregate, rows, kept);
    memmove(&rows->rows[place + 1], &rows->rows[place], (rows->count - place) * sizeof rows->rows[0]);
    rows->rows[place] = kept;
    rows->count++;
    return TR_OK;
}

/* ---- freeing ---- */

static void free_rows(tr_aggregate_rows *rows) {
    for (uint32_t i = 0; rows != NULL && i < rows->count; i++) {
        free(rows->rows[i]);
    }
    free(rows);
}

void tr_aggregate_free(tr_aggregate *aggregate) {
    for (uint32_t i = 0; i < aggregate->table.group_count; i++) {
        void *object = aggregate->table.groups[i].value.object;
        if (has_rows(aggregate)) {
            free_rows(object);
        } else if (aggregate->kind == TR_AGGREGATE_HISTOGRAM) {
            tr_histogram_free(object);
        }
    }
    tr_group_table_free(&aggregate->table);
    aggregate->object_bytes = 0;
}
