/* How many things ran at a time: starts and ends counted in buckets of log time.
 *
 * Buckets are aligned to whole multiples of their width, which is the smallest power of two (in nanoseconds) for which
 * all times fit in TR_ACTIVITY_BUCKETS. The width therefore depends only on the earliest and the latest time, and
 * merging gives the same result in any order. */
#ifndef TRACEREEL_ACTIVITY_H
#define TRACEREEL_ACTIVITY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TR_ACTIVITY_BUCKETS = 512 };

/* All zero is an empty activity. Read it with tr_activity_at. */
typedef struct tr_activity {
    uint64_t count;        /* starts and ends together */
    uint64_t first_bucket; /* number of the bucket in slot 0: its time is first_bucket << width_shift */
    uint32_t width_shift;  /* buckets are 1 << width_shift nanoseconds wide */
    uint32_t used;         /* slots 0 to used - 1 are in use */
    uint64_t starts[TR_ACTIVITY_BUCKETS];
    uint64_t ends[TR_ACTIVITY_BUCKETS];
} tr_activity;

void tr_activity_start(tr_activity *activity, uint64_t time_ns);
void tr_activity_end(tr_activity *activity, uint64_t time_ns);
void tr_activity_merge(tr_activity *into, const tr_activity *from);

/* One bucket: when it begins, and how many starts and ends it has. `index` < activity->used. */
typedef struct tr_activity_bucket {
    uint64_t begin_ns;
    uint64_t starts;
    uint64_t ends;
} tr_activity_bucket;

tr_activity_bucket tr_activity_at(const tr_activity *activity, uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
