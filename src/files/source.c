#include "files/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bytes/fail.h"
#include "files/command.h"
#include "files/file_kind.h"
#include "files/inflater.h"
#include "files/mapping.h"
#include "files/temporary.h"

enum {
    MAX_MAPPED_AGAIN = 100,              /* a page lost more often than this is lost for good */
    CHUNK_BYTES = 256 * 1024,            /* read, or inflated, at a time */
    FORGET_BYTES = 32 * 1024 * 1024,     /* granularity in which a stream's disk space is released */
    SPOOL_STEP_BYTES = 64 * 1024 * 1024, /* granularity in which a stream's address space is reserved */
    WINDOWED_BYTES = 1024 * 1024         /* files from this size on are read through a window */
};

struct tr_source {
    tr_source_kind kind;
    char *name;
    tr_command command;
    int input; /* the file, the archive or the pipe */
    int spool; /* the temporary file, or -1 */
    tr_mapping mapping;
    tr_file_window *window; /* of a file that is not mapped, or not yet; otherwise NULL */
    size_t file_bytes;      /* the size of a file with a window */
    size_t available_bytes;
    size_t forgotten_bytes; /* those before this offset are not needed any more */
    bool complete;
    unsigned mapped_again; /* how often, because a page was lost though the size was unchanged */
    uint64_t read_bytes;   /* of a stream */
    tr_inflater *inflater;
    uint8_t *output_chunk; /* streams and archives */
    char diagnostic[160];
};

static tr_status open_spool(tr_source *source, tr_error *error) {
    const char *directory;
    source->spool = tr_temporary_file(&directory);
    if (source->spool < 0) {
        return tr_fail_system(error, "%s: cannot make a temporary file in %s (set TMPDIR to another directory)",
                              source->name, directory);
    }
    return TR_OK;
}

static tr_status start_spooling(tr_source *source, tr_error *error) {
    source->output_chunk = malloc(CHUNK_BYTES);
    if (source->output_chunk == NULL) {
        return tr_fail_memory(error, "opening a stream");
    }
    if (source->kind == TR_SOURCE_ARCHIVE) {
        tr_coding coding = tr_coding_of_name(source->name);
        tr_status status = tr_inflater_open(coding, source->input, source->name, &source->inflater, error);
        if (status != TR_OK) {
            return status;
        }
    }
    return open_spool(source, error);
}

static tr_status map(tr_source *source, size_t bytes, tr_error *error) {
    if (bytes > 0) {
        tr_status status = tr_mapping_set(&source->mapping, source->input, bytes, source->name, error);
        if (status != TR_OK) {
            return status;
        }
    }
    source->available_bytes = bytes;
    source->complete = true;
    return TR_OK;
}

static tr_status get_size(const tr_source *source, struct stat *status, tr_error *error) {
    return fstat(source->input, status) == 0 ? TR_OK : tr_fail_system(error, "%s: cannot get its size", source->name);
}

/* From here on all of the file is available. */
static tr_status leave_window(tr_source *source, tr_error *error) {
    struct stat found;
    tr_status status = get_size(source, &found, error);
    if (status == TR_OK) {
        status = map(source, (size_t)found.st_size, error);
    }
    if (status == TR_OK) {
        source->window = NULL;
    }
    return status;
}

static tr_status open_file(tr_source *source, tr_file_window *window, tr_error *error) {
    struct stat found;
    tr_status status = get_size(source, &found, error);
    if (status != TR_OK) {
        return status;
    }
    if (!S_ISREG(found.st_mode)) {
        return tr_fail(error, TR_ERROR_NOT_A_LOG, "%s: expected a file, found %s", source->name,
                       tr_file_kind_name(found.st_mode));
    }
    if (source->kind != TR_SOURCE_FILE) {
        return TR_OK;
    }
    if (window == NULL || found.st_size < WINDOWED_BYTES) {
        return map(source, (size_t)found.st_size, error);
    }
    source->window = window;
    source->file_bytes = (size_t)found.st_size;
    tr_file_window_empty(window);
    return TR_OK;
}

static tr_status open_input(tr_source *source, const char *path, tr_error *error) {
    if (strcmp(path, "-") == 0) {
        source->input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    } else {
        /* Without O_NONBLOCK, opening a pipe named like a segment would block until it has a writer. */
        int wait = source->kind == TR_SOURCE_STREAM ? 0 : O_NONBLOCK;
        source->input = open(path, O_RDONLY | O_CLOEXEC | wait);
    }
    if (source->input >= 0) {
        return TR_OK;
    }
    return tr_fail_opening(error, "%s: cannot open it for reading", path);
}

