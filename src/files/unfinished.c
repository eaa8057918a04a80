#include "files/unfinished.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char WORD[] = "tracereel-unfinished"; /* the same as in lua/tracereel/log/unfinished.lua */

static bool is_there(const char *path) {
    struct stat found;
    return lstat(path, &found) == 0;
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
        if (asprintf(&name, "%.*s%c%s", (int)path_bytes, path, *separator, WORD) < 0) {
            return; /* the message is good enough without it */
        }
        if (is_there(name)) {
            snprintf(error->message + said_bytes, sizeof error->message - said_bytes,
                     "; %s is unfinished: its writer is still running, or was killed before it finished", name);
            free(name);
            return;
        }
        free(name);
    }
}
