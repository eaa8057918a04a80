#include "tracereel/provenance.h"

#include <string.h>

#include "json/json_reader.h"

static const char quoted_key[] = "\"tracereel\"";

enum { QUOTED_BYTES = sizeof quoted_key - 1, KEY_BYTES = QUOTED_BYTES - 2 };

static bool is_key(tr_text name) {
    return name.length_bytes == KEY_BYTES && memcmp(name.bytes, quoted_key + 1, KEY_BYTES) == 0;
}

bool tr_record_is_by_tracereel(const tr_record *record) {
    tr_text text = tr_record_metadata(record);
    if (text.length_bytes == 0 || memmem(text.bytes, text.length_bytes, quoted_key, QUOTED_BYTES) == NULL) {
        return false;
    }
    tr_json_reader reader = tr_json_reader_begin(text.bytes, text.length_bytes, 0, NULL);
    bool found = false;
    tr_text name;
    if (tr_json_reader_enter_object(&reader)) {
        while (tr_json_reader_next_member(&reader, &name)) {
            found = found || is_key(name);
            tr_json_reader_skip(&reader);
        }
    }
    tr_json_reader_finish(&reader);
    return found && reader.status == TR_OK;
}
