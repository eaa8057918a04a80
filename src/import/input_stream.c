#include "import/input_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "bytes/fail.h"

enum { PIECE_BYTES = 1 << 18, FIRST_CAPACITY_BYTES = 1 << 19, MAGIC_BYTES = 4 };

typedef enum input_coding { CODING_PLAIN, CODING_GZIP, CODING_ZSTD } input_coding;

struct tr_input_stream {
    char *name;
    int file;
    input_coding coding;
    char *bytes; /* those from begin to end can be seen */
    size_t capacity_bytes;
    size_t begin;
    size_t end;
    size_t scanned_bytes; /* from begin: no line feed in them */
    bool is_complete;
    bool is_at_end_of_file;
    bool is_inside_frame; /* the compressed bytes so far want more */
    uint64_t line_number;
    uint64_t read_bytes;
    uint64_t file_bytes;
    unsigned char *raw; /* compressed bytes; those from raw_begin to raw_end are not inflated yet */
    size_t raw_begin;
    size_t raw_end;
    z_stream inflater;
    bool has_inflater;
    ZSTD_DStream *zstd;
};

/* ---- reading ---- */

static tr_status read_file(tr_input_stream *stream, void *out, size_t capacity_bytes, size_t *got_bytes,
                           tr_error *error) {
    ssize_t got = read(stream->file, out, capacity_bytes);
    if (got < 0) {
        return tr_fail_system(error, "%s: cannot read", stream->name);
    }
    stream->is_at_end_of_file = got == 0;
    stream->read_bytes += (uint64_t)got;
    *got_bytes = (size_t)got;
    return TR_OK;
}

static tr_status fill_raw(tr_input_stream *stream, tr_error *error) {
    if (stream->raw_begin < stream->raw_end || stream->is_at_end_of_file) {
        return TR_OK;
    }
    stream->raw_begin = 0;
    stream->raw_end = 0;
    return read_file(stream, stream->raw, PIECE_BYTES, &stream->raw_end, error);
}

static tr_status fail_broken(const tr_input_stream *stream, const char *why, tr_error *error) {
    const char *kind = stream->coding == CODING_GZIP ? "gzip" : "zstd";
    return tr_fail(error, TR_ERROR_INVALID, "%s: the %s data is broken after %llu bytes: %s; compress it again",
                   stream->name, kind, (unsigned long long)stream->read_bytes, why);
}

/* Between members: zeros are padding, as `gzip` has it. Returns whether a member is there to read. */
static bool skip_padding(tr_input_stream *stream) {
    while (stream->raw_begin < stream->raw_end && stream->raw[stream->raw_begin] == 0) {
        stream->raw_begin++;
    }
    return stream->raw_begin < stream->raw_end;
}

static tr_status inflate_gzip(tr_input_stream *stream, char *out, size_t capacity_bytes, size_t *got_bytes,
                              tr_error *error) {
    z_stream *inflater = &stream->inflater;
    if (!stream->is_inside_frame && !skip_padding(stream)) {
        return TR_OK;
    }
    inflater->next_in = stream->raw + stream->raw_begin;
    inflater->avail_in = (uInt)(stream->raw_end - stream->raw_begin);
    inflater->next_out = (Bytef *)out;
    inflater->avail_out = (uInt)(capacity_bytes > PIECE_BYTES ? PIECE_BYTES : capacity_bytes);
    uInt room = inflater->avail_out;
    int result = inflate(inflater, Z_NO_FLUSH);
    stream->raw_begin = stream->raw_end - inflater->avail_in;
    *got_bytes = room - inflater->avail_out;
    stream->is_inside_frame = result != Z_STREAM_END;
    if (result == Z_STREAM_END) {
        (void)inflateReset(inflater); /* another member may follow */
    } else if (result == Z_MEM_ERROR) {
        return tr_fail_memory(error, "inflating an input");
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return fail_broken(stream, inflater->msg == NULL ? "unknown" : inflater->msg, error);
    }
    return TR_OK;
}

