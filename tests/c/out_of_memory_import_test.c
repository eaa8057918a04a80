/* Memory that runs out anywhere while an input is read, sorted, and made into a log. */
#include "refused_memory.h"

#if CAN_RUN_OUT_OF_MEMORY

#include <zstd.h>

#include "import/csv.h"
#include "import/draft.h"
#include "import/otlp_document.h"
#include "import/waiting_spans.h"

enum { TEXT_BYTES = 1500000, LINE_BYTES = 700000, EVENTS = 9000, TRACES = 1100, NODES = 70 };
enum { SPAN_TRACES = 70, SPAN_ATTRIBUTES = 40, DOCUMENT_BYTES = 120000 };

static char directory[64]; /* has the inputs, made for the running test */
static const char *input;  /* the one that is read */

/* ---- reading ---- */

/* Lines that are longer than what is there at first. */
static char *new_text(void) {
    char *text = malloc(TEXT_BYTES);
    CHECK(text != NULL);
    for (size_t i = 0; text != NULL && i < TEXT_BYTES; i++) {
        text[i] = i % LINE_BYTES == LINE_BYTES - 1 ? '\n' : (char)('a' + i * i % 23);
    }
    return text;
}

static void write_inputs(void) {
    char *text = new_text();
    size_t capacity = ZSTD_compressBound(TEXT_BYTES);
    void *packed = malloc(capacity);
    write_file(directory, "plain", text, TEXT_BYTES);
    write_gzip(directory, "gzip", "wb1", text, TEXT_BYTES);
    write_file(directory, "zstd", packed, ZSTD_compress(packed, capacity, text, TEXT_BYTES, 1));
    free(packed);
    free(text);
}

static tr_status open_input(tr_input_stream **stream, tr_error *error) {
    char path[512];
    join(path, sizeof path, directory, input);
    tr_status status = tr_input_stream_open(path, stream, error);
    CHECK((status == TR_OK) == (*stream != NULL));
    return status;
}

static tr_status read_all_lines(void) {
    tr_input_stream *stream = NULL;
    tr_error error = {""};
    tr_text line;
    tr_status status = open_input(&stream, &error);
    while (status == TR_OK) {
        status = tr_input_stream_line(stream, &line, &error);
        note(line.bytes, status == TR_OK ? line.length_bytes % 1000 : 0);
        note_number(status == TR_OK ? line.length_bytes : 0);
    }
    tr_input_stream_close(stream);
    return status == TR_END ? TR_OK : status;
}

static tr_status read_all_rows(void) {
    tr_input_stream *stream = NULL;
    tr_csv_reader reader;
    tr_error error = {""};
    tr_status status = open_input(&stream, &error);
    tr_csv_begin(&reader, stream, 'b');
    while (status == TR_OK) {
        status = tr_csv_next(&reader, &error);
        note_number(status == TR_OK ? reader.field_count : 0);
    }
    tr_csv_end(&reader);
    tr_input_stream_close(stream);
    return status == TR_END ? TR_OK : status;
}

static void reading_an_input(void) {
    static const char *const inputs[] = {"plain", "gzip", "zstd"};
    make_directory(directory);
    write_inputs();
    for (size_t i = 0; i < 3; i++) {
        input = inputs[i];
        refuse_each(read_all_lines);
    }
    write_file(directory, "rows", "ab,\"c\"\"\"\nabababababababababababababababababab\n", 46);
    input = "rows";
    refuse_each(read_all_rows);
    remove_directory(directory);
}

/* ---- sorting ---- */

static tr_status add_events(tr_event_sorter *sorter, tr_error *error) {
    static const char text[3000];
    tr_status status = TR_OK;
    for (uint32_t i = 0; status == TR_OK && i < EVENTS; i++) {
        tr_import_event event = {.at_ns = (uint64_t)i * 7919 % EVENTS, .trace = i};
        status = tr_event_sorter_add(sorter, &event, (tr_text){text, i == 5 ? 3000 : 3}, (tr_text){NULL, 0}, error);
    }
    return status;
}

static tr_status sort_with(uint64_t memory_bytes) {
    tr_event_sorter *sorter = NULL;
    tr_error error = {""};
    tr_status status = tr_event_sorter_open(memory_bytes, &sorter, &error);
    CHECK((status == TR_OK) == (sorter != NULL));
    if (status == TR_OK) {
        status = add_events(sorter, &error);
    }
    if (status == TR_OK) {
        status = tr_event_sorter_finish(sorter, &error);
    }
    const tr_import_event *event;
    while (status == TR_OK && (event = tr_event_sorter_next(sorter)) != NULL) {
        note_number(event->trace);
    }
    tr_event_sorter_close(sorter);
    return status;
}

static tr_status sort_in_memory(void) {
    return sort_with(0);
}

