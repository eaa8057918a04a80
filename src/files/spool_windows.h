/* How much of a spool is in this process's memory: what was looked at, until that is a certain number of windows; then
 * all of it stays in the file alone, and comes back when it is looked at. One such moment costs as much as the mapping
 * of many pages, so that windows do not go one by one. */
#ifndef TRACEREEL_SPOOL_WINDOWS_H
#define TRACEREEL_SPOOL_WINDOWS_H

#include <stdint.h>

#include "files/spool.h"

enum { TR_SPOOL_WINDOW_BITS = 16, TR_SPOOL_MAX_WINDOWS = 256, TR_SPOOL_WINDOW_PLACES = 1024 }; /* 16 MiB in all */

typedef struct tr_spool_windows {
    uint64_t latest;                         /* the window looked at last, plus 1; 0: none */
    uint32_t count;                          /* of those in memory, at least */
    uint64_t places[TR_SPOOL_WINDOW_PLACES]; /* which are, by their hash */
} tr_spool_windows;

/* For tr_spool_look alone. */
void tr_spool_change_window(tr_spool_windows *windows, const tr_spool *spool, uint64_t window);

/* Call before bytes from `offset` on are read or written. Pointers into other windows stay valid. */
static inline void tr_spool_look(tr_spool_windows *windows, const tr_spool *spool, uint64_t offset) {
    uint64_t window = (offset >> TR_SPOOL_WINDOW_BITS) + 1;
    if (window != windows->latest) {
        tr_spool_change_window(windows, spool, window);
    }
}

#endif
