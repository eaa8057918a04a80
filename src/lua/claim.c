#include "lua/claim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/descriptor.h"

/* Each is spent only when another process makes or removes the same name at that moment. */
enum { MAKE_ATTEMPTS = 100 };

/* ---- removing ---- */

static bool remove_entry(int directory, const char *name);

/* Takes the descriptor over. */
static bool remove_entries(int directory) {
    DIR *stream = directory < 0 ? NULL : fdopendir(directory);
    if (stream == NULL) {
        int kept = errno;
        close(directory);
        errno = kept;
        return false;
    }
    bool is_removed = true;
    const struct dirent *entry;
    while (is_removed && (errno = 0, entry = readdir(stream)) != NULL) {
        bool is_itself = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        is_removed = is_itself || remove_entry(dirfd(stream), entry->d_name);
    }
    is_removed = is_removed && errno == 0;
    int kept = errno;
    closedir(stream);
    errno = kept;
    return is_removed;
}

static bool remove_entry(int directory, const char *name) {
    if (unlinkat(directory, name, 0) == 0) {
        return true;
    }
    return errno == EISDIR &&
           remove_entries(openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) &&
           unlinkat(directory, name, AT_REMOVEDIR) == 0;
}

bool tr_lua_empty_directory(int directory) {
    return remove_entries(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* ---- making ---- */

/* The file or directory, made anew or found; -1 where neither can be done. */
static int make_or_open(const char *path, bool is_directory, bool *is_new) {
    int descriptor = -1;
    if (is_directory) {
        *is_new = mkdir(path, 0777) == 0;
    } else {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
        *is_new = descriptor >= 0;
    }
    if (descriptor >= 0 || (!*is_new && errno != EEXIST)) {
        return descriptor;
    }
    int kind = is_directory ? O_DIRECTORY : O_NONBLOCK; /* a pipe of that name is not waited for */
    return open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind);
}

/* Where a file system knows no locks nobody can hold one. */
static bool take_lock(int descriptor) {
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

/* Takes away what an interrupted command has left: an open file, or what is in an open directory. */
static bool clear_left(int descriptor, const char *path, bool is_directory) {
    struct stat found;
    if (is_directory) {
        return tr_lua_empty_directory(descriptor);
    }
    if (fstat(descriptor, &found) != 0) {
        return false;
    }
    if (!S_ISREG(found.st_mode)) {
        errno = EEXIST;
        return false;
    }
    return unlink(path) == 0;
}

int tr_lua_claim(const char *path, bool is_directory, bool *was_left) {
    *was_left = false;
    for (int attempt = 0; attempt < MAKE_ATTEMPTS; attempt++) {
        bool is_new;
        int descriptor = make_or_open(path, is_directory, &is_new);
        if (descriptor < 0 && errno == ENOENT && !is_new && attempt < 2) {
            continue; /* it has just gone; where there is no directory for it, it is said at the third time */
        }
        if (descriptor < 0) {
            return -1;
        }
        bool is_named;
        if (!take_lock(descriptor) ||
            !tr_descriptor_find_name(descriptor, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &is_named) ||
            (is_named && !is_new && !clear_left(descriptor, path, is_directory)) ||
            !tr_descriptor_find_name(descriptor, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &is_named)) {
            int kept = errno;
            close(descriptor);
            errno = kept;
            return -1;
        }
        *was_left = *was_left || !is_new;
        if ((is_new || is_directory) && is_named) {
            return descriptor;
        }
        close(descriptor);
    }
    errno = EWOULDBLOCK;
    return -1;
}
