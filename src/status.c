#include "tracereel/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

const char *tr_status_meaning(tr_status status) {
    static const char *const meanings[] = {
#define STATUS_MEANING(name, meaning) [name] = (meaning),
        TR_STATUSES(STATUS_MEANING)
#undef STATUS_MEANING
    };
    size_t index = (size_t)status;
    return index < sizeof meanings / sizeof meanings[0] ? meanings[index] : "an unknown status";
}

/* The length without the beginning of a UTF-8 character that a cut has left at the end. */
static size_t whole_characters(const char *text, size_t length) {
    size_t start = length;
    while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xc0u) == 0x80u) {
        start--;
    }
    if (start == 0 || (unsigned char)text[start - 1] < 0xc0u) {
        return length;
    }
    unsigned char lead = (unsigned char)text[start - 1];
    size_t expected = lead >= 0xf0u ? 4 : lead >= 0xe0u ? 3 : 2;
    return length - (start - 1) < expected ? start - 1 : length;
}

static void make_one_line(char *message) {
    for (char *at = message; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            *at = '?';
        }
    }
}

tr_status tr_fail(tr_error *error, tr_status status, const char *format, ...) {
    if (error == NULL) {
        return status;
    }
    int saved_errno = errno;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (length < 0) { /* only a memory failure inside the C library gets here */
        snprintf(error->message, sizeof error->message, "%s", tr_status_meaning(status));
    } else if ((size_t)length >= sizeof error->message) {
        error->message[whole_characters(error->message, sizeof error->message - 1)] = '\0';
    }
    make_one_line(error->message);
    errno = saved_errno;
    return status;
}

tr_status tr_fail_system(tr_error *error, const char *what, const char *directory, const char *name) {
    const char *reason = strerror(errno);
    if (name == NULL) {
        return tr_fail(error, TR_ERROR_IO, "cannot %s %s: %s", what, directory, reason);
    }
    return tr_fail(error, TR_ERROR_IO, "cannot %s %s/%s: %s", what, directory, name, reason);
}
