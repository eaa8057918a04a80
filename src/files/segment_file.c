#include "files/segment_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/fail.h"
#include "files/descriptor.h"
#include "files/file_kind.h"
#include "files/segment_list.h"

/* An attempt fails only when another process adds or renames a segment at the same moment. */
enum { OPEN_ATTEMPTS = 100 };

static tr_status fail_on_file(const tr_segment_file *file, const char *what, tr_error *error) {
    return tr_fail_system(error, "%s/%s: cannot %s", file->directory, file->name, what);
}

static tr_status fail_on_directory(const tr_segment_file *file, const char *what, tr_error *error) {
    return tr_fail_system(error, "%s: cannot %s", file->directory, what);
}

static tr_status set_name(tr_segment_file *file, const char *name, uint64_t sequence, tr_error *error) {
    char *copy = strdup(name);
    if (copy == NULL) {
        return tr_fail_memory(error, "opening a segment for writing");
    }
    free(file->name);
    file->name = copy;
    file->sequence = sequence;
    return TR_OK;
}

static tr_status lock(const tr_segment_file *file, tr_error *error) {
    if (tr_descriptor_lock(file->descriptor)) {
        return TR_OK;
    }
    if (errno != EWOULDBLOCK) {
        return fail_on_file(file, "lock it", error);
    }
    return tr_fail(error, TR_ERROR_LOCKED, "%s/%s: another process is writing to it; stop that, or use a new directory",
                   file->directory, file->name);
}

