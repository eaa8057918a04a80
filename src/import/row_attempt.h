/* Rows of a table that are attempts: which column is what, and what a row says. */
#ifndef TRACEREEL_ROW_ATTEMPT_H
#define TRACEREEL_ROW_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import/csv.h"
#include "import/time_text.h"

/* A column, by its index from 0. Times have the form that a text which does not say it itself is in. */
typedef struct tr_row_column {
    bool is_there;
    uint32_t index;
    tr_time_form form;
} tr_row_column;

/* A column that is metadata under that name. */
typedef struct tr_row_metadata {
    tr_text name;
    uint32_t index;
} tr_row_metadata;

typedef struct tr_row_columns {
    tr_row_column trace; /* these four must be there */
    tr_row_column node;
    tr_row_column start;
    tr_row_column end;
    tr_row_column scheduled;
    tr_row_column instance;
    tr_row_column resource;
    tr_row_column error;
    tr_row_metadata *of_attempt; /* owned by who fills them in, as are the names */
    size_t of_attempt_count;
    tr_row_metadata *of_trace;
    size_t of_trace_count;
    uint32_t width; /* one more than the highest index: a row with fewer fields is none */
} tr_row_columns;

/* Texts are empty where the row has none; they are valid as long as the row is. */
typedef struct tr_row_attempt {
    tr_text trace;
    tr_text node;
    tr_text instance;
    tr_text resource;
    tr_text error; /* where the row has none, it was done */
    uint64_t start_ns;
    uint64_t end_ns;
    uint64_t scheduled_ns; /* TR_TIME_UNKNOWN */
} tr_row_attempt;

/* Is the row that was read last an attempt as it stands: with as many fields as the first row, a trace, a node, times
 * that can be read and do not run backwards, and texts that need no mending (UTF-8; names without control characters)?
 */
bool tr_row_attempt_of(const tr_csv_reader *reader, const tr_row_columns *columns, tr_row_attempt *attempt);

/* A text in UTF-8, and, where it is a name, without control characters. */
bool tr_row_text_is_clean(tr_text text, bool is_name);

#endif
