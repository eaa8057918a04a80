#include "files/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* For file systems without O_TMPFILE. */
static int make_and_unlink(const char *directory) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/tracereel-XXXXXX", directory);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int file = mkostemp(path, O_CLOEXEC);
    if (file >= 0) {
        unlink(path);
    }
    return file;
}

int tr_temporary_file(const char **directory) {
    const char *place = getenv("TMPDIR");
    if (place == NULL || place[0] == '\0') {
        place = "/tmp";
    }
    if (directory != NULL) {
        *directory = place;
    }
    int file = open(place, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return file >= 0 ? file : make_and_unlink(place);
}
