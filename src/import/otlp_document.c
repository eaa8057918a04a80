#include "import/otlp_document.h"

#include <string.h>

#include "import/row_attempt.h"
#include "record/text.h"

/* In the object of an even level is the list of the next one. */
enum { IN_DOCUMENT, IN_RESOURCES, IN_RESOURCE, IN_SCOPES, IN_SCOPE, IN_SPANS };

enum { SEEN_RESOURCE = 1 << 8 }; /* the levels have the bits below */

static bool is_list_name(unsigned level, tr_text name) {
    switch (level) {
    case IN_DOCUMENT:
        return tr_text_is(name, "resourceSpans") || tr_text_is(name, "batches");
    case IN_RESOURCE:
        return tr_text_is(name, "scopeSpans") || tr_text_is(name, "instrumentationLibrarySpans");
    default:
        return tr_text_is(name, "spans");
    }
}

/* The text that spans of this resource have. */
static bool find_resource(tr_otlp_document *document) {
    tr_text key = document->resource_key;
    bool is_found = false;
    for (size_t i = 0; key.length_bytes > 0 && i < document->attributes.count; i++) {
        const tr_otlp_attribute *one = &document->attributes.list[i];
        if (one->key.length_bytes == key.length_bytes && memcmp(one->key.bytes, key.bytes, key.length_bytes) == 0) {
            if (is_found || one->type != TR_OTLP_TEXT || one->text.length_bytes == 0 ||
                !tr_row_text_is_clean(one->text, true)) {
                return false;
            }
            document->resource = one->text;
            is_found = true;
        }
    }
    return true;
}

/* Reads the object that describes a resource. */
static bool read_resource(tr_otlp_document *document) {
    tr_json_reader *reader = &document->reader;
    bool has_attributes = false;
    tr_text name;
    if (tr_json_reader_peek(reader) != '{' || !tr_json_reader_enter_object(reader)) {
        return false;
    }
    while (tr_json_reader_next_member(reader, &name)) {
        if (tr_text_is(name, "attributes")) {
            if (has_attributes || !tr_otlp_attributes_read(reader, &document->attributes) || !find_resource(document)) {
                return false;
            }
            has_attributes = true;
        } else if (tr_otlp_has_escapes(name)) {
            return false;
        } else {
            tr_json_reader_skip(reader);
        }
    }
    return reader->status == TR_OK;
}

/* Reads a member of an object on the way to the spans, or enters its list. */
static void read_member(tr_otlp_document *document, tr_text name) {
    unsigned bit = 1u << document->level;
    if (is_list_name(document->level, name)) {
        document->is_other = (document->seen & bit) != 0 || tr_json_reader_peek(&document->reader) != '[';
        document->seen |= bit;
        document->level++;
        (void)tr_json_reader_enter_array(&document->reader);
    } else if (document->level == IN_RESOURCE && tr_text_is(name, "resource")) {
        document->is_other = (document->seen & (SEEN_RESOURCE | bit)) != 0 || !read_resource(document);
        document->seen |= SEEN_RESOURCE;
    } else if (tr_otlp_has_escapes(name)) {
        document->is_other = true;
    } else {
        tr_json_reader_skip(&document->reader);
    }
}

static void enter_object(tr_otlp_document *document) {
    document->is_other = tr_json_reader_peek(&document->reader) != '{';
    (void)tr_json_reader_enter_object(&document->reader);
    document->level++;
    document->seen &= ~(1u << document->level);
    if (document->level == IN_RESOURCE) {
        document->seen &= ~(unsigned)SEEN_RESOURCE;
        document->resource = (tr_text){NULL, 0};
    }
}

bool tr_otlp_document_next(tr_otlp_document *document) {
    tr_json_reader *reader = &document->reader;
    while (!document->is_other && reader->status == TR_OK) {
        tr_text name;
        bool is_list = document->level % 2 == 1;
        if (is_list ? !tr_json_reader_next_element(reader) : !tr_json_reader_next_member(reader, &name)) {
            if (document->level == IN_DOCUMENT) {
                return false;
            }
            document->level--;
        } else if (document->level == IN_SPANS) {
            document->is_other = tr_json_reader_peek(reader) != '{';
            return !document->is_other;
        } else if (is_list) {
            enter_object(document);
        } else {
            read_member(document, name);
        }
    }
    return false;
}

static void begin(tr_otlp_document *document, const char *text, size_t length) {
    document->reader = tr_json_reader_begin(text, length, 0, NULL);
    document->level = IN_DOCUMENT;
    document->seen = 0;
    document->is_other = tr_json_reader_peek(&document->reader) != '{';
    document->resource = (tr_text){NULL, 0};
    (void)tr_json_reader_enter_object(&document->reader);
}

bool tr_otlp_document_begin(tr_otlp_document *document, const char *text, size_t length) {
    begin(document, text, length);
    while (tr_otlp_document_next(document)) {
        tr_json_reader_skip(&document->reader);
    }
    tr_json_reader_finish(&document->reader);
    bool is_plain = !document->is_other && document->reader.status == TR_OK &&
                    (document->seen & 1u << IN_DOCUMENT) != 0 && tr_json_has_known_escapes(text, length);
    begin(document, text, length);
    return is_plain;
}

void tr_otlp_document_free(tr_otlp_document *document) {
    tr_otlp_attributes_free(&document->attributes);
}
