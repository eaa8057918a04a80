#include "tracereel/held_arena.h"

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
#include "tracereel/file_kind.h"

struct tr_held_arena {
    char *path; /* owned */
    int descriptor;
};

static tr_status fail_on(const tr_held_arena *held, const char *what, tr_error *error) {
    return tr_fail_system(error, "%s: cannot %s", held->path, what);
}

/* ---- holding ---- */

/* O_NONBLOCK: a pipe of that name must not stop the program. */
static tr_status open_file(tr_held_arena *held, struct stat *opened, tr_error *error) {
    held->descriptor = open(held->path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (held->descriptor < 0) {
        return errno == ELOOP ? tr_fail(error, TR_ERROR_IO,
                                        "%s: expected a file, found a symbolic link; name the directory that "
                                        "the arena is in",
                                        held->path)
                              : fail_on(held, "open it for writing", error);
    }
    if (fstat(held->descriptor, opened) != 0) {
        return fail_on(held, "ask for its size", error);
    }
    return S_ISREG(opened->st_mode) ? TR_OK
                                    : tr_fail(error, TR_ERROR_IO, "%s: expected a file, found %s", held->path,
                                              tr_file_kind_words(opened->st_mode));
}

static tr_status lock(const tr_held_arena *held, const struct stat *opened, tr_error *error) {
    if (!tr_descriptor_lock(held->descriptor)) {
        return errno == EWOULDBLOCK ? tr_fail(error, TR_ERROR_LOCKED,
                                              "%s: another process holds it, the engine or another tracereel; "
                                              "stop that first",
                                              held->path)
                                    : fail_on(held, "lock it", error);
    }
    struct stat named;
    bool is_named_so =
        lstat(held->path, &named) == 0 && named.st_dev == opened->st_dev && named.st_ino == opened->st_ino;
    return is_named_so ? TR_OK
                       : tr_fail(error, TR_ERROR_LOCKED,
                                 "%s: another file has just come in its place: another process "
                                 "is at work",
                                 held->path);
}

tr_status tr_held_arena_open(const char *path, tr_held_arena **held, tr_error *error) {
    *held = NULL;
    tr_held_arena *made = calloc(1, sizeof *made);
    char *copy = strdup(path);
    if (made == NULL || copy == NULL) {
        free(made);
        free(copy);
        return tr_fail_memory(error, "holding an arena");
    }
    *made = (tr_held_arena){.path = copy, .descriptor = -1};
    struct stat opened = {0};
    tr_status status = open_file(made, &opened, error);
    status = status == TR_OK ? lock(made, &opened, error) : status;
    if (status != TR_OK) {
        tr_held_arena_close(made);
        return status;
    }
    *held = made;
    return TR_OK;
}

void tr_held_arena_close(tr_held_arena *held) {
    if (held != NULL) {
        tr_descriptor_close(held->descriptor); /* what was written through it is durable */
        free(held->path);
        free(held);
    }
}

/* ---- the header ---- */

tr_status tr_held_arena_read_header(const tr_held_arena *held, uint8_t header[TR_ARENA_HEADER_BYTES], size_t *length,
                                    uint64_t *file_bytes, tr_error *error) {
    struct stat found;
    *length = 0;
    *file_bytes = 0;
    if (fstat(held->descriptor, &found) != 0) {
        return fail_on(held, "ask for its size", error);
    }
    while (*length < TR_ARENA_HEADER_BYTES) {
        ssize_t count = pread(held->descriptor, header + *length, TR_ARENA_HEADER_BYTES - *length, (off_t)*length);
        if (count < 0 && errno != EINTR) {
            return fail_on(held, "read it", error);
        }
        if (count == 0) {
            break;
        }
        *length += count > 0 ? (size_t)count : 0;
    }
    *file_bytes = (uint64_t)found.st_size;
    return TR_OK;
}

tr_status tr_held_arena_set_write_position(tr_held_arena *held, uint64_t position_bytes, tr_error *error) {
    uint8_t bytes[sizeof position_bytes];
    tr_store_u64(bytes, position_bytes);
    ssize_t written;
    do {
        written = pwrite(held->descriptor, bytes, sizeof bytes, TR_ARENA_WRITE_POSITION_OFFSET);
    } while (written < 0 && errno == EINTR);
    if (written != (ssize_t)sizeof bytes) {
        errno = written < 0 ? errno : EIO;
        return fail_on(held, "write its write position", error);
    }
    return tr_descriptor_sync(held->descriptor)
               ? TR_OK
               : fail_on(held, "say that its write position survives a loss of power, though it is in place", error);
}

tr_status tr_held_arena_sync(tr_held_arena *held, tr_error *error) {
    return tr_descriptor_sync(held->descriptor) ? TR_OK : fail_on(held, "make it durable", error);
}
