/* Outputs that are not complete: lua/tracereel/log/unfinished.lua says how they are written. */
#ifndef TRACEREEL_FILES_UNFINISHED_H
#define TRACEREEL_FILES_UNFINISHED_H

#include "tracereel/status.h"

/* If there is an unfinished log at `path`, adds that to the message in `error` (NULL allowed), which says that there is
 * none. */
void tr_unfinished_add(const char *path, tr_error *error);

#endif
