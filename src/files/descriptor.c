#include "files/descriptor.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool tr_descriptor_sync(int descriptor) {
    int answered;
    do {
        answered = fsync(descriptor);
    } while (answered != 0 && errno == EINTR);
    return answered == 0;
}

bool tr_descriptor_sync_directory(int descriptor) {
    return tr_descriptor_sync(descriptor) || errno == EINVAL;
}

bool tr_descriptor_write(int descriptor, const uint8_t *bytes, size_t length, uint64_t *written_bytes) {
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        bytes += written;
        length -= (size_t)written;
        *written_bytes += (uint64_t)written;
    }
    return true;
}

bool tr_descriptor_lock(int descriptor) {
    int answered;
    do {
        answered = flock(descriptor, LOCK_EX | LOCK_NB);
    } while (answered != 0 && errno == EINTR);
    return answered == 0;
}

bool tr_descriptor_find_name(int descriptor, int directory_descriptor, const char *name, int flags, bool *is_named) {
    struct stat opened, named;
    *is_named = false;
    if (fstat(descriptor, &opened) != 0) {
        return false;
    }
    if (fstatat(directory_descriptor, name, &named, flags) != 0) {
        return errno == ENOENT;
    }
    *is_named = named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
    return true;
}

bool tr_descriptor_take_after(int descriptor, int model) {
    struct stat found;
    return fstat(model, &found) == 0 &&
           (fchown(descriptor, found.st_uid, found.st_gid) == 0 || errno == EPERM || errno == EINVAL) &&
           fchmod(descriptor, found.st_mode & 0777) == 0;
}

/* Linux has closed the file even if close() fails with EINTR. */
bool tr_descriptor_close(int descriptor) {
    return descriptor < 0 || close(descriptor) == 0 || errno == EINTR;
}
