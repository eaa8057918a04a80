#include "files/inflater.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>
#ifdef TR_WITH_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

#include "bytes/fail.h"

static const struct {
    const char *name;
    const char *suffix;
    uint8_t magic[TR_CODING_MAGIC_BYTES];
    size_t magic_bytes;
} codings[] = {[TR_CODING_PLAIN] = {"plain", "", {0}, 0},
               [TR_CODING_GZIP] = {"gzip", ".gz", {0x1f, 0x8b}, 2},
               [TR_CODING_ZSTD] = {"zstd", ".zst", {0x28, 0xb5, 0x2f, 0xfd}, 4}};

/* Inflates what is there of the chunk. */
typedef tr_status (*inflate_step)(tr_inflater *inflater, void *out, size_t capacity_bytes, size_t *got_bytes,
                                  tr_error *error);

struct tr_inflater {
    tr_coding coding;
    inflate_step step;
    char *name;
    int file;
    uint8_t *chunk; /* compressed bytes; those from begin to end are not inflated yet */
    size_t begin;
    size_t end;
    uint64_t read_bytes;
    bool is_inside_member; /* of the gzip file, or a frame of zstd's: more is wanted */
    bool has_more;         /* what was asked for last was filled: more may come without new bytes */
    bool is_complete;
    bool has_read_all;
    bool has_gzip;
    char problem[160]; /* empty: none */
    z_stream gzip;
#ifdef TR_WITH_ZSTD
    ZSTD_DStream *zstd;
#endif
};

tr_coding tr_coding_of_name(const char *name) {
    size_t length = strlen(name);
    for (tr_coding coding = TR_CODING_GZIP; coding <= TR_CODING_ZSTD; coding++) {
        size_t suffix_length = strlen(codings[coding].suffix);
        if (length > suffix_length && strcmp(name + length - suffix_length, codings[coding].suffix) == 0) {
            return coding;
        }
    }
    return TR_CODING_PLAIN;
}

const char *tr_coding_suffix(tr_coding coding) {
    return codings[coding].suffix;
}

tr_coding tr_coding_of_bytes(const uint8_t *bytes, size_t length) {
    for (tr_coding coding = TR_CODING_GZIP; coding <= TR_CODING_ZSTD; coding++) {
        size_t magic_bytes = codings[coding].magic_bytes;
        if (length >= magic_bytes && memcmp(bytes, codings[coding].magic, magic_bytes) == 0) {
            return coding;
        }
    }
    return TR_CODING_PLAIN;
}

/* ---- where it ends ---- */

/* `detail`: what the library says of it, or NULL. */
static void end_early(tr_inflater *inflater, const char *what, const char *detail) {
    inflater->is_complete = true;
    snprintf(inflater->problem, sizeof inflater->problem, "the %s data %s at compressed byte %llu%s%.60s%s",
             codings[inflater->coding].name, what,
             (unsigned long long)(inflater->read_bytes - (inflater->end - inflater->begin)), detail != NULL ? " (" : "",
             detail != NULL ? detail : "", detail != NULL ? ")" : "");
}

/* ---- gzip ---- */

/* Between members: zeros are padding, as `gzip` has it. Returns whether a member is there to read. */
static bool find_member(tr_inflater *inflater) {
    while (inflater->begin < inflater->end && inflater->chunk[inflater->begin] == 0) {
        inflater->begin++;
    }
    return inflater->begin < inflater->end;
}

static tr_status inflate_gzip(tr_inflater *inflater, void *out, size_t capacity_bytes, size_t *got_bytes,
                              tr_error *error) {
    z_stream *gzip = &inflater->gzip;
    if (!inflater->is_inside_member && !find_member(inflater)) {
        return TR_OK;
    }
    gzip->next_in = inflater->chunk + inflater->begin;
    gzip->avail_in = (uInt)(inflater->end - inflater->begin);
    gzip->next_out = out;
    gzip->avail_out = (uInt)(capacity_bytes < UINT_MAX ? capacity_bytes : UINT_MAX);
    uInt room = gzip->avail_out;
    int result = inflate(gzip, Z_NO_FLUSH);
    inflater->begin = inflater->end - gzip->avail_in;
    *got_bytes = room - gzip->avail_out;
    inflater->is_inside_member = result != Z_STREAM_END;
    inflater->has_more = gzip->avail_out == 0 && result == Z_OK;
    if (result == Z_STREAM_END) {
        (void)inflateReset(gzip); /* another member may follow */
    } else if (result == Z_MEM_ERROR) {
        return tr_fail_memory(error, "inflating gzip data");
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
        end_early(inflater, "is damaged", gzip->msg);
    }
    return TR_OK;
}

static tr_status open_gzip(tr_inflater *inflater, tr_error *error) {
    /* 15: the largest window; + 16: a gzip header is required. */
    inflater->step = inflate_gzip;
    inflater->has_gzip = inflateInit2(&inflater->gzip, 15 + 16) == Z_OK;
    return inflater->has_gzip ? TR_OK : tr_fail_memory(error, "inflating gzip data");
}

