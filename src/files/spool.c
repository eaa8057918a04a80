#include "files/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes/fail.h"
#include "files/temporary.h"

static const uint64_t first_bytes = UINT64_C(1) << 18;

tr_status tr_spool_open(tr_spool *spool, tr_error *error) {
    *spool = (tr_spool){.file = -1};
    const char *directory;
    spool->file = tr_temporary_file(&directory);
    if (spool->file < 0) {
        return tr_fail_system(error, "%s: cannot make a temporary file there (TMPDIR says where)", directory);
    }
    return TR_OK;
}

static tr_status grow(tr_spool *spool, uint64_t needed_bytes, tr_error *error) {
    uint64_t capacity = spool->capacity_bytes == 0 ? first_bytes : spool->capacity_bytes;
    while (capacity < needed_bytes) {
        capacity += capacity / 2;
    }
    capacity = (capacity + 65535) & ~UINT64_C(65535);
    int refused = posix_fallocate(spool->file, (off_t)spool->capacity_bytes, (off_t)(capacity - spool->capacity_bytes));
    if (refused != 0) {
        errno = refused;
        return tr_fail_system(error, "cannot make a temporary file %llu bytes long (TMPDIR says where)",
                              (unsigned long long)capacity);
    }
    void *mapped = spool->bytes == NULL
                       ? mmap(NULL, (size_t)capacity, PROT_READ | PROT_WRITE, MAP_SHARED, spool->file, 0)
                       : mremap(spool->bytes, (size_t)spool->capacity_bytes, (size_t)capacity, MREMAP_MAYMOVE);
    if (mapped == MAP_FAILED) {
        return tr_fail_system(error, "cannot map a temporary file");
    }
    spool->bytes = mapped;
    spool->capacity_bytes = capacity;
    return TR_OK;
}

tr_status tr_spool_reserve(tr_spool *spool, uint64_t length_bytes, uint64_t *offset, tr_error *error) {
    uint64_t end = spool->length_bytes + ((length_bytes + 7) & ~UINT64_C(7));
    if (end > spool->capacity_bytes) {
        tr_status status = grow(spool, end, error);
        if (status != TR_OK) {
            return status;
        }
    }
    *offset = spool->length_bytes;
    spool->length_bytes = end;
    return TR_OK;
}

tr_status tr_spool_write(const tr_spool *spool, uint64_t offset, const uint8_t *bytes, size_t length, tr_error *error) {
    while (length > 0) {
        ssize_t written = pwrite(spool->file, bytes, length, (off_t)offset);
        if (written < 0 && errno != EINTR) {
            return tr_fail_system(error, "cannot write to a temporary file (TMPDIR says where)");
        } else if (written > 0) {
            bytes += written;
            offset += (uint64_t)written;
            length -= (size_t)written;
        }
    }
    return TR_OK;
}

void tr_spool_close(tr_spool *spool) {
    if (spool->bytes != NULL) {
        munmap(spool->bytes, (size_t)spool->capacity_bytes);
    }
    if (spool->file >= 0) {
        close(spool->file);
    }
    *spool = (tr_spool){.file = -1};
}
