#include "files/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/fail.h"
#include "files/descriptor.h"

/* One name is enough: the log is locked while a new file is written. */
static const char new_name[] = "tracereel.new";

enum { COPY_BUFFER_BYTES = 256 * 1024 };

static tr_status fail_on(const tr_new_file *file, const char *name, const char *what, tr_error *error) {
    return tr_fail_system(error, "%s/%s: cannot %s", file->directory, name, what);
}

static tr_status fail_to_remove(const tr_new_file *file, tr_error *error) {
    return fail_on(file, new_name, "remove what an interrupted run left", error);
}

static tr_status fail_to_make(const tr_new_file *file, tr_error *error) {
    return fail_on(file, new_name, "create it", error);
}

tr_status tr_new_file_make(tr_new_file *file, const char *directory, int directory_descriptor, int model,
                           tr_error *error) {
    *file = (tr_new_file){.directory = directory, .directory_descriptor = directory_descriptor, .descriptor = -1};
    if (unlinkat(directory_descriptor, new_name, 0) != 0 && errno != ENOENT) {
        return fail_to_remove(file, error);
    }
    file->descriptor = openat(directory_descriptor, new_name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (file->descriptor < 0) {
        return fail_to_make(file, error);
    }
    if (!tr_descriptor_take_after(file->descriptor, model)) {
        return fail_on(file, new_name, "give it the owner and the permissions of the log's segments", error);
    }
    return tr_descriptor_lock(file->descriptor) ? TR_OK : fail_on(file, new_name, "lock it", error);
}

tr_status tr_new_file_write(tr_new_file *file, const uint8_t *bytes, size_t length, tr_error *error) {
    if (tr_descriptor_write(file->descriptor, bytes, length, &file->length_bytes)) {
        return TR_OK;
    }
    return tr_fail_system(error, "%s/%s: cannot write at offset %" PRIu64, file->directory, new_name,
                          file->length_bytes);
}

tr_status tr_new_file_copy(tr_new_file *file, int from, const char *from_name, uint64_t offset, uint64_t length_bytes,
                           tr_error *error) {
    uint8_t *buffer = malloc(COPY_BUFFER_BYTES);
    tr_status status = buffer == NULL ? tr_fail_memory(error, "copying a segment") : TR_OK;
    while (status == TR_OK && length_bytes > 0) {
        size_t wanted = length_bytes < COPY_BUFFER_BYTES ? (size_t)length_bytes : COPY_BUFFER_BYTES;
        ssize_t length = pread(from, buffer, wanted, (off_t)offset);
        if (length > 0) {
            status = tr_new_file_write(file, buffer, (size_t)length, error);
            offset += (uint64_t)length;
            length_bytes -= (uint64_t)length;
        } else if (length == 0) {
            status = tr_fail(error, TR_ERROR_ARGUMENT,
                             "%s/%s: expected %" PRIu64 " more bytes at offset %" PRIu64 ", found its end",
                             file->directory, from_name, length_bytes, offset);
        } else if (errno != EINTR) {
            status = fail_on(file, from_name, "read it", error);
        }
    }
    free(buffer);
    return status;
}

/* File systems that cannot rename without replacing support links. If the temporary name then stays, it does no harm.
 */
static int rename_to_free_name(const tr_new_file *file, const char *name) {
    int directory = file->directory_descriptor;
    int answered = renameat2(directory, new_name, directory, name, RENAME_NOREPLACE);
    if (answered != 0 && (errno == EINVAL || errno == ENOSYS)) {
        answered = linkat(directory, new_name, directory, name, 0);
        if (answered == 0) {
            unlinkat(directory, new_name, 0);
        }
    }
    return answered;
}

tr_status tr_new_file_publish(tr_new_file *file, const char *name, bool may_replace, tr_error *error) {
    tr_status status = TR_OK;
    if (!tr_descriptor_sync(file->descriptor)) {
        status = fail_on(file, new_name, "make it durable", error);
    } else if ((may_replace ? renameat(file->directory_descriptor, new_name, file->directory_descriptor, name)
                            : rename_to_free_name(file, name)) != 0) {
        status = errno == EEXIST ? TR_END : fail_on(file, name, "give this name to the new file", error);
    }
    if (status != TR_OK) {
        tr_new_file_drop(file);
    }
    return status;
}

void tr_new_file_drop(tr_new_file *file) {
    if (file->descriptor >= 0) {
        tr_descriptor_close(file->descriptor);
        file->descriptor = -1;
        unlinkat(file->directory_descriptor, new_name, 0);
    }
}

tr_status tr_new_file_preflight(const char *directory, int directory_descriptor, tr_error *error) {
    tr_new_file file = {.directory = directory, .directory_descriptor = directory_descriptor, .descriptor = -1};
    struct stat found;
    bool is_left = fstatat(directory_descriptor, new_name, &found, AT_SYMLINK_NOFOLLOW) == 0;
    if (is_left ? S_ISDIR(found.st_mode) : errno != ENOENT) {
        errno = is_left ? EISDIR : errno;
        return fail_to_remove(&file, error);
    }
    if (faccessat(directory_descriptor, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        return is_left ? fail_to_remove(&file, error) : fail_to_make(&file, error);
    }
    return TR_OK;
}
