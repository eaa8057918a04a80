#include "lua/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <lauxlib.h>

#include "files/file_kind.h"
#include "lua/arguments.h"
#include "lua/failure.h"

/* Of the file system that pipes without a name live in: /dev/stdin, /dev/fd/3, and what a shell makes of <(command). */
enum { NAMELESS_PIPES = 0x50495045 };

static bool is_nameless_pipe(int descriptor) {
    struct statfs found;
    return fstatfs(descriptor, &found) == 0 && found.f_type == NAMELESS_PIPES;
}

static int close_stream(lua_State *L) {
    const luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    return luaL_fileresult(L, fclose(stream->f) == 0, NULL);
}

/* A disk that cannot be read, or a server that does not answer. */
static bool is_of_medium(int error_number) {
    return error_number == EIO || error_number == ESTALE || error_number == EUCLEAN || error_number == ETIMEDOUT ||
           error_number == EREMOTEIO;
}

/* is_of_medium(errno) -> is it the medium that fails? */
int tr_lua_is_of_medium(lua_State *L) {
    lua_pushboolean(L, is_of_medium((int)luaL_checkinteger(L, 1)));
    return 1;
}

void tr_lua_raise_no_answer(lua_State *L, const char *path, int error_number) {
    if (error_number == ENOMEM) {
        tr_lua_raise(L, "memory", "%s: %s", path, strerror(error_number));
    } else if (error_number == EMFILE || error_number == ENFILE || is_of_medium(error_number)) {
        tr_lua_raise(L, "io", "%s: %s", path, strerror(error_number));
    }
}

static int push_failure(lua_State *L, const char *path, const char *problem, int error_number) {
    luaL_pushfail(L);
    lua_pushfstring(L, "%s: %s", path, problem);
    lua_pushinteger(L, error_number);
    return 3;
}

static int fail(lua_State *L, const char *path, const char *problem, int error_number) {
    tr_lua_raise_no_answer(L, path, error_number);
    return push_failure(L, path, problem, error_number);
}

/* Nothing can be there by a name for which the system says so. */
static bool is_absent(int error_number) {
    return error_number == ENOENT || error_number == ENOTDIR || error_number == ELOOP || error_number == ENAMETOOLONG;
}

/* Is something there, a link or what it leads to? Raises where that cannot be found out. */
static bool look_at_link(lua_State *L, const char *path, struct stat *found) {
    if (lstat(path, found) == 0) {
        return true;
    }
    if (!is_absent(errno)) {
        tr_lua_raise_no_answer(L, path, errno);
        tr_lua_raise(L, "io", "%s: %s", path, strerror(errno));
    }
    return false;
}

/* The stream of an open file; takes the descriptor over. Nothing where there can be none. */
static bool set_stream(luaL_Stream *stream, int descriptor) {
    /* A pipe is waited for from here on: it has a writer, or is at its end. */
    stream->f = fcntl(descriptor, F_SETFL, O_RDONLY) == 0 ? fdopen(descriptor, "rb") : NULL;
    if (stream->f == NULL) {
        int kept = errno;
        close(descriptor);
        errno = kept;
        return false;
    }
    stream->closef = close_stream;
    return true;
}

static int fail_to_open(lua_State *L, const char *path, bool is_for_medium) {
    int error_number = errno;
    return is_for_medium && is_of_medium(error_number) ? push_failure(L, path, strerror(error_number), error_number)
                                                       : fail(L, path, strerror(error_number), error_number);
}

/* open_file(path, is_for_medium) -> file for reading, as io.open gives it; or nil, what is wrong and errno (0 where it
 * is no file). Where the medium cannot give the file that is raised, or with is_for_medium returned as well. */
int tr_lua_open_file(lua_State *L) {
    const char *path = tr_lua_check_path(L, 1);
    bool is_for_medium = lua_toboolean(L, 2);
    luaL_Stream *stream = lua_newuserdatauv(L, sizeof *stream, 0); /* path, stream */
    *stream = (luaL_Stream){NULL, NULL};
    luaL_setmetatable(L, LUA_FILEHANDLE);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat found;
    if (descriptor < 0) {
        return fail_to_open(L, path, is_for_medium);
    }
    if (fstat(descriptor, &found) != 0) {
        int kept = errno;
        close(descriptor);
        errno = kept;
        return fail_to_open(L, path, is_for_medium);
    }
    if (!S_ISREG(found.st_mode) && !is_nameless_pipe(descriptor)) {
        close(descriptor);
        lua_pushfstring(L, "expected a file, found %s", tr_file_kind_name(found.st_mode));
        return fail(L, path, lua_tostring(L, -1), 0);
    }
    return set_stream(stream, descriptor) ? 1 : fail_to_open(L, path, is_for_medium);
}

/* file_kind(path) -> "a file", "a directory", "a pipe" ...; or nil where nothing is there, and nil, what is wrong and
 * errno where that may not be asked */
