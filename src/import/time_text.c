#include "import/time_text.h"

#include <string.h>

enum { NS_DIGITS = 9, DAY_S = 86400, LAST_YEAR = 2261 };

static const uint64_t power_of_ten[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

/* What is left of the text. */
typedef struct text_scan {
    const char *at;
    const char *end;
} text_scan;

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static bool take(text_scan *scan, char byte) {
    if (scan->at == scan->end || *scan->at != byte) {
        return false;
    }
    scan->at++;
    return true;
}

/* Exactly so many digits. */
static bool take_number(text_scan *scan, int digits, int32_t *number) {
    int32_t value = 0;
    if (scan->end - scan->at < digits) {
        return false;
    }
    for (int i = 0; i < digits; i++, scan->at++) {
        if (!is_digit(*scan->at)) {
            return false;
        }
        value = value * 10 + (*scan->at - '0');
    }
    *number = value;
    return true;
}

/* Digits after a point, as a whole number of 10^-digits; those after the last are cut off. */
static bool take_fraction(text_scan *scan, unsigned digits, uint64_t *fraction) {
    unsigned count = 0;
    *fraction = 0;
    const char *begin = scan->at;
    for (; scan->at < scan->end && is_digit(*scan->at); scan->at++) {
        if (count < digits) {
            *fraction = *fraction * 10 + (uint64_t)(*scan->at - '0');
            count++;
        }
    }
    *fraction *= power_of_ten[digits - count];
    return scan->at > begin;
}

static bool take_offset(text_scan *scan, int32_t *offset_s) {
    int32_t hours = 0;
    int32_t minutes = 0;
    int32_t sign = *scan->at == '-' ? -1 : 1;
    scan->at++;
    if (!take_number(scan, 2, &hours)) {
        return false;
    }
    bool has_minutes = take(scan, ':') || scan->at < scan->end;
    if ((has_minutes && !take_number(scan, 2, &minutes)) || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

/* A zone that takes the rest of the text. */
static bool take_zone(text_scan *scan, int32_t *offset_s) {
    static const char *const names[] = {"Z", "z", "UTC", "GMT"};
    size_t length = (size_t)(scan->end - scan->at);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (length == strlen(names[i]) && memcmp(scan->at, names[i], length) == 0) {
            *offset_s = 0;
            scan->at = scan->end;
            return true;
        }
    }
    return length > 0 && (*scan->at == '+' || *scan->at == '-') && take_offset(scan, offset_s) && scan->at == scan->end;
}

bool tr_time_form_of(const char *text, size_t length, tr_time_form *form) {
    static const struct {
        const char *name;
        unsigned digits;
    } units[] = {{"s", 9}, {"ms", 6}, {"us", 3}, {"ns", 0}};
    memset(form, 0, sizeof *form);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (length == strlen(units[i].name) && memcmp(text, units[i].name, length) == 0) {
            form->is_number = true;
            form->unit_digits = units[i].digits;
            return true;
        }
    }
    text_scan scan = {text, text + length};
    form->has_zone = take_zone(&scan, &form->zone_offset_s);
    return form->has_zone;
}

/* Howard Hinnant's civil calendar: days since 1970. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int32_t days_in_month(int32_t year, int32_t month) {
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

typedef struct time_of_day {
    int32_t hour;
    int32_t minute;
    int32_t second;
    uint64_t fraction_ns;
} time_of_day;

static bool take_time_of_day(text_scan *scan, time_of_day *time) {
    if (!take_number(scan, 2, &time->hour) || !take(scan, ':') || !take_number(scan, 2, &time->minute)) {
        return false;
    }
    if (!take(scan, ':')) {
        return true;
    }
    if (!take_number(scan, 2, &time->second)) {
        return false;
    }
    return (!take(scan, '.') && !take(scan, ',')) || take_fraction(scan, NS_DIGITS, &time->fraction_ns);
}

static tr_time_problem parse_date(text_scan *scan, const tr_time_form *form, uint64_t *ns) {
    int32_t year = 0;
    int32_t month = 0;
    int32_t day = 0;
    int32_t offset_s = form->zone_offset_s;
    time_of_day time = {0, 0, 0, 0};
    if (!take_number(scan, 4, &year) || scan->at == scan->end || (*scan->at != '-' && *scan->at != '/')) {
        return TR_TIME_NO_TIME;
    }
    char between = *scan->at++;
    if (!take_number(scan, 2, &month) || !take(scan, between) || !take_number(scan, 2, &day)) {
        return TR_TIME_NO_TIME;
    }
    bool has_time = take(scan, 'T') || take(scan, 't') || take(scan, ' ');
    if (has_time && !take_time_of_day(scan, &time)) {
        return TR_TIME_NO_TIME;
    }
    (void)take(scan, ' ');
    bool names_zone = scan->at < scan->end;
    if (names_zone && !take_zone(scan, &offset_s)) {
        return TR_TIME_NO_TIME;
    } else if (!names_zone && !form->has_zone) {
        return TR_TIME_NO_ZONE;
    }
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || time.hour > 23 || time.minute > 59 ||
        time.second > 60) {
        return TR_TIME_NO_DAY;
    }
    int64_t seconds =
        days_of_date(year, month, day) * DAY_S + time.hour * 3600 + time.minute * 60 + time.second - offset_s;
    if (year > LAST_YEAR || seconds < 0) {
        return TR_TIME_BEYOND;
    }
    *ns = (uint64_t)seconds * power_of_ten[NS_DIGITS] + time.fraction_ns;
    return TR_TIME_FINE;
}

static tr_time_problem parse_number(text_scan *scan, unsigned digits, uint64_t *ns) {
    uint64_t whole = 0;
    uint64_t fraction = 0;
    const char *begin = scan->at;
    for (; scan->at < scan->end && is_digit(*scan->at); scan->at++) {
        if (whole > UINT64_MAX / 20) {
            return TR_TIME_BEYOND;
        }
        whole = whole * 10 + (uint64_t)(*scan->at - '0');
    }
    if (scan->at == begin || (take(scan, '.') && !take_fraction(scan, digits, &fraction)) || scan->at < scan->end) {
        return TR_TIME_NO_TIME;
    } else if (whole > (INT64_MAX - fraction) / power_of_ten[digits]) {
        return TR_TIME_BEYOND;
    }
    *ns = whole * power_of_ten[digits] + fraction;
    return TR_TIME_FINE;
}

tr_time_problem tr_time_parse(const char *text, size_t length, const tr_time_form *form, uint64_t *ns) {
    text_scan scan = {text, text + length};
    return form->is_number ? parse_number(&scan, form->unit_digits, ns) : parse_date(&scan, form, ns);
}

tr_time_problem tr_time_of_integer(int64_t number, unsigned unit_digits, uint64_t *ns) {
    if (number < 0 || (uint64_t)number > INT64_MAX / power_of_ten[unit_digits]) {
        return TR_TIME_BEYOND;
    }
    *ns = (uint64_t)number * power_of_ten[unit_digits];
    return TR_TIME_FINE;
}

tr_time_problem tr_time_of_number(double number, unsigned unit_digits, uint64_t *ns) {
    if (!(number >= 0 && number < 9.2e18)) {
        return TR_TIME_BEYOND;
    }
    int64_t whole = (int64_t)number;
    tr_time_problem problem = tr_time_of_integer(whole, unit_digits, ns);
    if (problem == TR_TIME_FINE) {
        *ns += (uint64_t)((number - (double)whole) * (double)power_of_ten[unit_digits] + 0.5);
    }
    return problem == TR_TIME_FINE && *ns > INT64_MAX ? TR_TIME_BEYOND : problem;
}

const char *tr_time_problem_text(tr_time_problem problem) {
    static const char *const texts[] = {
        [TR_TIME_FINE] = "is a time",
        [TR_TIME_NO_TIME] = "is not a time",
        [TR_TIME_NO_DAY] = "is not a time: there is no such day, or no such time of day",
        [TR_TIME_NO_ZONE] = "names no zone, and none was given",
        [TR_TIME_BEYOND] = "is before 1970 or after 2261",
    };
    return texts[problem];
}