static tr_status sort_on_disk(void) {
    return sort_with(2000);
}

static void sorting_events(void) {
    refuse_each(sort_in_memory);
    refuse_each(sort_on_disk);
}

/* ---- spans ---- */

static char document_text[DOCUMENT_BYTES];
static size_t document_bytes;

#define PUT_TEXT(...)                                                                                                  \
    (document_bytes += (size_t)snprintf(document_text + document_bytes, DOCUMENT_BYTES - document_bytes, __VA_ARGS__))

static void put_span(unsigned trace, bool is_root) {
    PUT_TEXT("%s{\"traceId\":\"%032x\",\"parentSpanId\":\"%s\",\"name\":\"a\\u00e9%u\",\"startTimeUnixNano\":\"10\","
             "\"endTimeUnixNano\":\"20\",\"attributes\":[",
             document_text[document_bytes - 1] == '[' ? "" : ",", trace, is_root ? "" : "a1", trace);
    for (unsigned i = 0; trace == 1 && i < SPAN_ATTRIBUTES; i++) {
        PUT_TEXT("%s{\"key\":\"k\\n%u\",\"value\":{\"intValue\":\"%u\"}}", i == 0 ? "" : ",", i, i);
    }
    PUT_TEXT("]}");
}

/* Each trace has two spans that wait, and all but the last have their root after all of these. */
static void write_document(void) {
    document_bytes = 0;
    PUT_TEXT("{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service\",\"value\":"
             "{\"stringValue\":\"s\\u00e9\"}}]},\"scopeSpans\":[{\"spans\":[");
    for (unsigned i = 0; i < 2 * SPAN_TRACES; i++) {
        put_span(1 + i % SPAN_TRACES, false);
    }
    for (unsigned trace = 1; trace < SPAN_TRACES; trace++) {
        put_span(trace, true);
    }
    PUT_TEXT("]}]}]}");
    CHECK(document_bytes < DOCUMENT_BYTES);
}

static void note_span(const tr_otlp_span *span, tr_text resource) {
    note(span->trace_id, sizeof span->trace_id);
    note(span->name.bytes, span->name.length_bytes);
    note(resource.bytes, resource.length_bytes);
    for (size_t i = 0; i < span->attributes.count; i++) {
        note(span->attributes.list[i].key.bytes, span->attributes.list[i].key.length_bytes);
        note_number((uint64_t)span->attributes.list[i].integer);
    }
}

/* The root has come: what has waited is read again, from its copy. */
static bool note_waiting(tr_waiting_spans *waiting, tr_otlp_span *span, uint32_t index) {
    bool is_read = true;
    tr_waiting_span *one;
    tr_waiting_spans_begin(waiting, index, index);
    while (is_read && (one = tr_waiting_spans_take(waiting, index)) != NULL) {
        tr_json_reader reader = tr_json_reader_begin(one->texts, one->text_bytes, 0, NULL);
        is_read = tr_otlp_span_read(&reader, span);
        if (is_read) {
            note_span(span, (tr_text){one->texts + one->text_bytes, one->resource_bytes});
        }
        free(one);
    }
    return is_read;
}

/* False: out of memory. Nothing else is wrong with the document. */
static bool take_span(tr_otlp_document *document, tr_waiting_spans *waiting, tr_otlp_span *span) {
    const char *begin = document->reader.at;
    uint32_t index = 0;
    if (!tr_otlp_span_read(&document->reader, span) || !tr_waiting_spans_trace(waiting, span->trace_id, &index)) {
        return false;
    }
    note_span(span, document->resource);
    if (span->is_root) {
        return note_waiting(waiting, span, index);
    }
    size_t text_bytes = waiting->text_bytes;
    tr_text text = {begin, (uint32_t)(document->reader.at - begin)};
    bool is_added = tr_waiting_spans_add(waiting, index, "a place", text, document->resource, 0);
    CHECK(is_added == (waiting->text_bytes > text_bytes));
    return is_added && tr_waiting_spans_set_name(waiting, index, (tr_text){"a name", 6});
}

static tr_status take_all_spans(void) {
    tr_otlp_document document = {.resource_key = {"service", 7}};
    tr_waiting_spans waiting = {0};
    tr_otlp_span span = {0};
    unsigned count = 0;
    bool is_taken = tr_otlp_document_begin(&document, document_text, document_bytes);
    while (is_taken && tr_otlp_document_next(&document)) {
        is_taken = take_span(&document, &waiting, &span);
        count++;
    }
    CHECK(!is_taken || count == 3 * SPAN_TRACES - 1);
    note_number(waiting.text_bytes);
    tr_waiting_spans_free(&waiting);
    tr_otlp_attributes_free(&span.attributes);
    tr_otlp_document_free(&document);
    return is_taken ? TR_OK : TR_ERROR_MEMORY;
}

