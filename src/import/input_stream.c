#include "import/input_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/fail.h"
#include "files/inflater.h"

enum { PIECE_BYTES = TR_INFLATER_CHUNK_BYTES, FIRST_CAPACITY_BYTES = 2 * PIECE_BYTES };

struct tr_input_stream {
    char *name;
    int file;
    char *bytes; /* those from begin to end can be seen */
    size_t capacity_bytes;
    size_t begin;
    size_t end;
    size_t scanned_bytes; /* from begin: no line feed in them */
    bool is_complete;
    uint64_t line_number;
    uint64_t read_bytes; /* where it is plain */
    uint64_t file_bytes;
    uint64_t use_count;
    tr_inflater *inflater; /* NULL where it is plain */
};

/* ---- reading ---- */

static tr_status read_plain(tr_input_stream *stream, void *out, size_t capacity_bytes, size_t *got_bytes,
                            tr_error *error) {
    ssize_t got = read(stream->file, out, capacity_bytes);
    if (got < 0) {
        return tr_fail_system(error, "%s: cannot read on at byte %llu", stream->name,
                              (unsigned long long)stream->read_bytes);
    }
    stream->is_complete = got == 0;
    stream->read_bytes += (uint64_t)got;
    *got_bytes = (size_t)got;
    return TR_OK;
}

static tr_status read_inflated(tr_input_stream *stream, void *out, size_t capacity_bytes, size_t *got_bytes,
                               tr_error *error) {
    tr_status status = tr_inflater_read(stream->inflater, out, capacity_bytes, got_bytes, error);
    const char *problem = tr_inflater_problem(stream->inflater);
    stream->is_complete = tr_inflater_is_complete(stream->inflater);
    return status == TR_OK && problem != NULL
               ? tr_fail(error, TR_ERROR_INVALID, "%s: %s; compress it again", stream->name, problem)
               : status;
}

/* Reads at least one byte, unless there are no more. */
static tr_status read_some(tr_input_stream *stream, tr_error *error) {
    char *out = stream->bytes + stream->end;
    size_t room = stream->capacity_bytes - stream->end;
    size_t got = 0;
    tr_status status = stream->inflater == NULL ? read_plain(stream, out, room, &got, error)
                                                : read_inflated(stream, out, room, &got, error);
    stream->end += got;
    return status;
}

/* Makes room for one more piece. */
static tr_status make_room(tr_input_stream *stream, tr_error *error) {
    stream->use_count++;
    if (stream->begin > 0 && stream->begin >= stream->capacity_bytes / 2) {
        memmove(stream->bytes, stream->bytes + stream->begin, stream->end - stream->begin);
        stream->end -= stream->begin;
        stream->begin = 0;
    }
    if (stream->capacity_bytes - stream->end >= PIECE_BYTES) {
        return TR_OK;
    }
    size_t capacity = stream->capacity_bytes * 2;
    char *bytes = realloc(stream->bytes, capacity);
    if (bytes == NULL) {
        return tr_fail_memory(error, "reading an input");
    }
    stream->bytes = bytes;
    stream->capacity_bytes = capacity;
    return TR_OK;
}

tr_status tr_input_stream_more(tr_input_stream *stream, size_t wanted_bytes, tr_error *error) {
    tr_status status = TR_OK;
    while (status == TR_OK && !stream->is_complete && stream->end - stream->begin < wanted_bytes) {
        status = make_room(stream, error);
        if (status == TR_OK) {
            status = read_some(stream, error);
        }
    }
    return status;
}

tr_input_view tr_input_stream_look(const tr_input_stream *stream) {
    return (tr_input_view){stream->bytes + stream->begin, stream->end - stream->begin, stream->is_complete};
}

void tr_input_stream_skip(tr_input_stream *stream, size_t bytes) {
    stream->use_count++;
    stream->begin += bytes;
    stream->scanned_bytes = 0;
    if (stream->begin == stream->end) {
        stream->begin = 0;
        stream->end = 0;
    }
}

/* ---- lines ---- */

tr_status tr_input_stream_line(tr_input_stream *stream, tr_text *line, tr_error *error) {
    for (;;) {
        char *begin = stream->bytes + stream->begin;
        size_t available = stream->end - stream->begin;
        char *end = memchr(begin + stream->scanned_bytes, '\n', available - stream->scanned_bytes);
        size_t length = end == NULL ? available : (size_t)(end - begin);
        bool is_whole = end != NULL || (stream->is_complete && available > 0);
        if (length > TR_MAX_LINE_BYTES) {
            stream->line_number++;
            return tr_fail(error, TR_ERROR_INVALID, "%s:%llu: a line of more than %d bytes; is it a text?",
                           stream->name, (unsigned long long)stream->line_number, (int)TR_MAX_LINE_BYTES);
        } else if (is_whole) {
            stream->line_number++;
            stream->use_count++;
            stream->begin += length + (end != NULL);
            stream->scanned_bytes = 0;
            line->bytes = begin;
            line->length_bytes = (uint32_t)(length > 0 && begin[length - 1] == '\r' ? length - 1 : length);
            return TR_OK;
        } else if (stream->is_complete) {
            return TR_END;
        }
        stream->scanned_bytes = available;
        tr_status status = tr_input_stream_more(stream, available + 1, error);
        if (status != TR_OK) {
            return status;
        }
    }
}

