#include "tracereel/provenance.h"

#include <string.h>

#include "json/json_reader.h"

static const char quoted_key[] = "\"tracereel\"";

enum { QUOTED_BYTES = sizeof quoted_key - 1, KEY_BYTES = QUOTED_BYTES - 2 };

static bool is_key(tr_text name) {
    return name.length_bytes == KEY_BYTES && memcmp(name.bytes, quoted_key + 1, KEY_BYTES) == 0;
}

/* Passes over the next value: where it stands. */
static tr_text next_value(tr_json_reader *reader) {
    const char *begin = reader->at;
    tr_json_reader_skip(reader);
    while (begin < reader->at && strchr(" \t\r\n", *begin) != NULL) {
        begin++;
    }
    return (tr_text){begin, (uint32_t)(reader->at - begin)};
}

bool tr_record_provenance(const tr_record *record, tr_text *value) {
    tr_text text = tr_record_metadata(record);
    if (text.length_bytes == 0 || memmem(text.bytes, text.length_bytes, quoted_key, QUOTED_BYTES) == NULL) {
        return false;
    }
    tr_json_reader reader = tr_json_reader_begin(text.bytes, text.length_bytes, 0, NULL);
    bool found = false;
    tr_text name, last = {0};
    if (tr_json_reader_enter_object(&reader)) {
        while (tr_json_reader_next_member(&reader, &name)) {
            tr_text of_name = next_value(&reader);
            last = is_key(name) ? of_name : last;
            found = found || is_key(name);
        }
    }
    tr_json_reader_finish(&reader);
    if (!found || reader.status != TR_OK) {
        return false;
    }
    *value = last;
    return true;
}

bool tr_record_is_by_tracereel(const tr_record *record) {
    tr_text value;
    return tr_record_provenance(record, &value);
}
