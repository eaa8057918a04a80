/* Points in time as other programs write them, as whole nanoseconds since 1970. */
#ifndef TRACEREEL_TIME_TEXT_H
#define TRACEREEL_TIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a text that does not say it itself is in. */
typedef struct tr_time_form {
    bool is_number;        /* a number of units since 1970, not a date */
    unsigned unit_digits;  /* of a number: 9 for seconds, 6 for milliseconds, 3 for microseconds, 0 for nanoseconds */
    bool has_zone;         /* of a date that names no zone: it is in the following */
    int32_t zone_offset_s; /* east of UTC is positive */
} tr_time_form;

typedef enum tr_time_problem {
    TR_TIME_FINE,
    TR_TIME_NO_TIME, /* the text has another form */
    TR_TIME_NO_DAY,  /* there is no such day, or no such time of day */
    TR_TIME_NO_ZONE, /* it names no zone, and none was given */
    TR_TIME_BEYOND   /* before 1970 or after 2261 */
} tr_time_problem;

/* A unit ("s", "ms", "us", "ns") or a zone ("Z", "UTC", "+01:00", "-0800", "+05"). False where it is neither. */
bool tr_time_form_of(const char *text, size_t length, tr_time_form *form);

/* Reads the whole text. A date is RFC 3339 (2025-11-24T16:00:00.005674Z), with a blank in place of the T, a comma in
 * place of the point, slashes in place of the hyphens, and without seconds or without a time of day (midnight) as well.
 * Digits after the ninth of a second are cut off. `*ns` is set where the result is TR_TIME_FINE. */
tr_time_problem tr_time_parse(const char *text, size_t length, const tr_time_form *form, uint64_t *ns);

/* The same for a number that is no text, rounded to nanoseconds. */
tr_time_problem tr_time_of_number(double number, unsigned unit_digits, uint64_t *ns);
tr_time_problem tr_time_of_integer(int64_t number, unsigned unit_digits, uint64_t *ns);

/* A sentence for a problem, without the value: "is not a time". */
const char *tr_time_problem_text(tr_time_problem problem);

#endif
