/* Outputs that were begun and are not whole: lua/tracereel/log/unfinished.lua says how they are written. */
#ifndef TRACEREEL_FILES_UNFINISHED_H
#define TRACEREEL_FILES_UNFINISHED_H

#include "tracereel/status.h"

/* Adds to the message in `error` (NULL allowed), which says that there is no log at `path`: an unfinished one is there.
 */
void tr_unfinished_add(const char *path, tr_error *error);

#endif