/* ---- zstd ---- */

#ifdef TR_WITH_ZSTD

static tr_status inflate_zstd(tr_inflater *inflater, void *out, size_t capacity_bytes, size_t *got_bytes,
                              tr_error *error) {
    ZSTD_inBuffer input = {inflater->chunk + inflater->begin, inflater->end - inflater->begin, 0};
    ZSTD_outBuffer output = {out, capacity_bytes, 0};
    size_t result = ZSTD_decompressStream(inflater->zstd, &output, &input);
    inflater->begin += input.pos;
    *got_bytes = output.pos;
    if (!ZSTD_isError(result)) {
        inflater->is_inside_member = result != 0;
        inflater->has_more = inflater->is_inside_member && output.pos == output.size;
    } else if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) {
        return tr_fail_memory(error, "inflating zstd data");
    } else if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge) {
        end_early(inflater, "cannot be inflated", "a window of more than 128 MiB; compress it without --long");
    } else {
        end_early(inflater, "is damaged", ZSTD_getErrorName(result));
    }
    return TR_OK;
}

static tr_status open_zstd(tr_inflater *inflater, tr_error *error) {
    inflater->step = inflate_zstd;
    inflater->zstd = ZSTD_createDStream();
    return inflater->zstd != NULL ? TR_OK : tr_fail_memory(error, "inflating zstd data");
}

#else

static tr_status open_zstd(tr_inflater *inflater, tr_error *error) {
    return tr_fail(error, TR_ERROR_INVALID,
                   "%s: it is compressed with zstd, and this tracereel was built without libzstd; unpack it first "
                   "(zstd -d), or build tracereel where libzstd-dev is installed",
                   inflater->name);
}

#endif

/* ---- reading ---- */

static tr_status read_chunk(tr_inflater *inflater, tr_error *error) {
    ssize_t got = read(inflater->file, inflater->chunk, TR_INFLATER_CHUNK_BYTES);
    if (got < 0) {
        return tr_fail_system(error, "%s: cannot read on at byte %llu", inflater->name,
                              (unsigned long long)inflater->read_bytes);
    }
    inflater->begin = 0;
    inflater->end = (size_t)got;
    inflater->read_bytes += (uint64_t)got;
    inflater->has_read_all = got == 0;
    if (got == 0 && inflater->is_inside_member) {
        end_early(inflater, "ends early", NULL);
    } else if (got == 0) {
        inflater->is_complete = true;
    }
    return TR_OK;
}

tr_status tr_inflater_read(tr_inflater *inflater, void *out, size_t capacity_bytes, size_t *got_bytes,
                           tr_error *error) {
    tr_status status = TR_OK;
    *got_bytes = 0;
    while (status == TR_OK && *got_bytes == 0 && !inflater->is_complete) {
        if (inflater->begin == inflater->end && !inflater->has_more) {
            status = read_chunk(inflater, error);
        } else {
            status = inflater->step(inflater, out, capacity_bytes, got_bytes, error);
        }
    }
    return status;
}

bool tr_inflater_is_complete(const tr_inflater *inflater) {
    return inflater->is_complete;
}

bool tr_inflater_has_read_all(const tr_inflater *inflater) {
    return inflater->has_read_all;
}

const char *tr_inflater_problem(const tr_inflater *inflater) {
    return inflater->problem[0] != '\0' ? inflater->problem : NULL;
}

uint64_t tr_inflater_read_bytes(const tr_inflater *inflater) {
    return inflater->read_bytes;
}

/* ---- opening ---- */

tr_status tr_inflater_open(tr_coding coding, int file, const char *name, tr_inflater **inflater, tr_error *error) {
    *inflater = NULL;
    tr_inflater *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return tr_fail_memory(error, "opening compressed data");
    }
    self->coding = coding;
    self->file = file;
    self->is_inside_member = true; /* nothing at all is no compressed data */
    self->name = strdup(name);
    self->chunk = malloc(TR_INFLATER_CHUNK_BYTES);
    tr_status status = TR_OK;
    if (self->name == NULL || self->chunk == NULL) {
        status = tr_fail_memory(error, "opening compressed data");
    } else {
        status = coding == TR_CODING_GZIP ? open_gzip(self, error) : open_zstd(self, error);
    }
    if (status != TR_OK) {
        tr_inflater_close(self);
        return status;
    }
    *inflater = self;
    return TR_OK;
}

void tr_inflater_begin_with(tr_inflater *inflater, const void *bytes, size_t length) {
    memcpy(inflater->chunk, bytes, length);
    inflater->end = length;
    inflater->read_bytes = length;
}

void tr_inflater_close(tr_inflater *inflater) {
    if (inflater == NULL) {
        return;
    }
    if (inflater->has_gzip) {
        (void)inflateEnd(&inflater->gzip);
    }
#ifdef TR_WITH_ZSTD
    (void)ZSTD_freeDStream(inflater->zstd);
#endif
    free(inflater->chunk);
    free(inflater->name);
    free(inflater);
}
