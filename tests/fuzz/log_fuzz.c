/* Any bytes are a log that can be read to its end: records and gaps tile every segment, a gap ends at the first byte
 * where a record is, and a pipe gives what a file gives.
 *
 * The first byte of an input says what to do with the rest: bit 0 puts the right CRC into whatever is otherwise a
 * record (a fuzzer does not guess CRCs). The rest is cut into segments at each "/next/". */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracereel/log.h"
#include "tracereel/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEGMENTS_MAX = 3, INPUT_MAX = 16 * 1024 /* what a pipe holds without a reader */ };

typedef struct segment {
    uint8_t *bytes;
    size_t length;
} segment;

static char directory[64];

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void write_segment(const segment *from, int number) {
    char path[128];
    snprintf(path, sizeof path, "%s/wal_%016x.log", directory, (unsigned)number);
    unlink(path);
    if (from == NULL) {
        return;
    }
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    require(file >= 0 && write(file, from->bytes, from->length) == (ssize_t)from->length && close(file) == 0);
}

static void remove_directory(void) {
    for (int number = 0; number < SEGMENTS_MAX; number++) {
        write_segment(NULL, number);
    }
    rmdir(directory);
}

static void make_directory(void) {
    if (directory[0] == '\0') {
        snprintf(directory, sizeof directory, "%s/tracereel-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        require(mkdtemp(directory) != NULL);
        atexit(remove_directory);
    }
}

static bool is_record(const segment *in, size_t offset) {
    tr_record record;
    tr_defect defect;
    return tr_record_decode(in->bytes + offset, in->length - offset, &record, &defect) == TR_OK;
}

static void put_right_crcs(segment *in) {
    tr_record record;
    tr_defect defect;
    size_t offset = 0;
    while (offset < in->length) {
        tr_status status = tr_record_decode(in->bytes + offset, in->length - offset, &record, &defect);
        if (status != TR_OK && defect.code == TR_DEFECT_CRC) {
            for (int i = 0; i < 4; i++) {
                in->bytes[offset + 4 + (size_t)i] = (uint8_t)(defect.found >> (8 * i));
            }
            continue;
        }
        offset += status == TR_OK ? record.length_bytes : 1;
    }
}

static void check_gap(const tr_gap *gap, const segment *in, bool is_last) {
    size_t begin = (size_t)gap->position.offset;
    size_t end = begin + (size_t)gap->length_bytes;
    require(gap->length_bytes > 0 && end <= in->length && gap->detail[0] != '\0');
    for (size_t at = begin; at < end; at++) {
        require(!is_record(in, at));
    }
    bool at_end = end == in->length;
    require(at_end || is_record(in, end));
    bool is_tail = gap->gap_class == TR_GAP_TORN_TAIL || gap->gap_class == TR_GAP_ZERO_TAIL;
    require(is_tail == (at_end && is_last));
    require(gap->gap_class != TR_GAP_TORN_WRITE || !at_end);
    require(gap->gap_class != TR_GAP_MISSING_SEGMENT);
}

/* Only what has no record anywhere may be called no log. Returns the digest of that. */
static uint64_t check_is_no_log(const segment *segments, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        for (size_t at = 0; at < segments[i].length; at++) {
            require(!is_record(&segments[i], at));
        }
    }
    return 1;
}