/* Creates a segment and continues in it. The previous one stays locked until the new one is. */
static tr_status create(tr_segment_file *file, uint64_t sequence, tr_error *error) {
    char name[TR_SEGMENT_NAME_BYTES];
    tr_segment_name_format(sequence, name);
    tr_status status = set_name(file, name, sequence, error);
    if (status != TR_OK) {
        return status;
    }
    int previous = file->descriptor;
    file->descriptor =
        openat(file->directory_descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    file->length_bytes = 0;
    if (file->descriptor >= 0) {
        status = lock(file, error);
        if (status == TR_OK && previous >= 0 && !tr_descriptor_take_after(file->descriptor, previous)) {
            status = fail_on_file(file, "give it the owner and the permissions of the segment before it", error);
        }
    } else if (errno == EEXIST) {
        status = tr_fail(error, TR_ERROR_LOCKED,
                         "%s/%s: another process made it meanwhile; stop that, or use a new "
                         "directory",
                         file->directory, name);
    } else {
        status = fail_on_file(file, "create it", error);
    }
    if (status == TR_OK && !file->is_temporary && !tr_descriptor_sync_directory(file->directory_descriptor)) {
        status = fail_on_directory(file, "make its new entry durable", error);
    }
    if (!tr_descriptor_close(previous) && status == TR_OK) {
        status = fail_on_directory(file, "close its previous segment", error);
    }
    return status;
}

tr_status tr_segment_file_next(tr_segment_file *file, tr_error *error) {
    if (file->sequence == UINT64_MAX) {
        return tr_fail(error, TR_ERROR_IO,
                       "%s/%s: it has the largest number there is, so no segment can follow it; use a new directory",
                       file->directory, file->name);
    }
    return create(file, file->sequence + 1, error);
}

/* Opens and locks an existing segment. TR_END: it has just disappeared. */
static tr_status open_existing(tr_segment_file *file, const tr_segment *segment, tr_error *error) {
    tr_status status = set_name(file, segment->name, segment->sequence, error);
    if (status != TR_OK) {
        return status;
    }
    /* O_NONBLOCK: a pipe of that name must not block the program. It has no effect on a file. */
    file->descriptor = openat(file->directory_descriptor, segment->name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    if (file->descriptor < 0) {
        return errno == ENOENT ? TR_END : fail_on_file(file, "open it for appending", error);
    }
    status = lock(file, error);
    if (status != TR_OK) {
        return status;
    }
    struct stat opened; /* read under the lock: its previous owner may have written */
    if (fstat(file->descriptor, &opened) != 0) {
        return fail_on_file(file, "get its size", error);
    }
    if (!S_ISREG(opened.st_mode)) {
        return tr_fail(error, TR_ERROR_IO, "%s/%s: expected a file, found %s", file->directory, file->name,
                       tr_file_kind_name(opened.st_mode));
    }
    file->length_bytes = (uint64_t)opened.st_size;
    return TR_OK;
}

/* Opens the segment to write to. `*is_locked` is false if another process renamed that file or created a higher one
 * before it could be locked. */
static tr_status open_last(tr_segment_file *file, const tr_segment *highest, uint64_t max_bytes, bool *is_locked,
                           tr_error *error) {
    if (highest->compressed) {
        tr_status named = set_name(file, highest->name, highest->sequence, error);
        return named == TR_OK ? tr_segment_file_next(file, error) : named;
    }
    tr_status status = open_existing(file, highest, error);
    if (status == TR_END) {
        *is_locked = false;
        return TR_OK;
    }
    bool is_named = false;
    if (status == TR_OK &&
        !tr_descriptor_find_name(file->descriptor, file->directory_descriptor, file->name, 0, &is_named)) {
        status = fail_on_file(file, "look at it", error);
    }
    tr_segment_list again;
    status = status == TR_OK ? tr_segment_list_read(file->directory, &again, error) : status;
    if (status != TR_OK) {
        return status;
    }
    *is_locked = is_named && again.count > 0 && again.items[again.count - 1].sequence == highest->sequence;
    tr_segment_list_clear(&again);
    if (*is_locked && file->length_bytes > max_bytes) {
        return tr_segment_file_next(file, error);
    }
    return TR_OK;
}

static tr_status try_to_open(tr_segment_file *file, bool append, uint64_t max_bytes, bool *is_locked, tr_error *error) {
    tr_segment_list list;
    tr_status status = tr_segment_list_read(file->directory, &list, error);
    if (status != TR_OK) {
        return status;
    }
    const tr_segment *highest = list.count > 0 ? &list.items[list.count - 1] : NULL;
    *is_locked = true;
    if (highest == NULL) {
        status = create(file, 0, error);
    } else if (append) {
        status = open_last(file, highest, max_bytes, is_locked, error);
    } else {
        status = tr_fail(error, TR_ERROR_ARGUMENT,
                         "%s: it already holds segments, the last is %s; append to it, or use a new directory",
                         file->directory, highest->name);
    }
    tr_segment_list_clear(&list);
    return status;
}

static tr_status open_directory(tr_segment_file *file, tr_error *error) {
    bool is_new = mkdir(file->directory, 0777) == 0;
    if (!is_new && errno != EEXIST) {
        return fail_on_directory(file, "create this directory", error);
    }
    file->directory_descriptor = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->directory_descriptor < 0) {
        return fail_on_directory(file, "open this directory", error);
    }
    if (!is_new) {
        return TR_OK;
    }
    int parent = openat(file->directory_descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_durable = parent >= 0 && tr_descriptor_sync_directory(parent);
    tr_status status = is_durable ? TR_OK : fail_on_directory(file, "make the new directory durable", error);
    tr_descriptor_close(parent); /* nothing was written through it */
    return status;
}

tr_status tr_segment_file_open(tr_segment_file *file, const char *directory, bool append, uint64_t max_bytes,
                               tr_error *error) {
    *file = (tr_segment_file){.directory = strdup(directory), .directory_descriptor = -1, .descriptor = -1};
    if (file->directory == NULL) {
        return tr_fail_memory(error, "opening a log for writing");
    }
    tr_status status = open_directory(file, error);
    bool is_locked = false;
    for (int attempt = 0; status == TR_OK && !is_locked; attempt++) {
        if (attempt == OPEN_ATTEMPTS) {
            return tr_fail(error, TR_ERROR_LOCKED, "%s: its last segment keeps changing: another process is at work",
                           directory);
        }
        tr_descriptor_close(file->descriptor); /* nothing was written to it */
        file->descriptor = -1;
        status = try_to_open(file, append, max_bytes, &is_locked, error);
    }
    return status;
}

tr_status tr_segment_file_write(tr_segment_file *file, const uint8_t *bytes, size_t length, tr_error *error) {
    if (!tr_descriptor_write(file->descriptor, bytes, length, &file->length_bytes)) {
        return tr_fail_system(error, "%s/%s: cannot write at offset %" PRIu64, file->directory, file->name,
                              file->length_bytes);
    }
    return TR_OK;
}

tr_status tr_segment_file_sync(tr_segment_file *file, tr_error *error) {
    bool is_durable = file->is_temporary || tr_descriptor_sync(file->descriptor);
    return is_durable ? TR_OK : fail_on_file(file, "make it durable", error);
}

tr_status tr_segment_file_close(tr_segment_file *file, tr_error *error) {
    tr_status status = tr_descriptor_close(file->descriptor) ? TR_OK : fail_on_file(file, "close it", error);
    tr_descriptor_close(file->directory_descriptor); /* nothing was written through it */
    free(file->name);
    free(file->directory);
    *file = (tr_segment_file){.directory_descriptor = -1, .descriptor = -1};
    return status;
}