static void taking_spans(void) {
    write_document();
    refuse_each(take_all_spans);
}

/* ---- a draft ---- */

static tr_status add_trace(tr_draft *draft, uint32_t number, tr_error *error) {
    uint8_t id[TR_TRACE_ID_BYTES] = {0};
    uint32_t trace = 0;
    put_number(id, number, 4);
    return tr_draft_add_trace(draft, id, number % 2 == 0 ? NULL : id, 10, (tr_text){"{}", 2}, &trace, error);
}

/* What a node of the first trace does: each is an attempt of its own, and all are done at one instant. */
static tr_status add_node(tr_draft *draft, uint32_t node, tr_error *error) {
    tr_import_event start = {.at_ns = 20, .node = node, .instance = node % 2, .type = TR_TYPE_NODE_START};
    tr_import_event done = {.at_ns = 20, .node = node, .instance = node % 2, .type = TR_TYPE_NODE_DONE};
    tr_import_event wait = {.at_ns = 20, .node = node, .instance = 2, .type = TR_TYPE_TRACE_SUSPENDED};
    tr_status status = tr_draft_add(draft, &start, (tr_text){NULL, 0}, (tr_text){NULL, 0}, error);
    if (status == TR_OK) {
        status = tr_draft_add(draft, &done, (tr_text){NULL, 0}, (tr_text){NULL, 0}, error);
    }
    if (status == TR_OK) {
        status = tr_draft_number_wait_kind(draft, (tr_text){"{\"wait\":\"timer\"}", 16}, &wait.wait_kind, error);
    }
    if (status == TR_OK) {
        status = tr_draft_add(draft, &wait, (tr_text){NULL, 0}, (tr_text){"{\"a\":1}", 7}, error);
    }
    if (status == TR_OK && node > 0) {
        status = tr_draft_add_edge(draft, node - 1, node, error);
    }
    return status;
}

static tr_status fill(tr_draft *draft, tr_error *error) {
    tr_status status = TR_OK;
    for (uint32_t number = 0; status == TR_OK && number < TRACES; number++) {
        status = add_trace(draft, number, error);
    }
    for (uint32_t node = 0; status == TR_OK && node < NODES * 10; node++) {
        status = add_node(draft, node, error);
    }
    if (status == TR_OK) {
        status =
            tr_draft_close_trace(draft, 0, TR_TYPE_TRACE_FAILED, 30, (tr_text){"no", 2}, (tr_text){"{}", 2}, error);
    }
    return status;
}

static tr_status write_all(tr_draft *draft, tr_error *error) {
    char path[512];
    tr_writer *writer = NULL;
    join(path, sizeof path, directory, "log");
    tr_status status = tr_draft_finish(draft, NODES * 10, error);
    if (status == TR_OK) {
        status = tr_writer_open(path, NULL, &writer, error);
    }
    while (status == TR_OK) {
        status = tr_draft_write(draft, writer, 500, error);
    }
    tr_status closed = tr_writer_close(writer, error);
    return status == TR_END ? closed : status;
}

static tr_status write_a_draft(void) {
    tr_draft *draft = NULL;
    tr_error error = {""};
    tr_status status = tr_draft_open(0, &draft, &error);
    CHECK((status == TR_OK) == (draft != NULL));
    if (status == TR_OK) {
        status = fill(draft, &error);
    }
    if (status == TR_OK) {
        status = write_all(draft, &error);
    }
    note_number(status == TR_OK ? tr_draft_stats_of(draft).records : 0);
    tr_draft_close(draft);
    return status;
}

static void remove_log(void) {
    char path[512];
    join(path, sizeof path, directory, "log");
    remove_directory(path);
}

/* What stands in the log goes into the digest. */
static void look_at_log(tr_status status) {
    char path[512];
    size_t length = 0;
    join(path, sizeof path, directory, "log/wal_0000000000000000.log");
    uint8_t *bytes = status == TR_OK ? read_file(path, &length) : NULL;
    CHECK(status != TR_OK || length > 0);
    note(bytes, length);
    free(bytes);
}

static void writing_a_draft(void) {
    make_directory(directory);
    prepare = remove_log;
    look_at = look_at_log;
    refuse_each(write_a_draft);
    prepare = NULL;
    look_at = NULL;
    remove_directory(directory);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("without memory an input is read whole, or memory is named", reading_an_input);
    check_run("without memory events are sorted, or memory is named", sorting_events);
    check_run("without memory spans are taken and wait, or memory is named", taking_spans);
    check_run("without memory a draft becomes the same log, or memory is named", writing_a_draft);
    return check_end();
}

#else

#include "cannot_run_out.h"

#endif
