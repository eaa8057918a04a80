#include "simulation/calendar.h"

#define HOUR_NS UINT64_C(3600000000000)
#define DAY_NS (24 * HOUR_NS)
#define WEEK_NS (7 * DAY_NS)

/* A time as a number of weeks and what is left of it, from a Monday at 00:00 local time on. */
typedef struct place {
    uint64_t week;
    uint64_t ns;
} place;

static place place_of(const tr_calendar *calendar, uint64_t at_ns) {
    /* 1970 began on a Thursday. */
    int64_t shift_ns = (int64_t)(3 * DAY_NS) + calendar->offset_ns % (int64_t)WEEK_NS;
    uint64_t ahead_ns = (uint64_t)(shift_ns < 0 ? shift_ns + (int64_t)WEEK_NS : shift_ns) % WEEK_NS;
    uint64_t ns = at_ns % WEEK_NS + ahead_ns;
    return (place){at_ns / WEEK_NS + ns / WEEK_NS, ns % WEEK_NS};
}

/* Open time of a week up to there. */
static uint64_t open_until(const tr_calendar *calendar, uint64_t ns) {
    uint64_t open_ns = 0;
    for (size_t i = 0; i < calendar->window_count && calendar->windows[i].from_ns < ns; i++) {
        const tr_open_window *window = &calendar->windows[i];
        open_ns += (window->until_ns < ns ? window->until_ns : ns) - window->from_ns;
    }
    return open_ns;
}

/* The time `ahead_ns` after the beginning of a later week, or of this one, where `from` is the place of `at_ns`. */
static uint64_t time_of(uint64_t at_ns, place from, uint64_t weeks, uint64_t ahead_ns) {
    uint64_t passed_ns = ahead_ns - from.ns; /* of the same week; modulo 2^64 where that is earlier in the week */
    if (weeks > UINT64_MAX / WEEK_NS - 1) {
        return UINT64_MAX;
    }
    passed_ns += weeks * WEEK_NS;
    return passed_ns > UINT64_MAX - at_ns ? UINT64_MAX : at_ns + passed_ns;
}

uint64_t tr_calendar_after(const tr_calendar *calendar, uint64_t at_ns, uint64_t work_ns) {
    if (calendar->window_count == 0 || work_ns == 0) {
        return work_ns > UINT64_MAX - at_ns ? UINT64_MAX : at_ns + work_ns;
    }
    place from = place_of(calendar, at_ns);
    uint64_t whole_ns = open_until(calendar, WEEK_NS), before_ns = open_until(calendar, from.ns);
    if (work_ns > UINT64_MAX - before_ns) {
        return UINT64_MAX;
    }
    uint64_t weeks = (before_ns + work_ns - 1) / whole_ns;
    uint64_t rest_ns = before_ns + work_ns - weeks * whole_ns; /* of the last week: more than 0 */
    const tr_open_window *window = calendar->windows;
    while (rest_ns > window->until_ns - window->from_ns) {
        rest_ns -= window->until_ns - window->from_ns;
        window++;
    }
    return time_of(at_ns, from, weeks, window->from_ns + rest_ns);
}

uint64_t tr_calendar_opening(const tr_calendar *calendar, uint64_t at_ns) {
    place from = place_of(calendar, at_ns);
    for (size_t i = 0; i < calendar->window_count; i++) {
        if (from.ns < calendar->windows[i].until_ns) {
            return calendar->windows[i].from_ns <= from.ns ? at_ns
                                                           : time_of(at_ns, from, 0, calendar->windows[i].from_ns);
        }
    }
    return calendar->window_count == 0 ? at_ns : time_of(at_ns, from, 1, calendar->windows[0].from_ns);
}

uint64_t tr_calendar_open_ns(const tr_calendar *calendar, uint64_t from_ns, uint64_t until_ns) {
    if (calendar->window_count == 0) {
        return until_ns - from_ns;
    }
    place from = place_of(calendar, from_ns), until = place_of(calendar, until_ns);
    return (until.week - from.week) * open_until(calendar, WEEK_NS) + open_until(calendar, until.ns) -
           open_until(calendar, from.ns);
}