int tr_lua_file_kind(lua_State *L) {
    const char *path = tr_lua_check_path(L, 1);
    struct stat found;
    if (stat(path, &found) != 0) {
        if (is_absent(errno)) {
            return 0;
        }
        return fail(L, path, strerror(errno), errno);
    }
    lua_pushstring(L, tr_file_kind_name(found.st_mode));
    return 1;
}

/* is_link(path) -> is a symbolic link there? */
int tr_lua_is_link(lua_State *L) {
    struct stat found;
    lua_pushboolean(L, look_at_link(L, luaL_checkstring(L, 1), &found) && S_ISLNK(found.st_mode));
    return 1;
}

/* is_same_file(path, path) -> are both names of one file? A symbolic link is another file than what it leads to. */
int tr_lua_is_same_file(lua_State *L) {
    struct stat one, other;
    lua_pushboolean(L, look_at_link(L, luaL_checkstring(L, 1), &one) &&
                           look_at_link(L, luaL_checkstring(L, 2), &other) && one.st_dev == other.st_dev &&
                           one.st_ino == other.st_ino);
    return 1;
}

/* As luaL_fileresult for a path, but for what is no answer. */
int tr_lua_path_result(lua_State *L, bool is_done, const char *path) {
    if (!is_done) {
        tr_lua_raise_no_answer(L, path, errno);
    }
    return luaL_fileresult(L, is_done, path);
}

static bool is_named_so(const char *name, const char *beginning, size_t beginning_bytes, const char *ending,
                        size_t ending_bytes) {
    size_t bytes = strlen(name);
    return bytes >= beginning_bytes + ending_bytes && memcmp(name, beginning, beginning_bytes) == 0 &&
           memcmp(name + bytes - ending_bytes, ending, ending_bytes) == 0;
}

/* has_entry(directory, beginning, ending) -> has the directory an entry whose name begins and ends so? It is read as
 * far as the first of them. Or nil, what is wrong and errno. */
int tr_lua_has_entry(lua_State *L) {
    size_t beginning_bytes, ending_bytes;
    const char *path = tr_lua_check_path(L, 1);
    const char *beginning = luaL_checklstring(L, 2, &beginning_bytes);
    const char *ending = luaL_checklstring(L, 3, &ending_bytes);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return fail(L, path, strerror(errno), errno);
    }
    const struct dirent *entry;
    do {
        errno = 0;
        entry = readdir(directory);
    } while (entry != NULL && !is_named_so(entry->d_name, beginning, beginning_bytes, ending, ending_bytes));
    bool is_there = entry != NULL;
    int error_number = is_there ? 0 : errno;
    closedir(directory);
    if (error_number != 0) {
        return fail(L, path, strerror(error_number), error_number);
    }
    lua_pushboolean(L, is_there);
    return 1;
}

/* Puts what the link `path` says into its place, seen from the link's own directory. 0: done; otherwise errno. */
static int follow(char path[PATH_MAX]) {
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target);
    if (length < 0) {
        return errno;
    }
    const char *slash = target[0] == '/' ? NULL : strrchr(path, '/');
    size_t directory_bytes = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (directory_bytes + (size_t)length >= PATH_MAX) {
        return ENAMETOOLONG;
    }
    memcpy(path + directory_bytes, target, (size_t)length);
    path[directory_bytes + (size_t)length] = '\0';
    return 0;
}

/* Is it one of the links that a process's open files are shown as? */
static bool is_of_open_file(const char *path) {
    enum { PROCESSES = 0x9FA0 }; /* the file system of /proc */
    struct stat found;
    struct statfs system;
    int descriptor = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    bool is_so = descriptor >= 0 && fstat(descriptor, &found) == 0 && S_ISLNK(found.st_mode) &&
                 fstatfs(descriptor, &system) == 0 && system.f_type == PROCESSES;
    if (descriptor >= 0) {
        close(descriptor);
    }
    return is_so;
}

/* without_links(path) -> the place that the path leads to, where it is a link, be anything there or not; false where
 * the link is to an open file, as /dev/stdout is; or nil, what is wrong and errno */
int tr_lua_without_links(lua_State *L) {
    enum { MAX_LINKS = 40 };
    char path[PATH_MAX];
    size_t bytes;
    const char *given = luaL_checklstring(L, 1, &bytes);
    if (bytes >= sizeof path) {
        return fail(L, given, strerror(ENAMETOOLONG), ENAMETOOLONG);
    }
    memcpy(path, given, bytes + 1);
    int error_number = 0;
    for (int links = 0; error_number == 0; links++) {
        if (is_of_open_file(path)) {
            lua_pushboolean(L, false);
            return 1;
        }
        error_number = links == MAX_LINKS ? ELOOP : follow(path);
    }
    if (error_number == EINVAL || error_number == ENOENT) { /* no link, or nothing */
        lua_pushstring(L, path);
        return 1;
    }
    return fail(L, given, strerror(error_number), error_number);
}
