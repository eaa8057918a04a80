/* The rival of the state machine in the benchmarks: a C program for one purpose, as one would write it by hand. It
 * checks of each record what makes it valid (length, type, lengths of its texts, CRC), and keeps of each open trace its
 * status, its first and last time, how many of its records there were, and how many nodes started, ended and failed.
 *
 * It leaves out what tr_replay_next does as well: the state, attempts, times and outputs of each node; loops; the order
 * of starts; suspensions and errors with their texts; the lives of a trace; steps that are not allowed; gaps (it ends
 * at the first record that is not valid); compressed segments and snapshots; a segment that grows. It trusts that ids
 * are random, where tracereel's hash of them is keyed. */
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TYPE_OFFSET = 8, ID_OFFSET = 9, PAYLOAD_OFFSET = 29, ERROR_LENGTH_OFFSET = 61, MIN_LENGTH = 69 };
enum { TRACE_START, NODE_START, NODE_DONE, NODE_ERROR, TRACE_COMPLETE, TRACE_FAILED, TRACE_SUSPENDED, TRACE_RESUMED };
enum { MAX_TYPE = 10 };
enum { FREE, RUNNING, SUSPENDED };

typedef struct trace {
    uint64_t id[2];
    uint64_t first_ns, last_ns;
    uint32_t record_count, start_count, done_count, error_count;
    uint8_t status;
} trace;

/* Open addressing: a trace is where the first word of its id says, or in the next free place after that. */
typedef struct table {
    trace *traces;
    size_t capacity; /* a power of two, at least twice as many as are open */
    size_t open_count;
    uint64_t complete_count, failed_count, orphan_count;
} table;

static void end_with(const char *what, const char *why) {
    fprintf(stderr, "rival: %s: %s\n", what, why);
    exit(1);
}

static uint32_t u32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value); /* logs are little-endian, and so is this machine */
    return value;
}

static size_t place_of(const table *open, const uint64_t id[2]) {
    size_t place = id[0] & (open->capacity - 1);
    while (open->traces[place].status != FREE &&
           (open->traces[place].id[0] != id[0] || open->traces[place].id[1] != id[1])) {
        place = (place + 1) & (open->capacity - 1);
    }
    return place;
}

static void grow(table *open) {
    table larger = *open;
    larger.capacity = open->capacity == 0 ? 1024 : open->capacity * 2;
    larger.traces = calloc(larger.capacity, sizeof *larger.traces);
    if (larger.traces == NULL) {
        end_with("traces", "out of memory");
    }
    for (size_t i = 0; i < open->capacity; i++) {
        if (open->traces[i].status != FREE) {
            larger.traces[place_of(&larger, open->traces[i].id)] = open->traces[i];
        }
    }
    free(open->traces);
    *open = larger;
}

/* The traces after the gap that is left move into it where they could not be found otherwise. */
static void remove_trace(table *open, size_t gap) {
    size_t mask = open->capacity - 1;
    for (size_t next = (gap + 1) & mask; open->traces[next].status != FREE; next = (next + 1) & mask) {
        size_t home = open->traces[next].id[0] & mask;
        if (((next - home) & mask) >= ((next - gap) & mask)) {
            open->traces[gap] = open->traces[next];
            gap = next;
        }
    }
    open->traces[gap].status = FREE;
    open->open_count--;
}

static void apply(table *open, const uint8_t *record) {
    uint64_t id[2], now_ns;
    memcpy(id, record + ID_OFFSET, sizeof id);
    memcpy(&now_ns, record + PAYLOAD_OFFSET, sizeof now_ns);
    uint8_t type = record[TYPE_OFFSET];
    size_t place = place_of(open, id);
    trace *found = &open->traces[place];
    if (type == TRACE_START) {
        open->open_count += found->status == FREE;
        *found = (trace){.id = {id[0], id[1]}, .first_ns = now_ns, .status = RUNNING};
    } else if (found->status == FREE) {
        open->orphan_count++;
        return;
    }
    found->last_ns = now_ns;
    found->record_count++;
    switch (type) {
    case NODE_START:
        found->start_count++;
        break;
    case NODE_DONE:
        found->done_count++;
        break;
    case NODE_ERROR:
        found->error_count++;
        break;
    case TRACE_SUSPENDED:
        found->status = SUSPENDED;
        break;
    case TRACE_RESUMED:
        found->status = RUNNING;
        break;
    case TRACE_COMPLETE:
        open->complete_count++;
        remove_trace(open, place);
        break;
    case TRACE_FAILED:
        open->failed_count++;
        remove_trace(open, place);
        break;
    default:
        break;
    }
    if (open->open_count * 2 > open->capacity) {
        grow(open);
    }
}

/* The length of the record at the beginning of some bytes; 0 where it is not valid. */
static size_t valid_length(const uint8_t *record, size_t size) {
    if (size < MIN_LENGTH) {
        return 0;
    }
    uint64_t length = u32(record), error_length = u32(record + ERROR_LENGTH_OFFSET);
    if (length < MIN_LENGTH || length > size || record[TYPE_OFFSET] > MAX_TYPE || error_length > length - MIN_LENGTH ||
        u32(record + ERROR_LENGTH_OFFSET + 4 + error_length) > length - MIN_LENGTH - error_length) {
        return 0;
    }
    uint32_t crc = libdeflate_crc32(0, record + PAYLOAD_OFFSET, length - PAYLOAD_OFFSET);
    return crc == u32(record + 4) ? length : 0;
}

static void read_segment(table *traces, const char *path) {
    struct stat status;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0) {
        perror(path);
        exit(1);
    }
    size_t size = (size_t)status.st_size;
    uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    for (size_t offset = 0, length; offset < size; offset += length) {
        length = valid_length(bytes + offset, size - offset);
        if (length == 0) {
            end_with(path, "a record that is not valid");
        }
        apply(traces, bytes + offset);
    }
    munmap(bytes, size);
    close(file);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: rival LOG PASSES\n");
        return 2;
    }
    char pattern[4096];
    snprintf(pattern, sizeof pattern, "%s/wal_*.log", argv[1]);
    glob_t segments;
    if (glob(pattern, 0, NULL, &segments) != 0) {
        end_with(argv[1], "no segments");
    }
    for (long pass = strtol(argv[2], NULL, 10); pass > 0; pass--) {
        table open = {0};
        grow(&open);
        for (size_t i = 0; i < segments.gl_pathc; i++) {
            read_segment(&open, segments.gl_pathv[i]);
        }
        printf("%zu open, %" PRIu64 " complete, %" PRIu64 " failed traces, %" PRIu64 " orphans\n", open.open_count,
               open.complete_count, open.failed_count, open.orphan_count);
        free(open.traces);
    }
    globfree(&segments);
    return 0;
}
