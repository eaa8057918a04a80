/* Reports why a call failed, in one line. */
#ifndef TRACEREEL_FAIL_H
#define TRACEREEL_FAIL_H

#include "tracereel/status.h"

/* Writes the message (truncated if too long) to `error`, unless that is NULL, and returns `status`, so that a failing
 * function ends in `return tr_fail(...)`. */
__attribute__((format(printf, 3, 4))) tr_status tr_fail(tr_error *error, tr_status status, const char *format, ...);

/* The same for a system call that has just set errno: appends ": " and its meaning. ENOMEM becomes TR_ERROR_MEMORY,
 * EINTR TR_ERROR_INTERRUPTED, EMFILE TR_ERROR_TOO_MANY, anything else TR_ERROR_IO. */
__attribute__((format(printf, 2, 3))) tr_status tr_fail_system(tr_error *error, const char *format, ...);

/* The same for a path that may not exist: ENOENT and ENOTDIR become TR_ERROR_NOT_A_LOG. */
__attribute__((format(printf, 2, 3))) tr_status tr_fail_opening(tr_error *error, const char *format, ...);

/* Reports that memory ran out while doing what `doing` says. */
tr_status tr_fail_memory(tr_error *error, const char *doing);

#endif
