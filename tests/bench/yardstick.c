/* The yardstick of the benchmarks: the minimum that any reader of a log must do. It walks from length to length over
 * the mapped segments and computes libdeflate's CRC of every payload. It checks nothing and trusts the log. */
#include <fcntl.h>
#include <glob.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAYLOAD_OFFSET = 29 };

static uint32_t walk(const uint8_t *bytes, size_t size) {
    uint32_t sum = 0;
    for (size_t offset = 0; offset < size;) {
        uint32_t length;
        memcpy(&length, bytes + offset,
               sizeof length); /* this runs on little-endian machines; logs are little-endian */
        sum ^= libdeflate_crc32(0, bytes + offset + PAYLOAD_OFFSET, length - PAYLOAD_OFFSET);
        offset += length;
    }
    return sum;
}

typedef struct mapping {
    void *bytes;
    size_t size;
} mapping;

static mapping map_segment(const char *path) {
    struct stat status;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0) {
        perror(path);
        exit(1);
    }
    mapping mapped = {.size = (size_t)status.st_size};
    mapped.bytes = mmap(NULL, mapped.size, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped.bytes == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    close(file);
    return mapped;
}

/* Every pass maps the segments anew, as every job that reads the log has to. */
static uint32_t walk_mapping_each_time(char **paths, size_t count, long passes) {
    uint32_t sum = 0;
    for (; passes > 0; passes--) {
        for (size_t i = 0; i < count; i++) {
            mapping mapped = map_segment(paths[i]);
            sum += walk(mapped.bytes, mapped.size);
            munmap(mapped.bytes, mapped.size);
        }
    }
    return sum;
}

/* Only the first pass meets page faults. */
static uint32_t walk_mapped_once(char **paths, size_t count, long passes) {
    mapping *mapped = calloc(count, sizeof *mapped);
    if (mapped == NULL) {
        perror("yardstick");
        exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        mapped[i] = map_segment(paths[i]);
    }
    uint32_t sum = 0;
    for (; passes > 0; passes--) {
        for (size_t i = 0; i < count; i++) {
            sum += walk(mapped[i].bytes, mapped[i].size);
        }
    }
    free(mapped);
    return sum;
}

int main(int argc, char **argv) {
    if (argc != 3 && (argc != 4 || strcmp(argv[3], "once") != 0)) {
        fprintf(stderr, "usage: yardstick LOG PASSES [once]\n");
        return 2;
    }
    char pattern[4096];
    snprintf(pattern, sizeof pattern, "%s/wal_*.log", argv[1]);
    glob_t segments;
    if (glob(pattern, 0, NULL, &segments) != 0) {
        fprintf(stderr, "yardstick: %s: no segments\n", argv[1]);
        return 1;
    }
    long passes = strtol(argv[2], NULL, 10);
    uint32_t sum =
        (argc == 4 ? walk_mapped_once : walk_mapping_each_time)(segments.gl_pathv, segments.gl_pathc, passes);
    globfree(&segments);
    printf("%08x\n", (unsigned)sum);
    return 0;
}
