#include "files/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/fail.h"
#include "files/descriptor.h"
#include "files/file_kind.h"

static tr_status fail_on(const tr_line_file *file, const char *what, tr_error *error) {
    return tr_fail_system(error, "%s/%s: cannot %s", file->directory, file->name, what);
}

static tr_status fail_to_open(const tr_line_file *file, tr_error *error) {
    return fail_on(file, "open it for appending", error);
}

static tr_status check_is_file(const tr_line_file *file, const struct stat *found, tr_error *error) {
    return S_ISREG(found->st_mode) ? TR_OK
                                   : tr_fail(error, TR_ERROR_IO, "%s/%s: expected a file, found %s", file->directory,
                                             file->name, tr_file_kind_name(found->st_mode));
}

/* An empty file may be one that an interrupted call created. O_NONBLOCK: a pipe of that name must not block the
 * program. */
static tr_status open_lines(const tr_line_file *file, int *descriptor, struct stat *found, tr_error *error) {
    *descriptor = openat(file->directory_descriptor, file->name,
                         O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0600);
    if (*descriptor < 0) {
        return fail_to_open(file, error);
    }
    tr_status status =
        fstat(*descriptor, found) == 0 ? check_is_file(file, found, error) : fail_on(file, "get its size", error);
    if (status == TR_OK && found->st_size == 0 && !tr_descriptor_take_after(*descriptor, file->model)) {
        status = fail_on(file, "give it the owner and the permissions of the log's segments", error);
    }
    if (status != TR_OK) {
        tr_descriptor_close(*descriptor); /* nothing was written through it */
    }
    return status;
}

/* An unreadable last line counts as torn. */
static bool ends_in_whole_line(int descriptor, off_t size) {
    char last = '\0';
    return size == 0 || (pread(descriptor, &last, 1, size - 1) == 1 && last == '\n');
}

static tr_status write_durably(const tr_line_file *file, int descriptor, const uint8_t *text, size_t length,
                               tr_error *error) {
    uint64_t written = 0;
    if (!tr_descriptor_write(descriptor, text, length, &written)) {
        return fail_on(file, "append to it", error);
    }
    return tr_descriptor_sync(descriptor) ? TR_OK : fail_on(file, "make it durable", error);
}

tr_status tr_line_file_append(const tr_line_file *file, const char *line, size_t length, tr_error *error) {
    uint8_t *text = malloc(length + 2);
    if (text == NULL) {
        return tr_fail_memory(error, "writing a line");
    }
    int descriptor = -1;
    struct stat found = {0};
    tr_status status = open_lines(file, &descriptor, &found, error);
    if (status == TR_OK) {
        size_t at = 0;
        if (!ends_in_whole_line(descriptor, found.st_size)) {
            text[at++] = '\n';
        }
        memcpy(text + at, line, length);
        text[at + length] = '\n';
        status = write_durably(file, descriptor, text, at + length + 1, error);
        if (!tr_descriptor_close(descriptor) && status == TR_OK) {
            status = fail_on(file, "close it", error);
        }
    }
    free(text);
    return status;
}

tr_status tr_line_file_preflight(const tr_line_file *file, tr_error *error) {
    struct stat found;
    if (fstatat(file->directory_descriptor, file->name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
        bool can_be_made = errno == ENOENT && faccessat(file->directory_descriptor, ".", W_OK | X_OK, AT_EACCESS) == 0;
        return can_be_made ? TR_OK : fail_to_open(file, error);
    }
    if (S_ISDIR(found.st_mode) || S_ISLNK(found.st_mode)) {
        errno = S_ISDIR(found.st_mode) ? EISDIR : ELOOP;
        return fail_to_open(file, error);
    }
    if (faccessat(file->directory_descriptor, file->name, R_OK | W_OK, AT_EACCESS) != 0) {
        return fail_to_open(file, error);
    }
    return check_is_file(file, &found, error);
}
