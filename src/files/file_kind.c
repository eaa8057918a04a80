#include "files/file_kind.h"

#include <stddef.h>
#include <sys/stat.h>

const char *tr_file_kind_name(uint32_t mode) {
    static const struct {
        uint32_t type;
        const char *words;
    } kinds[] = {{S_IFREG, "a file"},   {S_IFDIR, "a directory"}, {S_IFIFO, "a pipe"},
                 {S_IFCHR, "a device"}, {S_IFBLK, "a device"},    {S_IFSOCK, "a socket"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if ((mode & S_IFMT) == kinds[i].type) {
            return kinds[i].words;
        }
    }
    return "something else";
}
