#include "tracereel/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"

const char *tr_status_meaning(tr_status status) {
    switch (status) {
#define MEANING(name, meaning)                                                                                         \
    case name:                                                                                                         \
        return meaning;
        TR_STATUSES(MEANING)
#undef MEANING
    }
    return "an unknown status";
}

tr_status tr_fail(tr_error *error, tr_status status, const char *format, ...) {
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

tr_status tr_fail_system(tr_error *error, const char *format, ...) {
    int cause = errno;
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        size_t length = strlen(error->message);
        snprintf(error->message + length, sizeof error->message - length, ": %s", strerror(cause));
    }
    return cause == ENOMEM ? TR_ERROR_MEMORY : cause == EINTR ? TR_ERROR_INTERRUPTED : TR_ERROR_IO;
}

tr_status tr_fail_memory(tr_error *error, const char *doing) {
    return tr_fail(error, TR_ERROR_MEMORY, "out of memory while %s", doing);
}
