/* Working hours, against a calendar that looks at each minute by itself. */
#include "simulation/calendar.h"

#include "check.h"

#define MINUTE_NS UINT64_C(60000000000)
enum { DAY_MINUTES = 1440, WEEK_MINUTES = 7 * DAY_MINUTES };

static uint64_t random_state = 0x9e3779b97f4a7c15u;

/* xorshift64*: the same numbers in every run. */
static uint64_t random_bits(void) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1du;
}

/* ---- minute by minute ---- */

static bool is_open_minute[WEEK_MINUTES]; /* from Monday on, local time */
static int64_t offset_minutes;

static bool is_open_at(uint64_t minute) {
    /* The first of January 1970 was a Thursday. */
    int64_t local = (int64_t)minute + offset_minutes + (int64_t)3 * DAY_MINUTES;
    return is_open_minute[(local % WEEK_MINUTES + WEEK_MINUTES) % WEEK_MINUTES];
}

static uint64_t after_minutes(uint64_t minute, uint64_t work) {
    while (work > 0) {
        work -= is_open_at(minute);
        minute++;
    }
    return minute;
}

/* Up to six windows, sorted and apart. */
static size_t draw_windows(tr_open_window windows[6]) {
    memset(is_open_minute, 0, sizeof is_open_minute);
    size_t count = 0;
    uint64_t at = random_bits() % 600;
    while (count < 6 && at + 1 < WEEK_MINUTES) {
        uint64_t until = at + 1 + random_bits() % 2000;
        until = until > WEEK_MINUTES ? WEEK_MINUTES : until;
        windows[count++] = (tr_open_window){at * MINUTE_NS, until * MINUTE_NS};
        for (uint64_t i = at; i < until; i++) {
            is_open_minute[i] = true;
        }
        at = until + 1 + random_bits() % 2000;
    }
    return count;
}

static void each_minute(void) {
    for (int round = 0; round < 60; round++) {
        tr_open_window windows[6];
        tr_calendar calendar = {.windows = windows};
        calendar.window_count = draw_windows(windows);
        offset_minutes = (int64_t)(random_bits() % (2 * DAY_MINUTES)) - DAY_MINUTES;
        calendar.offset_ns = offset_minutes * (int64_t)MINUTE_NS;
        uint64_t at = 28000000 + random_bits() % (3 * WEEK_MINUTES); /* in 2023 */
        uint64_t work = 1 + random_bits() % 9000, opening = at, open = 0;
        CHECK_UINT(after_minutes(at, work) * MINUTE_NS, tr_calendar_after(&calendar, at * MINUTE_NS, work * MINUTE_NS));
        while (!is_open_at(opening)) {
            opening++;
        }
        CHECK_UINT(opening * MINUTE_NS, tr_calendar_opening(&calendar, at * MINUTE_NS));
        for (uint64_t minute = at; minute < at + 5 * work; minute++) {
            open += is_open_at(minute);
        }
        CHECK_UINT(open * MINUTE_NS, tr_calendar_open_ns(&calendar, at * MINUTE_NS, (at + 5 * work) * MINUTE_NS));
    }
}

static void within_a_minute(void) {
    tr_open_window window = {9 * 60 * MINUTE_NS, 9 * 60 * MINUTE_NS + 3}; /* Monday at nine, 3 ns */
    tr_calendar calendar = {.windows = &window, .window_count = 1};
    uint64_t week_ns = WEEK_MINUTES * MINUTE_NS, monday_ns = (4 * DAY_MINUTES + 9 * 60) * MINUTE_NS;
    CHECK_UINT(monday_ns + 2, tr_calendar_after(&calendar, monday_ns, 2));
    CHECK_UINT(monday_ns + 3, tr_calendar_after(&calendar, monday_ns, 3));
    CHECK_UINT(monday_ns + week_ns + 1, tr_calendar_after(&calendar, monday_ns + 2, 2));
    CHECK_UINT(monday_ns + 3 * week_ns + 1, tr_calendar_after(&calendar, monday_ns + 5, 7));
    CHECK_UINT(monday_ns + week_ns, tr_calendar_opening(&calendar, monday_ns + 3));
    CHECK_UINT(monday_ns + 2, tr_calendar_opening(&calendar, monday_ns + 2));
    CHECK_UINT(monday_ns + 7, tr_calendar_after(&calendar, monday_ns + 7, 0));
}

static void at_the_end_of_time(void) {
    tr_open_window window = {0, MINUTE_NS};
    tr_calendar calendar = {.windows = &window, .window_count = 1}, always = {0};
    CHECK_UINT(UINT64_MAX, tr_calendar_after(&calendar, UINT64_MAX - 5, MINUTE_NS));
    CHECK_UINT(UINT64_MAX, tr_calendar_after(&calendar, 5, UINT64_MAX));
    CHECK_UINT(UINT64_MAX, tr_calendar_after(&calendar, 5, UINT64_MAX / 2));
    CHECK_UINT(UINT64_MAX, tr_calendar_after(&always, 6, UINT64_MAX - 5));
    CHECK_UINT(11, tr_calendar_after(&always, 6, 5));
    CHECK_UINT(6, tr_calendar_opening(&always, 6));
    CHECK_UINT(5, tr_calendar_open_ns(&always, 6, 11));
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("a calendar is open at the minutes of its windows, in its zone", each_minute);
    check_run("a calendar counts nanoseconds, over the weeks", within_a_minute);
    check_run("a calendar has no time after the last", at_the_end_of_time);
    return check_end();
}
