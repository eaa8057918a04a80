#include "tracereel/locked_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/fail.h"
#include "files/descriptor.h"
#include "files/line_file.h"
#include "files/new_file.h"
#include "files/segment_list.h"
#include "tracereel/record.h"

/* An attempt fails only when another process adds or renames a segment at the same moment. */
enum { OPEN_ATTEMPTS = 100 };

struct tr_locked_log {
    char *directory; /* owned */
    uint64_t highest;
    char highest_name[NAME_MAX + 1];
    char next_name[TR_SEGMENT_NAME_BYTES]; /* empty if no number is left */
    int directory_descriptor;
    int highest_descriptor; /* holds the lock */
};

static tr_status fail_on(const tr_locked_log *locked, const char *name, const char *what, tr_error *error) {
    return tr_fail_system(error, "%s/%s: cannot %s", locked->directory, name, what);
}

static tr_status fail_locked(const tr_locked_log *locked, const char *name, tr_error *error) {
    return tr_fail(error, TR_ERROR_LOCKED,
                   "%s/%s: another process holds it, the engine or another tracereel; stop that first",
                   locked->directory, name);
}

static tr_status lock(const tr_locked_log *locked, int descriptor, const char *name, tr_error *error) {
    if (tr_descriptor_lock(descriptor)) {
        return TR_OK;
    }
    return errno == EWOULDBLOCK ? fail_locked(locked, name, error) : fail_on(locked, name, "lock it", error);
}

/* ---- locking ---- */

/* Makes the segment the highest one; its lock, held by `descriptor`, replaces the previous one. */
static void hold(tr_locked_log *locked, const char *name, uint64_t sequence, int descriptor) {
    tr_descriptor_close(locked->highest_descriptor); /* everything written through it is durable */
    snprintf(locked->highest_name, sizeof locked->highest_name, "%s", name);
    locked->highest = sequence;
    locked->highest_descriptor = descriptor;
    locked->next_name[0] = '\0';
    if (sequence < UINT64_MAX) {
        tr_segment_name_format(sequence + 1, locked->next_name);
    }
}

/* Opens and locks a segment. TR_END: it has just disappeared. O_NONBLOCK: a pipe of that name must not block the
 * program. */
static tr_status open_and_lock(const tr_locked_log *locked, const char *name, int *descriptor, tr_error *error) {
    *descriptor = openat(locked->directory_descriptor, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*descriptor < 0) {
        return errno == ENOENT ? TR_END : fail_on(locked, name, "open it", error);
    }
    tr_status status = lock(locked, *descriptor, name, error);
    if (status != TR_OK) {
        tr_descriptor_close(*descriptor);
        *descriptor = -1;
    }
    return status;
}

/* An engine that continues in a new segment may still hold the previous one. */
static tr_status look_at_others(const tr_locked_log *locked, const tr_segment_list *list, tr_error *error) {
    for (uint32_t i = 0; i + 1 < list->count; i++) {
        int descriptor;
        tr_status status = open_and_lock(locked, list->items[i].name, &descriptor, error);
        if (status == TR_OK) {
            tr_descriptor_close(descriptor);
        } else if (status != TR_END) {
            return status;
        }
    }
    return TR_OK;
}

/* Locks the highest segment of the list. `*is_locked` is false if the directory has changed meanwhile. */
static tr_status lock_highest(tr_locked_log *locked, const tr_segment_list *list, bool *is_locked, tr_error *error) {
    const tr_segment *highest = &list->items[list->count - 1];
    int descriptor;
    tr_status status = open_and_lock(locked, highest->name, &descriptor, error);
    if (status == TR_END) {
        return TR_OK;
    }
    if (status != TR_OK) {
        return status;
    }
    hold(locked, highest->name, highest->sequence, descriptor);
    bool is_named = false;
    if (!tr_descriptor_find_name(descriptor, locked->directory_descriptor, highest->name, 0, &is_named)) {
        return fail_on(locked, highest->name, "look at it", error);
    }
    tr_segment_list again;
    status = tr_segment_list_read(locked->directory, &again, error);
    if (status != TR_OK) {
        return status;
    }
    *is_locked = is_named && again.count > 0 && again.items[again.count - 1].sequence == locked->highest;
    tr_segment_list_clear(&again);
    return *is_locked ? look_at_others(locked, list, error) : TR_OK;
}

