/* Any bytes are a document of spans, or are left to who reads JSON in general. A document is valid JSON; its spans are
 * what OTLP says of them, and the same when they are read again, alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "import/otlp_document.h"
#include "import/row_attempt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static bool is_same(tr_text a, tr_text b) {
    return a.length_bytes == b.length_bytes && (a.length_bytes == 0 || memcmp(a.bytes, b.bytes, a.length_bytes) == 0);
}

static void check_span(const tr_otlp_span *span) {
    static const uint8_t none[TR_TRACE_ID_BYTES];
    require(memcmp(span->trace_id, none, sizeof none) != 0);
    require(span->start_ns > 0 && span->start_ns <= span->end_ns && span->end_ns <= INT64_MAX);
    require(span->name.length_bytes > 0 && tr_row_text_is_clean(span->name, true));
    require(tr_row_text_is_clean(span->message, false));
    for (size_t i = 0; i < span->attributes.count; i++) {
        const tr_otlp_attribute *one = &span->attributes.list[i];
        require(one->type != TR_OTLP_OTHER && tr_row_text_is_clean(one->key, false));
        require(one->type != TR_OTLP_TEXT || tr_row_text_is_clean(one->text, false));
        require(one->type != TR_OTLP_DOUBLE || one->text.length_bytes <= TR_OTLP_MAX_DIGITS);
        require(i == 0 || !is_same(one[-1].key, one->key));
    }
}

/* The same from a copy that ends where the sanitizer sees it, as those that wait are read. */
static void read_alone(const tr_otlp_span *span, const char *text, size_t length) {
    char *copy = malloc(length);
    tr_otlp_span again = {0};
    require(copy != NULL);
    memcpy(copy, text, length);
    tr_json_reader reader = tr_json_reader_begin(copy, length, 0, NULL);
    require(tr_otlp_span_read(&reader, &again) && reader.at == reader.end);
    require(is_same(span->name, again.name) && is_same(span->message, again.message));
    require(span->start_ns == again.start_ns && span->end_ns == again.end_ns && span->is_root == again.is_root);
    require(span->is_error == again.is_error && span->attributes.count == again.attributes.count);
    for (size_t i = 0; i < again.attributes.count; i++) {
        require(is_same(span->attributes.list[i].key, again.attributes.list[i].key));
    }
    tr_otlp_attributes_free(&again.attributes);
    free(copy);
}

static void read_document(const char *text, size_t size) {
    static const char key[] = "service.name";
    tr_otlp_document document = {.resource_key = {key, sizeof key - 1}};
    tr_otlp_span span = {0};
    if (tr_otlp_document_begin(&document, text, size)) {
        tr_json_reader whole = tr_json_reader_begin(text, size, 0, NULL);
        tr_json_reader_skip(&whole);
        tr_json_reader_finish(&whole);
        require(whole.status == TR_OK && tr_json_has_known_escapes(text, size));
        while (tr_otlp_document_next(&document)) {
            tr_json_reader begin = document.reader;
            if (tr_otlp_span_read(&document.reader, &span)) {
                check_span(&span);
                read_alone(&span, begin.at, (size_t)(document.reader.at - begin.at));
            } else {
                document.reader = begin;
                tr_json_reader_skip(&document.reader);
            }
            require(tr_row_text_is_clean(document.resource, true));
        }
        require(document.reader.status == TR_OK && !document.is_other);
    }
    tr_otlp_attributes_free(&span.attributes);
    tr_otlp_document_free(&document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size);
    if (text != NULL) {
        memcpy(text, data, size);
        read_document(text, size);
    }
    free(text);
    return 0;
}
