#include "import/name_table.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/hash.h"

enum { FIRST_SLOTS = 64, FIRST_TEXT_BYTES = 1024 };

/* The slot of a name, or the free one where it belongs. */
static uint32_t *find_slot(const tr_name_table *table, tr_text name) {
    uint32_t at = (uint32_t)tr_hash_bytes(tr_hash_seed(), name.bytes, name.length_bytes) & (table->slot_count - 1);
    for (; table->slots[at] != 0; at = (at + 1) & (table->slot_count - 1)) {
        const tr_known_name *known = &table->names[table->slots[at] - 1];
        if (known->length_bytes == name.length_bytes &&
            memcmp(table->texts + known->offset, name.bytes, name.length_bytes) == 0) {
            break;
        }
    }
    return &table->slots[at];
}

bool tr_name_table_find(const tr_name_table *table, tr_text name, uint32_t *number) {
    if (table->slot_count == 0) {
        return false;
    }
    uint32_t found = *find_slot(table, name);
    if (found != 0) {
        *number = table->names[found - 1].number;
    }
    return found != 0;
}

/* Half of the slots stay free. */
static bool grow(tr_name_table *table) {
    uint32_t count = table->slot_count == 0 ? FIRST_SLOTS : table->slot_count * 2;
    uint32_t *slots = count == 0 ? NULL : calloc(count, sizeof *slots);
    tr_known_name *names = slots == NULL ? NULL : realloc(table->names, count / 2 * sizeof *names);
    if (names == NULL) {
        free(slots);
        return false;
    }
    free(table->slots);
    table->names = names;
    table->slots = slots;
    table->slot_count = count;
    for (uint32_t i = 0; i < table->count; i++) {
        tr_text name = {table->texts + names[i].offset, names[i].length_bytes};
        *find_slot(table, name) = i + 1;
    }
    return true;
}

static bool make_text_room(tr_name_table *table, uint32_t length_bytes) {
    uint64_t capacity = table->text_capacity_bytes == 0 ? FIRST_TEXT_BYTES : table->text_capacity_bytes;
    while (capacity < table->text_bytes + length_bytes) {
        capacity *= 2;
    }
    if (capacity == table->text_capacity_bytes) {
        return true;
    }
    char *texts = realloc(table->texts, capacity);
    if (texts == NULL) {
        return false;
    }
    table->texts = texts;
    table->text_capacity_bytes = capacity;
    return true;
}

bool tr_name_table_add(tr_name_table *table, tr_text name, uint32_t number) {
    if ((table->count == table->slot_count / 2 && !grow(table)) || !make_text_room(table, name.length_bytes)) {
        return false;
    }
    *find_slot(table, name) = table->count + 1;
    memcpy(table->texts + table->text_bytes, name.bytes, name.length_bytes);
    table->names[table->count++] = (tr_known_name){table->text_bytes, name.length_bytes, number};
    table->text_bytes += name.length_bytes;
    return true;
}

void tr_name_table_free(tr_name_table *table) {
    free(table->texts);
    free(table->names);
    free(table->slots);
    memset(table, 0, sizeof *table);
}