static tr_status open_directory(tr_locked_log *locked, tr_error *error) {
    locked->directory_descriptor = open(locked->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (locked->directory_descriptor >= 0) {
        return TR_OK;
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        return tr_fail(error, TR_ERROR_NOT_A_LOG,
                       "%s: only a directory of segments can be changed, and this is not one; name the log's directory",
                       locked->directory);
    }
    return tr_fail_system(error, "%s: cannot open this directory", locked->directory);
}

static tr_status try_to_lock(tr_locked_log *locked, bool *is_locked, tr_error *error) {
    tr_segment_list list;
    tr_status status = tr_segment_list_read(locked->directory, &list, error);
    if (status == TR_OK && list.count == 0) {
        status =
            tr_fail(error, TR_ERROR_NOT_A_LOG, "%s: no segment (wal_*.log) is in this directory", locked->directory);
    }
    if (status == TR_OK) {
        status = lock_highest(locked, &list, is_locked, error);
    }
    tr_segment_list_clear(&list);
    return status;
}

tr_status tr_locked_log_open(const char *directory, tr_locked_log **locked, tr_error *error) {
    *locked = NULL;
    tr_locked_log *opened = calloc(1, sizeof *opened);
    char *copy = strdup(directory);
    if (opened == NULL || copy == NULL) {
        free(opened);
        free(copy);
        return tr_fail_memory(error, "holding a log");
    }
    *opened = (tr_locked_log){.directory = copy, .directory_descriptor = -1, .highest_descriptor = -1};
    tr_status status = open_directory(opened, error);
    bool is_locked = false;
    for (int attempt = 0; status == TR_OK && !is_locked; attempt++) {
        status = attempt < OPEN_ATTEMPTS
                     ? try_to_lock(opened, &is_locked, error)
                     : tr_fail(error, TR_ERROR_LOCKED,
                               "%s: its last segment keeps changing: another process is at work", directory);
    }
    if (status != TR_OK) {
        tr_locked_log_close(opened);
        return status;
    }
    *locked = opened;
    return TR_OK;
}

const char *tr_locked_log_next_name(const tr_locked_log *locked) {
    return locked->next_name[0] == '\0' ? NULL : locked->next_name;
}

tr_status tr_locked_log_sync(tr_locked_log *locked, tr_error *error) {
    return tr_descriptor_sync_directory(locked->directory_descriptor)
               ? TR_OK
               : tr_fail_system(error, "%s: cannot make its entries durable", locked->directory);
}

void tr_locked_log_close(tr_locked_log *locked) {
    if (locked != NULL) {
        tr_descriptor_close(locked->highest_descriptor);
        tr_descriptor_close(locked->directory_descriptor);
        free(locked->directory);
        free(locked);
    }
}

/* ---- changing ---- */

static tr_status make_entries_durable(tr_locked_log *locked, const char *name, tr_error *error) {
    if (tr_descriptor_sync_directory(locked->directory_descriptor)) {
        return TR_OK;
    }
    return fail_on(locked, name, "guarantee that it survives a power loss, though it is in place", error);
}

static tr_status fail_taken(const tr_locked_log *locked, const char *name, tr_error *error) {
    return tr_fail(error, TR_ERROR_ARGUMENT, "%s/%s: it exists already; move it away first", locked->directory, name);
}

static tr_status check_records(const uint8_t *bytes, size_t length, tr_error *error) {
    for (size_t at = 0; at < length;) {
        tr_record record;
        tr_defect defect;
        if (tr_record_decode(bytes + at, length - at, &record, &defect) != TR_OK) {
            char words[128];
            tr_defect_describe(&defect, words, sizeof words);
            return tr_fail(error, TR_ERROR_ARGUMENT, "cannot add a segment: no record at offset %zu: %s", at, words);
        }
        at += record.length_bytes;
    }
    return length > 0 ? TR_OK : tr_fail(error, TR_ERROR_ARGUMENT, "cannot add a segment without records");
}

tr_status tr_locked_log_add_segment(tr_locked_log *locked, const uint8_t *bytes, size_t length, tr_error *error) {
    if (tr_locked_log_next_name(locked) == NULL) {
        return tr_fail(error, TR_ERROR_ARGUMENT,
                       "%s/%s: it has the largest number there is, so no segment can follow it; start a new log",
                       locked->directory, locked->highest_name);
    }
    tr_status status = check_records(bytes, length, error);
    if (status != TR_OK) {
        return status;
    }
    tr_new_file file;
    status =
        tr_new_file_make(&file, locked->directory, locked->directory_descriptor, locked->highest_descriptor, error);
    status = status == TR_OK ? tr_new_file_write(&file, bytes, length, error) : status;
    if (status != TR_OK) {
        tr_new_file_drop(&file);
        return status;
    }
    char name[TR_SEGMENT_NAME_BYTES];
    memcpy(name, locked->next_name, sizeof name);
    status = tr_new_file_publish(&file, name, false, error);
    if (status != TR_OK) {
        return status == TR_END ? fail_locked(locked, name, error) : status;
    }
    status = make_entries_durable(locked, name, error);
    hold(locked, name, locked->highest + 1, file.descriptor);
    return status;
}

/* Writes the stretches of a segment to a new file. On failure the file is dropped. */
static tr_status copy_to_new(tr_locked_log *locked, const char *name, const tr_stretch *stretches, size_t count,
                             tr_new_file *file, tr_error *error) {
    int from = openat(locked->directory_descriptor, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (from < 0) {
        return fail_on(locked, name, "open it", error);
    }
    tr_status status = tr_new_file_make(file, locked->directory, locked->directory_descriptor, from, error);
    for (size_t i = 0; status == TR_OK && i < count; i++) {
        status = tr_new_file_copy(file, from, name, stretches[i].offset, stretches[i].length_bytes, error);
    }
    tr_descriptor_close(from); /* nothing was written through it */
    if (status != TR_OK) {
        tr_new_file_drop(file);
    }
    return status;
}

/* A rename would replace the link, and leave its target unchanged. */
static tr_status check_is_no_link(const tr_locked_log *locked, const char *name, tr_error *error) {
    struct stat found;
    if (fstatat(locked->directory_descriptor, name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
        return fail_on(locked, name, "find it", error);
    }
    return !S_ISLNK(found.st_mode) ? TR_OK
                                   : tr_fail(error, TR_ERROR_ARGUMENT,
                                             "%s/%s: expected a file, found a symbolic link, which cannot be replaced "
                                             "without leaving what it leads to as it is",
                                             locked->directory, name);
}

/* Whether both names are links to one file: then an interrupted call has already kept it. */
static bool is_kept(const tr_locked_log *locked, const char *name, const char *original_name) {
    struct stat segment, original;
    return fstatat(locked->directory_descriptor, name, &segment, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(locked->directory_descriptor, original_name, &original, AT_SYMLINK_NOFOLLOW) == 0 &&
           segment.st_dev == original.st_dev && segment.st_ino == original.st_ino;
}

static tr_status keep_original(tr_locked_log *locked, const char *name, const char *original_name, tr_error *error) {
    int directory = locked->directory_descriptor;
    if (linkat(directory, name, directory, original_name, 0) != 0 &&
        !(errno == EEXIST && is_kept(locked, name, original_name))) {
        return errno == EEXIST ? fail_taken(locked, original_name, error)
                               : fail_on(locked, original_name, "keep the original under this name", error);
    }
    tr_status status = make_entries_durable(locked, original_name, error);
    if (status != TR_OK) {
        unlinkat(directory, original_name, 0); /* it is only a second name */
    }
    return status;
}

tr_status tr_locked_log_replace_segment(tr_locked_log *locked, const char *name, const tr_stretch *kept, size_t count,
                                        const char *original_name, tr_error *error) {
    tr_new_file file;
    tr_status status = check_is_no_link(locked, name, error);
    status = status == TR_OK ? copy_to_new(locked, name, kept, count, &file, error) : status;
    if (status != TR_OK) {
        return status;
    }
    status = keep_original(locked, name, original_name, error);
    if (status != TR_OK) {
        tr_new_file_drop(&file);
        return status;
    }
    status = tr_new_file_publish(&file, name, true, error);
    if (status != TR_OK) {
        unlinkat(locked->directory_descriptor, original_name, 0); /* it is only a second name */
        return status;
    }
    status = make_entries_durable(locked, name, error);
    if (strcmp(name, locked->highest_name) == 0) {
        hold(locked, name, locked->highest, file.descriptor);
    } else {
        tr_descriptor_close(file.descriptor); /* its bytes are durable */
    }
    return status;
}

tr_status tr_locked_log_save(tr_locked_log *locked, const char *name, const tr_stretch *stretches, size_t count,
                             const char *copy_name, tr_error *error) {
    tr_new_file file;
    tr_status status = copy_to_new(locked, name, stretches, count, &file, error);
    status = status == TR_OK ? tr_new_file_publish(&file, copy_name, false, error) : status;
    if (status != TR_OK) {
        return status == TR_END ? fail_taken(locked, copy_name, error) : status;
    }
    tr_descriptor_close(file.descriptor); /* its bytes are durable */
    return make_entries_durable(locked, copy_name, error);
}

/* ---- lines ---- */

tr_status tr_locked_log_append_line(tr_locked_log *locked, const char *file_name, const char *line, size_t length,
                                    tr_error *error) {
    tr_line_file file = {locked->directory, locked->directory_descriptor, file_name, locked->highest_descriptor};
    tr_status status = tr_line_file_append(&file, line, length, error);
    return status == TR_OK ? tr_locked_log_sync(locked, error) : status;
}

tr_status tr_locked_log_preflight(const tr_locked_log *locked, const char *file_name, tr_error *error) {
    tr_line_file file = {locked->directory, locked->directory_descriptor, file_name, locked->highest_descriptor};
    tr_status status = tr_line_file_preflight(&file, error);
    return status == TR_OK ? tr_new_file_preflight(locked->directory, locked->directory_descriptor, error) : status;
}
