/* Working hours, which repeat each week. A calendar without windows is always open. */
#ifndef TRACEREEL_CALENDAR_H
#define TRACEREEL_CALENDAR_H

#include "tracereel/simulation.h"

/* When `work_ns` of open time have passed after `at_ns`; UINT64_MAX: after the end of time. */
uint64_t tr_calendar_after(const tr_calendar *calendar, uint64_t at_ns, uint64_t work_ns);
/* The first time from `at_ns` on at which it is open. */
uint64_t tr_calendar_opening(const tr_calendar *calendar, uint64_t at_ns);
/* How much of the time between is open; `until_ns` is not before `from_ns`. */
uint64_t tr_calendar_open_ns(const tr_calendar *calendar, uint64_t from_ns, uint64_t until_ns);

#endif