uint64_t tr_input_stream_line_number(const tr_input_stream *stream) {
    return stream->line_number;
}

void tr_input_stream_set_line_number(tr_input_stream *stream, uint64_t number) {
    stream->line_number = number;
}

uint64_t tr_input_stream_read_bytes(const tr_input_stream *stream) {
    return stream->inflater == NULL ? stream->read_bytes : tr_inflater_read_bytes(stream->inflater);
}

uint64_t tr_input_stream_file_bytes(const tr_input_stream *stream) {
    return stream->file_bytes;
}

uint64_t tr_input_stream_use_count(const tr_input_stream *stream) {
    return stream->use_count;
}

const char *tr_input_stream_name(const tr_input_stream *stream) {
    return stream->name;
}

/* ---- opening ---- */

static tr_status open_file(tr_input_stream *stream, const char *path, tr_error *error) {
    struct stat stat;
    if (strcmp(path, "-") == 0) {
        stream->file = STDIN_FILENO;
        return TR_OK;
    }
    stream->file = open(path, O_RDONLY | O_CLOEXEC);
    if (stream->file < 0 || fstat(stream->file, &stat) != 0) {
        return tr_fail_opening(error, "%s: cannot open the input", path);
    } else if (S_ISDIR(stat.st_mode)) {
        return tr_fail(error, TR_ERROR_NOT_A_LOG, "%s: a directory, not a file", path);
    }
    stream->file_bytes = S_ISREG(stat.st_mode) ? (uint64_t)stat.st_size : 0;
    return TR_OK;
}

/* Goes on with an inflater where what was read says that the file is compressed. */
static tr_status begin_inflating(tr_input_stream *stream, tr_error *error) {
    size_t length = stream->end - stream->begin;
    const char *head = stream->bytes + stream->begin;
    tr_coding coding = tr_coding_of_bytes((const uint8_t *)head, length);
    if (coding == TR_CODING_PLAIN) {
        return TR_OK;
    }
    tr_status status = tr_inflater_open(coding, stream->file, stream->name, &stream->inflater, error);
    if (status == TR_OK) {
        tr_inflater_begin_with(stream->inflater, head, length); /* at most one piece was read */
        stream->begin = 0;
        stream->end = 0;
        stream->is_complete = false;
    }
    return status;
}

/* The mark that some programs begin UTF-8 with is nothing that an importer wants to see. */
static tr_status skip_utf8_mark(tr_input_stream *stream, tr_error *error) {
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    tr_status status = tr_input_stream_more(stream, sizeof mark, error);
    if (status == TR_OK && stream->end - stream->begin >= sizeof mark &&
        memcmp(stream->bytes + stream->begin, mark, sizeof mark) == 0) {
        tr_input_stream_skip(stream, sizeof mark);
    }
    return status;
}

tr_status tr_input_stream_open(const char *path, tr_input_stream **stream, tr_error *error) {
    *stream = NULL;
    tr_input_stream *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return tr_fail_memory(error, "opening an input");
    }
    self->file = -1;
    self->name = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
    self->bytes = malloc(FIRST_CAPACITY_BYTES);
    self->capacity_bytes = PIECE_BYTES; /* for the first piece, so that the inflater can take it */
    if (self->name == NULL || self->bytes == NULL) {
        tr_input_stream_close(self);
        return tr_fail_memory(error, "opening an input");
    }
    tr_status status = open_file(self, path, error);
    while (status == TR_OK && !self->is_complete && self->end < TR_CODING_MAGIC_BYTES) {
        status = read_some(self, error);
    }
    self->capacity_bytes = FIRST_CAPACITY_BYTES;
    if (status == TR_OK) {
        status = begin_inflating(self, error);
    }
    if (status == TR_OK) {
        status = skip_utf8_mark(self, error);
    }
    if (status != TR_OK) {
        tr_input_stream_close(self);
        return status;
    }
    *stream = self;
    return TR_OK;
}

void tr_input_stream_close(tr_input_stream *stream) {
    if (stream == NULL) {
        return;
    }
    tr_inflater_close(stream->inflater);
    if (stream->file > STDIN_FILENO) {
        close(stream->file);
    }
    free(stream->bytes);
    free(stream->name);
    free(stream);
}
