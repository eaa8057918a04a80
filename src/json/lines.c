#include "json/lines.h"

#include <string.h>

#include "json/room.h"

void tr_json_begin_line(tr_json *json, tr_json_line *line) {
    size_t length = line->start.length_bytes - 1;
    char *out = tr_json_reserve(json, length);
    if (out != NULL && length > 0) {
        memcpy(out, line->start.bytes, length);
        json->length_bytes += length;
    }
    line->at = json->length_bytes;
    json->needs_comma = false;
}

void tr_json_end_line(tr_json *json, const tr_json_line *line) {
    char *out = tr_json_reserve(json, 1);
    if (out != NULL) {
        json->bytes[line->at] = line->start.bytes[line->start.length_bytes - 1]; /* in place of the object's bracket */
        *out = '\n';
        json->length_bytes++;
    }
}
