#include "tracereel/activity.h"

#include <string.h>

/* Makes every bucket `1 << by` times as wide. Slot 0 stays the first; its number is rounded down. */
static void widen(tr_activity *activity, uint32_t by) {
    uint64_t first = activity->first_bucket >> by;
    for (uint32_t slot = 0; slot < activity->used; slot++) {
        uint64_t starts = activity->starts[slot];
        uint64_t ends = activity->ends[slot];
        uint32_t to = (uint32_t)(((activity->first_bucket + slot) >> by) - first);
        activity->starts[slot] = 0;
        activity->ends[slot] = 0;
        activity->starts[to] += starts;
        activity->ends[to] += ends;
    }
    if (activity->used > 0) {
        activity->used = (uint32_t)(((activity->first_bucket + activity->used - 1) >> by) - first) + 1;
    }
    activity->first_bucket = first;
    activity->width_shift += by;
}

/* Makes room for the bucket of `time_ns` and returns its slot. */
static uint32_t slot_of(tr_activity *activity, uint64_t time_ns) {
    uint64_t bucket = time_ns >> activity->width_shift;
    if (activity->used == 0) {
        activity->first_bucket = bucket;
        activity->used = 1;
        return 0;
    }
    uint64_t first = activity->first_bucket < bucket ? activity->first_bucket : bucket;
    uint64_t last = activity->first_bucket + activity->used - 1;
    last = last > bucket ? last : bucket;
    uint32_t by = 0;
    while ((last >> by) - (first >> by) >= TR_ACTIVITY_BUCKETS) {
        by++;
    }
    if (by > 0) {
        widen(activity, by);
        bucket >>= by;
        first >>= by;
        last >>= by;
    }
    uint32_t moved = (uint32_t)(activity->first_bucket - first);
    if (moved > 0) {
        memmove(activity->starts + moved, activity->starts, activity->used * sizeof *activity->starts);
        memmove(activity->ends + moved, activity->ends, activity->used * sizeof *activity->ends);
        memset(activity->starts, 0, moved * sizeof *activity->starts);
        memset(activity->ends, 0, moved * sizeof *activity->ends);
        activity->first_bucket = first;
    }
    activity->used = (uint32_t)(last - first) + 1;
    return (uint32_t)(bucket - first);
}

void tr_activity_start(tr_activity *activity, uint64_t time_ns) {
    activity->starts[slot_of(activity, time_ns)]++;
    activity->count++;
}

void tr_activity_end(tr_activity *activity, uint64_t time_ns) {
    activity->ends[slot_of(activity, time_ns)]++;
    activity->count++;
}

void tr_activity_merge(tr_activity *into, const tr_activity *from) {
    if (from->used == 0) {
        return;
    }
    tr_activity other = *from;
    if (into->used > 0 && into->width_shift > other.width_shift) {
        widen(&other, into->width_shift - other.width_shift);
    } else if (into->used > 0 && into->width_shift < other.width_shift) {
        widen(into, other.width_shift - into->width_shift);
    } else if (into->used == 0) {
        into->width_shift = other.width_shift;
    }
    for (uint32_t slot = 0; slot < other.used; slot++) {
        if (other.starts[slot] == 0 && other.ends[slot] == 0) {
            continue;
        }
        uint32_t to = slot_of(into, (other.first_bucket + slot) << other.width_shift);
        into->starts[to] += other.starts[slot];
        into->ends[to] += other.ends[slot];
    }
    into->count += other.count;
}

tr_activity_bucket tr_activity_at(const tr_activity *activity, uint32_t index) {
    return (tr_activity_bucket){(activity->first_bucket + index) << activity->width_shift, activity->starts[index],
                                activity->ends[index]};
}
