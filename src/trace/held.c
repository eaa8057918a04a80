/* Whether a suspension is a hold by tracereel, according to its metadata. */
#include "record/text.h"
#include "trace/internal.h"
#include "tracereel/trace.h"
#include "json/json_reader.h"

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
            if (!tr_text_is(name, "held")) {
                tr_json_reader_skip(&reader);
            } else if (tr_json_reader_peek(&reader) == '"') {
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
