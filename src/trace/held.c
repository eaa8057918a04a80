/* Whether a suspension is a hold by tracereel, according to its metadata. */
#include <string.h>

#include "trace/internal.h"
#include "tracereel/trace.h"
#include "json/json_reader.h"

static bool is_text(const tr_text text, const char *literal) {
    size_t length = strlen(literal);
    return text.length_bytes == length && memcmp(text.bytes, literal, length) == 0;
}

/* Whether the next value is a text. */
static bool comes_text(const tr_json_reader *reader) {
    const char *at = reader->at;
    while (at < reader->end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')) {
        at++;
    }
    return at < reader->end && *at == '"';
}

bool tr_trace_held(const tr_trace *trace, char *reason, uint32_t *length_bytes) {
    if ((!trace->is_suspended && !tr_own(trace)->is_held_apart) || trace->suspension_metadata_bytes == 0) {
        return false;
    }
    tr_json_reader reader = tr_json_reader_begin(trace->suspension_metadata, trace->suspension_metadata_bytes, 0, NULL);
    bool is_held = false;
    tr_text name;
    if (tr_json_reader_enter_object(&reader)) {
        while (tr_json_reader_next_member(&reader, &name)) {
            /* If a name occurs twice the last one counts, as in readers that fill a table. */
            if (!is_text(name, "held")) {
                tr_json_reader_skip(&reader);
            } else if (comes_text(&reader)) {
                is_held = tr_json_reader_text(&reader, reason, length_bytes);
            } else {
                tr_json_reader_skip(&reader);
                is_held = false;
            }
        }
    }
    tr_json_reader_finish(&reader);
    return is_held && reader.status == TR_OK;
}
