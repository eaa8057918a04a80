#include "tracereel/writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/fail.h"
#include "files/segment_file.h"

enum { BUFFER_BYTES = 256 * 1024 };
static const uint64_t default_max_segment_bytes = UINT64_C(64) * 1024 * 1024;

struct tr_writer {
    tr_segment_file file;
    uint64_t max_segment_bytes;
    uint8_t *buffer;
    size_t buffered_bytes;
    size_t buffer_capacity_bytes; /* grows to the largest record */
    tr_status failure;            /* TR_OK until a call fails */
    tr_error failure_error;
};

/* Every call on an open writer ends here: returns the failure stored in it, if any. */
static tr_status answer(const tr_writer *writer, tr_error *error) {
    if (error != NULL && writer->failure != TR_OK) {
        *error = writer->failure_error;
    }
    return writer->failure;
}

tr_status tr_writer_open(const char *directory, const tr_writer_options *options, tr_writer **writer, tr_error *error) {
    *writer = NULL;
    tr_writer *opened = calloc(1, sizeof *opened);
    uint8_t *buffer = malloc(BUFFER_BYTES);
    if (opened == NULL || buffer == NULL) {
        free(opened);
        free(buffer);
        return tr_fail_memory(error, "opening a log for writing");
    }
    uint64_t max = options == NULL ? 0 : options->max_segment_bytes;
    opened->max_segment_bytes = max == 0 ? default_max_segment_bytes : max;
    opened->buffer_capacity_bytes = BUFFER_BYTES;
    opened->buffer = buffer;
    bool append = options != NULL && options->append;
    tr_status status = tr_segment_file_open(&opened->file, directory, append, opened->max_segment_bytes / 2, error);
    if (status != TR_OK) {
        tr_segment_file_close(&opened->file, NULL);
        free(buffer);
        free(opened);
        return status;
    }
    *writer = opened;
    return TR_OK;
}

static tr_status flush(tr_writer *writer) {
    writer->failure =
        tr_segment_file_write(&writer->file, writer->buffer, writer->buffered_bytes, &writer->failure_error);
    writer->buffered_bytes = 0;
    return writer->failure;
}

static tr_status flush_and_sync(tr_writer *writer) {
    if (writer->failure == TR_OK && flush(writer) == TR_OK) {
        writer->failure = tr_segment_file_sync(&writer->file, &writer->failure_error);
    }
    return writer->failure;
}

/* Makes room for a record in the buffer and in the segment. */
static tr_status make_room(tr_writer *writer, size_t length) {
    uint64_t segment_bytes = writer->file.length_bytes + writer->buffered_bytes;
    bool fits = segment_bytes <= writer->max_segment_bytes && length <= writer->max_segment_bytes - segment_bytes;
    if (!fits && segment_bytes > 0 && flush_and_sync(writer) == TR_OK) {
        writer->failure = tr_segment_file_next(&writer->file, &writer->failure_error);
    }
    if (writer->failure == TR_OK && length > writer->buffer_capacity_bytes - writer->buffered_bytes) {
        flush(writer);
    }
    if (writer->failure == TR_OK && length > writer->buffer_capacity_bytes) {
        uint8_t *buffer = realloc(writer->buffer, length);
        if (buffer == NULL) {
            writer->failure = tr_fail_memory(&writer->failure_error, "writing a record");
            return writer->failure;
        }
        writer->buffer = buffer;
        writer->buffer_capacity_bytes = length;
    }
    return writer->failure;
}

/* The position of the next record in the log, and its place in the buffer. */
static uint8_t *next_place(const tr_writer *writer, tr_position *position) {
    if (position != NULL) {
        *position = (tr_position){writer->file.sequence, writer->file.length_bytes + writer->buffered_bytes};
    }
    return writer->buffer + writer->buffered_bytes;
}

tr_status tr_writer_append(tr_writer *writer, const tr_record_fields *fields, tr_position *position, tr_error *error) {
    if (writer->failure != TR_OK) {
        return answer(writer, error);
    }
    size_t length = tr_record_encoded_bytes(fields);
    if (length == 0 || tr_record_type_name((unsigned)fields->type) == NULL) {
        writer->failure =
            tr_fail(&writer->failure_error, TR_ERROR_ARGUMENT, "%s: cannot write a record %s", writer->file.directory,
                    length == 0 ? "longer than 32 bits can express" : "of a type that does not exist");
    } else if (make_room(writer, length) == TR_OK) {
        tr_record_encode(fields, next_place(writer, position),
                         length); /* everything that it refuses was checked above */
        writer->buffered_bytes += length;
    }
    return answer(writer, error);
}

tr_status tr_writer_append_bytes(tr_writer *writer, const uint8_t *bytes, size_t length, tr_position *position,
                                 tr_error *error) {
    if (writer->failure != TR_OK) {
        return answer(writer, error);
    }
    tr_record record;
    tr_defect defect;
    if (tr_record_decode(bytes, length, &record, &defect) != TR_OK) {
        char words[128];
        tr_defect_describe(&defect, words, sizeof words);
        writer->failure = tr_fail(&writer->failure_error, TR_ERROR_ARGUMENT,
                                  "%s: cannot write what is not a record: %s", writer->file.directory, words);
    } else if (record.length_bytes != length) {
        writer->failure = tr_fail(&writer->failure_error, TR_ERROR_ARGUMENT,
                                  "%s: expected one record of %" PRIu32 " bytes, found %zu bytes",
                                  writer->file.directory, record.length_bytes, length);
    } else if (make_room(writer, length) == TR_OK) {
        memcpy(next_place(writer, position), bytes, length);
        writer->buffered_bytes += length;
    }
    return answer(writer, error);
}

tr_status tr_writer_sync(tr_writer *writer, tr_error *error) {
    flush_and_sync(writer);
    return answer(writer, error);
}

tr_status tr_writer_close(tr_writer *writer, tr_error *error) {
    if (writer == NULL) {
        return TR_OK;
    }
    tr_status status = flush_and_sync(writer);
    answer(writer, error);
    tr_status closed = tr_segment_file_close(&writer->file, status == TR_OK ? error : NULL);
    free(writer->buffer);
    free(writer);
    return status == TR_OK ? closed : status;
}