static tr_source *new_source(const char *name, tr_source_kind kind) {
    tr_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return NULL;
    }
    source->kind = kind;
    source->input = -1;
    source->spool = -1;
    source->name = strdup(name);
    if (source->name == NULL) {
        free(source);
        return NULL;
    }
    return source;
}

static tr_status finish_opening(tr_source *source, tr_status status, tr_source **out, tr_error *error) {
    if (status == TR_OK && source->kind != TR_SOURCE_FILE) {
        status = start_spooling(source, error);
    }
    if (status != TR_OK) {
        tr_source_close(source);
        return status;
    }
    *out = source;
    return TR_OK;
}

tr_status tr_source_open(const char *path, const char *name, tr_source_kind kind, tr_file_window *window,
                         tr_source **out, tr_error *error) {
    *out = NULL;
    tr_source *source = new_source(name, kind);
    if (source == NULL) {
        return tr_fail_memory(error, "opening a segment");
    }
    tr_status status = open_input(source, path, error);
    if (status == TR_OK && kind != TR_SOURCE_STREAM) {
        status = open_file(source, window, error);
    }
    return finish_opening(source, status, out, error);
}

tr_status tr_source_open_command(const char *command, const char *name, bool compressed, tr_source **out,
                                 tr_error *error) {
    *out = NULL;
    tr_source *source = new_source(name, compressed ? TR_SOURCE_ARCHIVE : TR_SOURCE_STREAM);
    if (source == NULL) {
        return tr_fail_memory(error, "opening a segment");
    }
    tr_status status = tr_command_start(&source->command, command, name, &source->input, error);
    return finish_opening(source, status, out, error);
}

tr_source_view tr_source_look(const tr_source *source) {
    static const uint8_t nothing[1] = {0};
    if (source->window != NULL && source->window->buffer != NULL) {
        return (tr_source_view){tr_file_window_bytes(source->window), source->available_bytes, source->complete};
    }
    const uint8_t *bytes = source->mapping.bytes != NULL ? source->mapping.bytes : nothing;
    return (tr_source_view){bytes, source->available_bytes, source->complete};
}

static tr_status spool(tr_source *source, const uint8_t *bytes, size_t length, tr_error *error) {
    while (length > 0) {
        ssize_t written = pwrite(source->spool, bytes, length, (off_t)source->available_bytes);
        if (written < 0 && errno == EINTR) {
            continue; /* a write to a file never blocks for long */
        }
        if (written < 0) {
            return tr_fail_system(error,
                                  "%s: cannot write its temporary copy (at byte %zu; set TMPDIR to a larger disk)",
                                  source->name, source->available_bytes);
        }
        bytes += written;
        length -= (size_t)written;
        source->available_bytes += (size_t)written;
    }
    if (source->available_bytes > source->mapping.length_bytes) {
        size_t steps = source->available_bytes / SPOOL_STEP_BYTES + 1;
        return tr_mapping_set(&source->mapping, source->spool, steps * SPOOL_STEP_BYTES, source->name, error);
    }
    return TR_OK;
}

/* What it writes has been read to its end. */
static tr_status wait_for_command(tr_source *source, tr_error *error) {
    return source->command.process != 0 ? tr_command_wait(&source->command, source->name, error) : TR_OK;
}

static tr_status read_stream(tr_source *source, tr_error *error) {
    ssize_t got = read(source->input, source->output_chunk, CHUNK_BYTES);
    if (got < 0) {
        return tr_fail_system(error, "%s: cannot read on at byte %llu", source->name,
                              (unsigned long long)source->read_bytes);
    }
    source->read_bytes += (uint64_t)got;
    source->complete = got == 0;
    tr_status status = spool(source, source->output_chunk, (size_t)got, error);
    return status == TR_OK && got == 0 ? wait_for_command(source, error) : status;
}

static tr_status read_archive(tr_source *source, tr_error *error) {
    size_t length = 0;
    tr_status status = tr_inflater_read(source->inflater, source->output_chunk, CHUNK_BYTES, &length, error);
    if (status != TR_OK) {
        return status;
    }
    source->complete = tr_inflater_is_complete(source->inflater);
    const char *problem = tr_inflater_problem(source->inflater);
    if (problem != NULL) {
        snprintf(source->diagnostic, sizeof source->diagnostic, "%s", problem);
    }
    status = spool(source, source->output_chunk, length, error);
    return status == TR_OK && tr_inflater_has_read_all(source->inflater) ? wait_for_command(source, error) : status;
}

