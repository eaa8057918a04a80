#include "import/row_attempt.h"

#include "bytes/utf8.h"
#include "import/attempt_table.h"

bool tr_row_text_is_clean(tr_text text, bool is_name) {
    for (uint32_t i = 0; i < text.length_bytes;) {
        unsigned char byte = (unsigned char)text.bytes[i];
        bool is_valid = true;
        if (byte < 0x80) {
            if (is_name && (byte < 0x20 || byte == 0x7f)) {
                return false;
            }
            i++;
            continue;
        }
        i += (uint32_t)tr_utf8_scan((const uint8_t *)text.bytes + i, text.length_bytes - i, &is_valid);
        if (!is_valid) {
            return false;
        }
    }
    return true;
}

static bool take_text(const tr_csv_reader *reader, const tr_row_column *column, bool is_name, tr_text *text) {
    *text = column->is_there ? reader->fields[column->index].text : (tr_text){NULL, 0};
    return tr_row_text_is_clean(*text, is_name);
}

static bool take_time(const tr_csv_reader *reader, const tr_row_column *column, uint64_t *ns) {
    tr_text text = reader->fields[column->index].text;
    return tr_time_parse(text.bytes, text.length_bytes, &column->form, ns) == TR_TIME_FINE;
}

static bool take_scheduled(const tr_csv_reader *reader, const tr_row_column *column, tr_row_attempt *attempt) {
    attempt->scheduled_ns = TR_TIME_UNKNOWN;
    return !column->is_there || reader->fields[column->index].text.length_bytes == 0 ||
           (take_time(reader, column, &attempt->scheduled_ns) && attempt->scheduled_ns <= attempt->start_ns);
}

static bool are_clean(const tr_csv_reader *reader, const tr_row_metadata *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!tr_row_text_is_clean(reader->fields[list[i].index].text, false)) {
            return false;
        }
    }
    return true;
}

bool tr_row_attempt_of(const tr_csv_reader *reader, const tr_row_columns *columns, tr_row_attempt *attempt) {
    return reader->field_count == reader->first_field_count && reader->field_count >= columns->width &&
           take_text(reader, &columns->trace, true, &attempt->trace) && attempt->trace.length_bytes > 0 &&
           take_text(reader, &columns->node, true, &attempt->node) && attempt->node.length_bytes > 0 &&
           take_time(reader, &columns->start, &attempt->start_ns) &&
           take_time(reader, &columns->end, &attempt->end_ns) && attempt->start_ns <= attempt->end_ns &&
           take_scheduled(reader, &columns->scheduled, attempt) &&
           take_text(reader, &columns->instance, true, &attempt->instance) &&
           take_text(reader, &columns->resource, true, &attempt->resource) &&
           take_text(reader, &columns->error, false, &attempt->error) &&
           are_clean(reader, columns->of_attempt, columns->of_attempt_count) &&
           are_clean(reader, columns->of_trace, columns->of_trace_count);
}
