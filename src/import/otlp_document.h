/* A document of OTLP/JSON, span by span. */
#ifndef TRACEREEL_OTLP_DOCUMENT_H
#define TRACEREEL_OTLP_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "import/otlp_span.h"
#include "json/json_reader.h"

/* Walks through a document's resources and scopes to its spans. All zero, but for the key, is one to begin with. */
typedef struct tr_otlp_document {
    tr_text resource_key; /* the attribute that a resource is known by; empty: none */
    tr_text resource;     /* of the spans that come; empty: they have none */
    tr_json_reader reader;
    unsigned level;
    unsigned seen; /* bits of what was there already, by level */
    bool is_other;
    tr_otlp_attributes attributes;
} tr_otlp_document;

/* Is the text one valid JSON value, and a document as OTLP has them? That is an object with one list of `resourceSpans`
 * (or `batches`); in these, after `resource`, of `scopeSpans` (or `instrumentationLibrarySpans`); in these, of `spans`;
 * each an object. False also where a resource is known by what is no text, or one with control characters. Then begins
 * to walk through it: the text must stay as long. */
bool tr_otlp_document_begin(tr_otlp_document *document, const char *text, size_t length);

/* Goes to the next span, which the caller must then read or skip with `reader`. False: there are no more. */
bool tr_otlp_document_next(tr_otlp_document *document);

void tr_otlp_document_free(tr_otlp_document *document);

#endif
