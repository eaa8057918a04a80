#include "tracereel/provenance.h"

#include <string.h>

#include "json/json_reader.h"

static const char quoted_key[] = "\"tracereel\"";

enum { QUOTED_BYTES = sizeof quoted_key - 1, KEY_BYTES = QUOTED_BYTES - 2 };

/* How far the search advances when that byte is under the key's last position (Horspool's algorithm with a constant
 * table). The key has few distinct bytes, so most steps are as long as the key. */
static const uint8_t step_of[256] = {['"'] = 10, ['t'] = 9, ['a'] = 7, ['c'] = 6, ['r'] = 4, ['e'] = 2, ['l'] = 1};

static bool may_hold_key(tr_text text) {
    for (uint32_t end = QUOTED_BYTES; end <= text.length_bytes;) {
        uint8_t last = (uint8_t)text.bytes[end - 1];
        if (last == '"' && memcmp(text.bytes + end - QUOTED_BYTES, quoted_key, QUOTED_BYTES) == 0) {
            return true;
        }
        uint32_t step = step_of[last] == 0 ? QUOTED_BYTES : step_of[last];
        if (step > text.length_bytes - end) {
            return false;
        }
        end += step;
    }
    return false;
}

static bool is_key(tr_text name) {
    return name.length_bytes == KEY_BYTES && memcmp(name.bytes, quoted_key + 1, KEY_BYTES) == 0;
}

/* Skips the next value and returns its text. */
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
    if (!may_hold_key(text)) {
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
