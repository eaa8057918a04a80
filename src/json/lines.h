/* JSON lines: one text of many objects, each on a line of its own. */
#ifndef TRACEREEL_JSON_LINES_H
#define TRACEREEL_JSON_LINES_H

#include "tracereel/json.h"

/* A line: what its object begins with, in place of the bracket ("{", or members and a comma after it). */
typedef struct tr_json_line {
    tr_text start;
    size_t at; /* where the object begins that is written */
} tr_json_line;

/* Between these two an object that has a member is written. The text is not to be used where memory has run out
 * (tr_json_status). */
void tr_json_begin_line(tr_json *json, tr_json_line *line);
void tr_json_end_line(tr_json *json, const tr_json_line *line);

#endif