static tr_status inflate_zstd(tr_input_stream *stream, char *out, size_t capacity_bytes, size_t *got_bytes,
                              tr_error *error) {
    ZSTD_inBuffer input = {stream->raw + stream->raw_begin, stream->raw_end - stream->raw_begin, 0};
    void *room = out;
    ZSTD_outBuffer output = {room, capacity_bytes, 0};
    size_t result = ZSTD_decompressStream(stream->zstd, &output, &input);
    stream->raw_begin += input.pos;
    *got_bytes = output.pos;
    if (ZSTD_isError(result)) {
        return strstr(ZSTD_getErrorName(result), "memory") != NULL
                   ? tr_fail_memory(error, "inflating an input")
                   : fail_broken(stream, ZSTD_getErrorName(result), error);
    }
    stream->is_inside_frame = result != 0;
    return TR_OK;
}

/* Reads at least one byte, unless there are no more. */
static tr_status read_some(tr_input_stream *stream, tr_error *error) {
    char *out = stream->bytes + stream->end;
    size_t room = stream->capacity_bytes - stream->end;
    size_t got = 0;
    tr_status status = TR_OK;
    if (stream->coding == CODING_PLAIN) {
        status = read_file(stream, out, room, &got, error);
        stream->is_complete = stream->is_at_end_of_file;
        stream->end += got;
        return status;
    }
    while (status == TR_OK && got == 0 && !stream->is_complete) {
        status = fill_raw(stream, error);
        if (status == TR_OK && stream->raw_begin == stream->raw_end) {
            stream->is_complete = true;
            if (stream->is_inside_frame) {
                status = fail_broken(stream, "it ends too early", error);
            }
        } else if (status == TR_OK && stream->coding == CODING_GZIP) {
            status = inflate_gzip(stream, out, room, &got, error);
        } else if (status == TR_OK) {
            status = inflate_zstd(stream, out, room, &got, error);
        }
    }
    stream->end += got;
    return status;
}

/* Makes room for one more piece. */
static tr_status make_room(tr_input_stream *stream, tr_error *error) {
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
    return stream->read_bytes;
}

uint64_t tr_input_stream_file_bytes(const tr_input_stream *stream) {
    return stream->file_bytes;
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

static tr_status begin_inflating(tr_input_stream *stream, tr_error *error) {
    static const unsigned char gzip_magic[] = {0x1f, 0x8b}, zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    size_t length = stream->end - stream->begin;
    const char *head = stream->bytes + stream->begin;
    if (length >= sizeof gzip_magic && memcmp(head, gzip_magic, sizeof gzip_magic) == 0) {
        stream->coding = CODING_GZIP;
    } else if (length >= sizeof zstd_magic && memcmp(head, zstd_magic, sizeof zstd_magic) == 0) {
        stream->coding = CODING_ZSTD;
    } else {
        return TR_OK;
    }
    stream->raw = malloc(PIECE_BYTES);
    if (stream->raw != NULL && stream->coding == CODING_GZIP) {
        stream->has_inflater = inflateInit2(&stream->inflater, 15 + 16) == Z_OK;
    } else if (stream->raw != NULL) {
        stream->zstd = ZSTD_createDStream();
    }
    if (stream->raw == NULL || (!stream->has_inflater && stream->zstd == NULL)) {
        return tr_fail_memory(error, "inflating an input");
    }
    memcpy(stream->raw, head, length); /* at most one piece was read */
    stream->raw_end = length;
    stream->begin = 0;
    stream->end = 0;
    stream->is_complete = false;
    return TR_OK;
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
    self->capacity_bytes = PIECE_BYTES; /* for the first piece, so that it fits into `raw` */
    if (self->name == NULL || self->bytes == NULL) {
        tr_input_stream_close(self);
        return tr_fail_memory(error, "opening an input");
    }
    tr_status status = open_file(self, path, error);
    while (status == TR_OK && !self->is_complete && self->end < MAGIC_BYTES) {
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
    if (stream->has_inflater) {
        (void)inflateEnd(&stream->inflater);
    }
    (void)ZSTD_freeDStream(stream->zstd);
    if (stream->file > STDIN_FILENO) {
        close(stream->file);
    }
    free(stream->raw);
    free(stream->bytes);
    free(stream->name);
    free(stream);
}
