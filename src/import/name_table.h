/* Numbers of names that come again and again in an input. */
#ifndef TRACEREEL_NAME_TABLE_H
#define TRACEREEL_NAME_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "tracereel/record.h"

typedef struct tr_known_name {
    uint64_t offset;
    uint32_t length_bytes;
    uint32_t number;
} tr_known_name;

/* All zero is an empty table. */
typedef struct tr_name_table {
    char *texts; /* of all names, one after the other */
    uint64_t text_bytes;
    uint64_t text_capacity_bytes;
    tr_known_name *names;
    uint32_t count;
    uint32_t *slots; /* index + 1 */
    uint32_t slot_count;
} tr_name_table;

bool tr_name_table_find(const tr_name_table *table, tr_text name, uint32_t *number);

/* Adds a name that is not there. False: out of memory; nothing has changed. */
bool tr_name_table_add(tr_name_table *table, tr_text name, uint32_t number);

void tr_name_table_free(tr_name_table *table);

#endif
