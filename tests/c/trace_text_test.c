/* Ids of traces that are named by a text. Expected ids come from Python's uuid.uuid5. */
#include "import/trace_text.h"

#include <uuid/uuid.h>

#include "check.h"

static const char *id_of(const char *text) {
    static char id_text[TR_TRACE_ID_TEXT_BYTES];
    uint8_t id[TR_TRACE_ID_BYTES];
    tr_trace_id_of_text(text, strlen(text), id);
    tr_trace_id_format(id, id_text);
    return id_text;
}

static void a_text_has_the_uuid_of_version_5(void) {
    CHECK_TEXT("7fedbb1b-1d55-516a-bc72-5e81be79526e", id_of("order 12"));
    CHECK_TEXT("82671682-05b8-565f-9bdc-930fa2757a07", id_of(""));
    CHECK_TEXT("c52c38e4-fcfa-5b49-bee6-07ff67cf87c1", id_of("caf\xc3\xa9"));
}

static void a_uuid_is_itself(void) {
    CHECK_TEXT("3d3a54fc-9c04-448d-a925-81f425329bea", id_of("3D3A54FC-9c04-448d-a925-81f425329bea"));
    CHECK_TEXT("3d3a54fc-9c04-448d-a925-81f425329bea", id_of("3d3a54fc9c04448da92581f425329bea"));
    CHECK_TEXT("8f012241-4689-58f7-b83d-4859735287cd", id_of("3d3a54fc-9c04-448d-a925-81f425329be"));
}

/* The namespace, as libuuid works it out. */
static void the_namespace_is_that_of_dns_and_tracereel(void) {
    uuid_t own_namespace;
    uuid_t id;
    char text[TR_TRACE_ID_TEXT_BYTES];
    uuid_generate_sha1(own_namespace, *uuid_get_template("dns"), "tracereel", 9);
    uuid_generate_sha1(id, own_namespace, "order 12", 8);
    uuid_unparse_lower(id, text);
    CHECK_TEXT(text, id_of("order 12"));
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("trace texts: a text has the UUID of version 5", a_text_has_the_uuid_of_version_5);
    check_run("trace texts: a UUID is itself", a_uuid_is_itself);
    check_run("trace texts: the namespace is that of DNS and tracereel", the_namespace_is_that_of_dns_and_tracereel);
    return check_end();
}
