#include "files/spool_windows.h"

#include <stddef.h>
#include <sys/mman.h>

#include "bytes/hash.h"

void tr_spool_change_window(tr_spool_windows *windows, const tr_spool *spool, uint64_t window) {
    uint64_t *place = &windows->places[tr_hash_mix(window) % TR_SPOOL_WINDOW_PLACES];
    windows->latest = window;
    if (*place == window) {
        return;
    }
    if (windows->count == TR_SPOOL_MAX_WINDOWS) {
        *windows = (tr_spool_windows){.latest = window};
        /* The pages stay in the system's cache, or go to the disk. Refused, they stay here, too: no harm. */
        (void)madvise(spool->bytes, (size_t)spool->capacity_bytes, MADV_DONTNEED);
    }
    *place = window; /* which may be in place of another one: that is then counted twice */
    windows->count++;
}
