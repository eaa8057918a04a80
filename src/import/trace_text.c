#include "import/trace_text.h"

#include <uuid/uuid.h>

void tr_trace_id_of_text(const char *text, size_t length, uint8_t id[TR_TRACE_ID_BYTES]) {
    static const char name[] = "tracereel";
    if (tr_trace_id_parse(text, length, id)) {
        return;
    }
    uuid_t own_namespace;
    uuid_generate_sha1(own_namespace, *uuid_get_template("dns"), name, sizeof name - 1);
    uuid_generate_sha1(id, own_namespace, text, length);
}