/* Reads a log to its end and returns a digest of everything that was seen. */
static uint64_t read_all(const char *path, const segment *segments, uint64_t count) {
    tr_log *log;
    tr_error error;
    tr_record record;
    tr_status status;
    uint64_t sequence = 0, offset = 0, seen = 14695981039346656037u;
    require(tr_log_open(path, NULL, &log, &error) == TR_OK);
    while ((status = tr_log_next(log, &record)) != TR_END) {
        if (status == TR_ERROR_NOT_A_LOG) {
            tr_log_close(log);
            return check_is_no_log(segments, count);
        }
        require(status == TR_OK || status == TR_GAP);
        const tr_place *place = tr_log_place(log);
        const tr_gap *gap = tr_log_gap(log);
        tr_position at = status == TR_OK ? place->position : gap->position;
        uint64_t length = status == TR_OK ? record.length_bytes : gap->length_bytes;
        for (; sequence < at.sequence; sequence++, offset = 0) {
            require(offset == segments[sequence].length);
        }
        require(at.offset == offset);
        if (status == TR_OK) {
            require(is_record(&segments[sequence], offset));
            require(memcmp(record.bytes, segments[sequence].bytes + offset, length) == 0);
        } else {
            check_gap(gap, &segments[sequence], sequence + 1 == count);
        }
        offset += length;
        uint64_t kind = status == TR_OK ? 100u + place->suspect : (uint64_t)gap->gap_class;
        seen = (seen ^ (offset << 8 | kind)) * 1099511628211u;
    }
    for (; sequence < count; sequence++, offset = 0) {
        require(offset == segments[sequence].length);
    }
    require(tr_log_next(log, &record) == TR_END);
    tr_log_close(log);
    return seen;
}

static uint64_t read_pipe(const segment *in) {
    int ends[2];
    require(pipe(ends) == 0 && write(ends[1], in->bytes, in->length) == (ssize_t)in->length);
    close(ends[1]);
    require(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    close(ends[0]);
    return read_all("-", in, 1);
}

/* In prefix mode the first damage is the end; strict reading reports no gap. */
static void read_in_mode(tr_log_mode mode) {
    tr_log *log;
    tr_replay *replay;
    tr_event event;
    tr_status status;
    tr_log_options options = {.mode = mode};
    require(tr_log_open(directory, &options, &log, NULL) == TR_OK);
    require(tr_replay_open(log, &replay) == TR_OK);
    bool ended = false;
    while ((status = tr_replay_next(replay, &event)) == TR_OK || status == TR_GAP) {
        require(!ended && (status == TR_OK || mode != TR_LOG_STRICT));
        ended = mode == TR_LOG_PREFIX && status == TR_GAP && tr_gap_class_is_damage(tr_log_gap(log)->gap_class);
    }
    require(status == TR_END || status == TR_ERROR_NOT_A_LOG || (mode == TR_LOG_STRICT && status == TR_ERROR_DAMAGED));
    require(tr_replay_next(replay, &event) == status);
    tr_replay_close(replay);
    tr_log_close(log);
}

static int split(uint8_t *bytes, size_t size, segment *segments) {
    static const char marker[] = "/next/";
    int count = 0;
    for (;;) {
        uint8_t *cut = count + 1 < SEGMENTS_MAX ? memmem(bytes, size, marker, sizeof marker - 1) : NULL;
        size_t length = cut == NULL ? size : (size_t)(cut - bytes);
        segments[count] = (segment){malloc(length > 0 ? length : 1), length}; /* exact, so that overreads are seen */
        require(segments[count].bytes != NULL);
        memcpy(segments[count++].bytes, bytes, length);
        if (cut == NULL) {
            return count;
        }
        bytes = cut + sizeof marker - 1;
        size -= length + sizeof marker - 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    segment segments[SEGMENTS_MAX];
    if (size < 1 || size > INPUT_MAX) {
        return 0;
    }
    make_directory();
    uint8_t *bytes = malloc(size);
    require(bytes != NULL);
    memcpy(bytes, data, size);
    int count = split(bytes + 1, size - 1, segments);
    free(bytes);
    for (int i = 0; i < SEGMENTS_MAX; i++) {
        if (i < count && (data[0] & 1) != 0) {
            put_right_crcs(&segments[i]);
        }
        write_segment(i < count ? &segments[i] : NULL, i);
    }
    uint64_t seen = read_all(directory, segments, (uint64_t)count);
    require(count > 1 || read_pipe(&segments[0]) == seen);
    read_in_mode(TR_LOG_SALVAGE);
    read_in_mode(TR_LOG_PREFIX);
    read_in_mode(TR_LOG_STRICT);
    for (int i = 0; i < count; i++) {
        free(segments[i].bytes);
    }
    return 0;
}
