#include "tracereel/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bytes/fail.h"

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

/* The largest length, up to `length`, at which `text` can be cut without splitting a UTF-8 character. */
static size_t whole_characters(const char *text, size_t length) {
    size_t lead = length;
    while (lead > 0 && length - lead < 3 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80) {
        lead--;
    }
    if (lead == 0 || (unsigned char)text[lead - 1] < 0xc0) {
        return length;
    }
    unsigned char first = (unsigned char)text[lead - 1];
    size_t character_bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    return length - (lead - 1) < character_bytes ? lead - 1 : length;
}

/* Appends to the message at `used`; returns the new length. File names may contain anything: control bytes become '?',
 * so that the message stays one line. */
static size_t append(tr_error *error, size_t used, const char *format, va_list arguments) {
    size_t room = sizeof error->message - used;
    char *start = error->message + used;
    int length = vsnprintf(start, room, format, arguments);
    if (length < 0) { /* only if the C library is out of memory */
        *start = '\0';
    } else if ((size_t)length >= room) {
        start[whole_characters(start, room - 1)] = '\0';
    }
    for (char *at = start; *at != '\0'; at++) {
        *at = (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at;
    }
    return used + strlen(start);
}

static void __attribute__((format(printf, 3, 4))) append_words(tr_error *error, size_t used, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    append(error, used, format, arguments);
    va_end(arguments);
}

tr_status tr_fail(tr_error *error, tr_status status, const char *format, ...) {
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        append(error, 0, format, arguments);
        va_end(arguments);
    }
    return status;
}

/* Appends the meaning of errno to the message, and returns the status for it. */
static tr_status fail_by_errno(tr_error *error, const char *format, va_list arguments) {
    int cause = errno;
    if (error != NULL) {
        size_t used = append(error, 0, format, arguments);
        append_words(error, used, ": %s", strerror(cause));
    }
    errno = cause;
    switch (cause) {
    case ENOMEM:
        return TR_ERROR_MEMORY;
    case EINTR:
        return TR_ERROR_INTERRUPTED;
    case EMFILE:
        return TR_ERROR_TOO_MANY;
    default:
        return TR_ERROR_IO;
    }
}

tr_status tr_fail_system(tr_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    tr_status status = fail_by_errno(error, format, arguments);
    va_end(arguments);
    return status;
}

tr_status tr_fail_opening(tr_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    tr_status status = fail_by_errno(error, format, arguments);
    va_end(arguments);
    return errno == ENOENT || errno == ENOTDIR ? TR_ERROR_NOT_A_LOG : status;
}

tr_status tr_fail_memory(tr_error *error, const char *doing) {
    return tr_fail(error, TR_ERROR_MEMORY, "out of memory while %s", doing);
}
