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

static uint32_t walk_segment(const char *path) {
    struct stat status;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0) {
        perror(path);
        exit(1);
    }
    size_t size = (size_t)status.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    uint32_t sum = walk(bytes, size);
    munmap(bytes, size);
    close(file);
    return sum;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: yardstick LOG PASSES\n");
        return 2;
    }
    char pattern[4096];
    snprintf(pattern, sizeof pattern, "%s/wal_*.log", argv[1]);
    glob_t segments;
    if (glob(pattern, 0, NULL, &segments) != 0) {
        fprintf(stderr, "yardstick: %s: no segments\n", argv[1]);
        return 1;
    }
    uint32_t sum = 0;
    for (long pass = strtol(argv[2], NULL, 10); pass > 0; pass--) {
        for (size_t i = 0; i < segments.gl_pathc; i++) {
            sum += walk_segment(segments.gl_pathv[i]);
        }
    }
    globfree(&segments);
    printf("%08x\n", (unsigned)sum);
    return 0;
}
