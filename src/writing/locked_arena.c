#include "tracereel/locked_arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/bytes.h"
#include "bytes/fail.h"
#include "files/descriptor.h"
#include "files/file_kind.h"

struct tr_locked_arena {
    char *path; /* owned */
    int descriptor;
};

static tr_status fail_on(const tr_locked_arena *locked, const char *what, tr_error *error) {
    return tr_fail_system(error, "%s: cannot %s", locked->path, what);
}

/* ---- locking ---- */

/* O_NONBLOCK: a pipe of that name must not block the program. */
static tr_status open_file(tr_locked_arena *locked, struct stat *opened, tr_error *error) {
    locked->descriptor = open(locked->path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (locked->descriptor < 0) {
        return errno == ELOOP ? tr_fail(error, TR_ERROR_IO,
                                        "%s: expected a file, found a symbolic link; name the directory that "
                                        "the arena is in",
                                        locked->path)
                              : fail_on(locked, "open it for writing", error);
    }
    if (fstat(locked->descriptor, opened) != 0) {
        return fail_on(locked, "get its size", error);
    }
    return S_ISREG(opened->st_mode) ? TR_OK
                                    : tr_fail(error, TR_ERROR_IO, "%s: expected a file, found %s", locked->path,
                                              tr_file_kind_name(opened->st_mode));
}

static tr_status lock(const tr_locked_arena *locked, tr_error *error) {
    if (!tr_descriptor_lock(locked->descriptor)) {
        return errno == EWOULDBLOCK ? tr_fail(error, TR_ERROR_LOCKED,
                                              "%s: another process holds it, the engine or another tracereel; "
                                              "stop that first",
                                              locked->path)
                                    : fail_on(locked, "lock it", error);
    }
    bool is_named = false;
    if (!tr_descriptor_find_name(locked->descriptor, AT_FDCWD, locked->path, AT_SYMLINK_NOFOLLOW, &is_named)) {
        return fail_on(locked, "look at it", error);
    }
    return is_named ? TR_OK
                    : tr_fail(error, TR_ERROR_LOCKED,
                              "%s: another file has just taken its place: another process "
                              "is at work",
                              locked->path);
}

tr_status tr_locked_arena_open(const char *path, tr_locked_arena **locked, tr_error *error) {
    *locked = NULL;
    tr_locked_arena *made = calloc(1, sizeof *made);
    char *copy = strdup(path);
    if (made == NULL || copy == NULL) {
        free(made);
        free(copy);
        return tr_fail_memory(error, "holding an arena");
    }
    *made = (tr_locked_arena){.path = copy, .descriptor = -1};
    struct stat opened = {0};
    tr_status status = open_file(made, &opened, error);
    status = status == TR_OK ? lock(made, error) : status;
    if (status != TR_OK) {
        tr_locked_arena_close(made);
        return status;
    }
    *locked = made;
    return TR_OK;
}

void tr_locked_arena_close(tr_locked_arena *locked) {
    if (locked != NULL) {
        tr_descriptor_close(locked->descriptor); /* what was written through it is durable */
        free(locked->path);
        free(locked);
    }
}

/* ---- the header ---- */

tr_status tr_locked_arena_read_header(const tr_locked_arena *locked, uint8_t header[TR_ARENA_HEADER_BYTES],
                                      size_t *length, uint64_t *file_bytes, tr_error *error) {
    struct stat found;
    *length = 0;
    *file_bytes = 0;
    if (fstat(locked->descriptor, &found) != 0) {
        return fail_on(locked, "get its size", error);
    }
    while (*length < TR_ARENA_HEADER_BYTES) {
        ssize_t count = pread(locked->descriptor, header + *length, TR_ARENA_HEADER_BYTES - *length, (off_t)*length);
        if (count < 0 && errno != EINTR) {
            return fail_on(locked, "read it", error);
        }
        if (count == 0) {
            break;
        }
        *length += count > 0 ? (size_t)count : 0;
    }
    *file_bytes = (uint64_t)found.st_size;
    return TR_OK;
}

tr_status tr_locked_arena_set_write_position(tr_locked_arena *locked, uint64_t position_bytes, tr_error *error) {
    uint8_t bytes[sizeof position_bytes];
    tr_store_u64(bytes, position_bytes);
    ssize_t written;
    do {
        written = pwrite(locked->descriptor, bytes, sizeof bytes, TR_ARENA_WRITE_POSITION_OFFSET);
    } while (written < 0 && errno == EINTR);
    if (written != (ssize_t)sizeof bytes) {
        errno = written < 0 ? errno : EIO;
        return fail_on(locked, "write its write position", error);
    }
    return tr_descriptor_sync(locked->descriptor)
               ? TR_OK
               : fail_on(locked, "guarantee that its write position survives a power loss, though it is in place",
                         error);
}

tr_status tr_locked_arena_sync(tr_locked_arena *locked, tr_error *error) {
    return tr_descriptor_sync(locked->descriptor) ? TR_OK : fail_on(locked, "make it durable", error);
}
