/* Filling a tr_error, for the engine's own layers. */
#ifndef TRACEREEL_ERROR_H
#define TRACEREEL_ERROR_H

#include "tracereel/status.h"

#if defined(__GNUC__)
#define TR_FORMAT_LIKE_PRINTF(format_index, first_argument)                                                            \
    __attribute__((format(printf, format_index, first_argument)))
#else
#define TR_FORMAT_LIKE_PRINTF(format_index, first_argument)
#endif

/* Writes the message, in one line: control bytes (a file name may hold a newline) become '?', and a message that is too
 * long is cut between characters. `error` may be NULL. Returns `status`, so that a failure is one statement. Does not
 * change errno. */
tr_status tr_fail(tr_error *error, tr_status status, const char *format, ...) TR_FORMAT_LIKE_PRINTF(3, 4);

/* The same for a system call that failed: "cannot WHAT DIRECTORY/NAME: strerror(errno)", TR_ERROR_IO. `name` may be
 * NULL: the directory, or a whole path, is meant. */
tr_status tr_fail_system(tr_error *error, const char *what, const char *directory, const char *name);

#endif