static tr_status move_window(tr_source *source, size_t wanted_bytes, tr_error *error) {
    if (!tr_file_window_move(source->window, source->input, source->forgotten_bytes, wanted_bytes,
                             source->file_bytes)) {
        source->available_bytes = source->forgotten_bytes;
        return leave_window(source, error);
    }
    source->available_bytes = source->window->end;
    source->complete = source->available_bytes == source->file_bytes;
    return TR_OK;
}

static tr_status read_on(tr_source *source, size_t wanted_bytes, tr_error *error) {
    switch (source->kind) {
    case TR_SOURCE_ARCHIVE:
        return read_archive(source, error);
    case TR_SOURCE_STREAM:
        return read_stream(source, error);
    default:
        return move_window(source, wanted_bytes, error);
    }
}

tr_status tr_source_more(tr_source *source, size_t wanted_bytes, tr_error *error) {
    while (!source->complete && source->available_bytes < wanted_bytes) {
        tr_status status = read_on(source, wanted_bytes, error);
        if (status != TR_OK) {
            return status;
        }
    }
    return TR_OK;
}

tr_status tr_source_recheck(tr_source *source, bool *changed, tr_error *error) {
    *changed = false;
    if (source->kind != TR_SOURCE_FILE) {
        return TR_OK;
    }
    if (source->window != NULL) {
        tr_status status = leave_window(source, error);
        *changed = source->available_bytes != source->file_bytes;
        return status;
    }
    struct stat found;
    tr_status status = get_size(source, &found, error);
    if (status != TR_OK) {
        return status;
    }
    size_t size = (size_t)found.st_size;
    bool same_size = size == source->available_bytes;
    bool lost_a_page = tr_mapping_lost_a_page(&source->mapping);
    if (same_size && (!lost_a_page || source->mapped_again == MAX_MAPPED_AGAIN)) {
        if (lost_a_page) {
            snprintf(source->diagnostic, sizeof source->diagnostic,
                     "the system could not read a page of it (disk error)");
        }
        return TR_OK;
    }
    /* The page may be readable again, if the file was truncated and has grown since, and may be lost again, if that
     * happens all the time. A page that the disk cannot read stays lost. */
    if (same_size) {
        source->mapped_again++;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (size > source->mapping.length_bytes || (lost_a_page && size > 0)) {
        tr_status mapped = tr_mapping_set(&source->mapping, source->input, size, source->name, error);
        if (mapped != TR_OK) {
            return mapped;
        }
    }
    source->available_bytes = size;
    *changed = true;
    return TR_OK;
}

size_t tr_source_head(const tr_source *source, uint8_t *out, size_t capacity_bytes) {
    ssize_t length;
    do {
        length = source->kind == TR_SOURCE_STREAM ? 0 : pread(source->input, out, capacity_bytes, 0);
    } while (length < 0 && errno == EINTR);
    return length > 0 ? (size_t)length : 0;
}

void tr_source_forget_before(tr_source *source, size_t offset) {
    if (source->window != NULL) {
        source->forgotten_bytes = offset;
        return;
    }
    if (source->spool < 0 || offset - source->forgotten_bytes < FORGET_BYTES) {
        return;
    }
    size_t end = offset - offset % FORGET_BYTES;
    /* If the file system cannot do this, the space is released when the segment is closed. */
    (void)fallocate(source->spool, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)source->forgotten_bytes,
                    (off_t)(end - source->forgotten_bytes));
    source->forgotten_bytes = end;
}

const char *tr_source_diagnostic(const tr_source *source, size_t begin, size_t end) {
    bool concerned = source->kind == TR_SOURCE_FILE ? end > begin : end == source->available_bytes;
    return concerned && source->diagnostic[0] != '\0' ? source->diagnostic : NULL;
}

void tr_source_close(tr_source *source) {
    if (source == NULL) {
        return;
    }
    tr_inflater_close(source->inflater);
    tr_mapping_clear(&source->mapping);
    if (source->input >= 0) {
        close(source->input);
    }
    tr_command_end(&source->command);
    if (source->spool >= 0) {
        close(source->spool);
    }
    free(source->output_chunk);
    free(source->name);
    free(source);
}
