#include "files/unfinished.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char word[] = "tracereel-unfinished"; /* the same as in lua/tracereel/log/unfinished.lua */

/* 0 where something is there; otherwise errno. */
static int look(const char *path) {
    struct stat found;
    return lstat(path, &found) == 0 ? 0 : errno;
}

static bool is_nothing(int error_number) {
    return error_number == ENOENT || error_number == ENOTDIR || error_number == ENAMETOOLONG;
}

void tr_unfinished_add(const char *path, tr_error *error) {
    if (error == NULL) {
        return;
    }
    size_t path_bytes = strlen(path), said_bytes = strlen(error->message);
    while (path_bytes > 1 && path[path_bytes - 1] == '/') {
        path_bytes--;
    }
    for (const char *separator = "./"; *separator != '\0'; separator++) {
        char *name = NULL;
        if (asprintf(&name, "%.*s%c%s", (int)path_bytes, path, *separator, word) < 0) {
            return; /* the message is good enough without it */
        }
        int error_number = look(name);
        char *added = error->message + said_bytes;
        if (error_number == 0) {
            snprintf(added, sizeof error->message - said_bytes,
                     "; %s is unfinished: its writer is still running, or was killed before it finished", name);
        } else if (!is_nothing(error_number)) {
            snprintf(added, sizeof error->message - said_bytes, "; whether %s is there cannot be told: %s", name,
                     strerror(error_number));
        }
        free(name);
        if (!is_nothing(error_number)) {
            return;
        }
    }
}
