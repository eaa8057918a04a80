#include "lua/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lauxlib.h>

#include "lua/claim.h"

static const char type_name[] = "tracereel.unfinished";

typedef struct unfinished {
    char *work_path; /* owned, as `place` is */
    char *place;     /* as the user calls it */
    int descriptor;  /* of the file or directory; the lock hangs on it. -1 once it was finished or dropped */
    bool is_directory;
    bool was_there; /* something stood in its place */
    struct unfinished *previous, *next;
} unfinished;

static unfinished *all; /* read by signal handlers: what is added to it is whole */

static void forget(unfinished *self) {
    if (self->descriptor < 0) {
        return;
    }
    *(self->previous == NULL ? &all : &self->previous->next) = self->next;
    if (self->next != NULL) {
        self->next->previous = self->previous;
    }
    close(self->descriptor); /* what had to be durable was synced */
    self->descriptor = -1;
}

/* ---- making ---- */

/* What it holds is gone; the lock ends last, so that nobody makes the same name meanwhile. */
static bool drop(unfinished *self) {
    if (self->descriptor < 0) {
        return true;
    }
    bool is_removed = self->is_directory ? tr_lua_empty_directory(self->descriptor) && rmdir(self->work_path) == 0
                                         : unlink(self->work_path) == 0;
    int kept = errno;
    forget(self);
    errno = kept;
    return is_removed || errno == ENOENT;
}

static int fail(lua_State *L, const char *path, int error_number) {
    luaL_pushfail(L);
    lua_pushfstring(L, "%s: %s", path, strerror(error_number));
    lua_pushinteger(L, error_number);
    return 3;
}

static int answer(lua_State *L, bool is_done, const char *path) {
    if (!is_done) {
        return fail(L, path, errno);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* Pushes an unfinished output, or nil, what is wrong and errno. */
static unfinished *push_new(lua_State *L, bool is_directory, bool *was_left) {
    const char *work_path = luaL_checkstring(L, 1);
    const char *place = luaL_checkstring(L, 2);
    unfinished *self = lua_newuserdatauv(L, sizeof *self, 0);
    *self = (unfinished){.descriptor = -1, .is_directory = is_directory};
    luaL_setmetatable(L, type_name);
    self->work_path = strdup(work_path);
    self->place = strdup(place);
    if (self->work_path == NULL || self->place == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    struct stat found;
    self->was_there = lstat(place, &found) == 0;
    if (!self->was_there && errno != ENOENT) {
        return NULL;
    }
    int descriptor = tr_lua_claim(work_path, is_directory, was_left);
    if (descriptor < 0) {
        return NULL;
    }
    self->next = all;
    if (all != NULL) {
        all->previous = self;
    }
    self->descriptor = descriptor;
    all = self;
    return self;
}

static int close_stream(lua_State *L) {
    const luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    return luaL_fileresult(L, fclose(stream->f) == 0, NULL);
}

/* unfinished_file(work_path, place) -> unfinished, file to write to; or nil, what is wrong and errno (EWOULDBLOCK where
 * another process writes it) */
int tr_lua_unfinished_file(lua_State *L) {
    bool was_left;
    lua_settop(L, 2);
    luaL_Stream *stream = lua_newuserdatauv(L, sizeof *stream, 0); /* work_path, place, stream */
    *stream = (luaL_Stream){NULL, NULL};
    luaL_setmetatable(L, LUA_FILEHANDLE);
    unfinished *self = push_new(L, false, &was_left);
    int descriptor = self == NULL ? -1 : fcntl(self->descriptor, F_DUPFD_CLOEXEC, 0);
    stream->f = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (stream->f == NULL) {
        int kept = errno;
        close(descriptor);
        return fail(L, lua_tostring(L, 1), kept);
    }
    stream->closef = close_stream;
    lua_pushvalue(L, 3);
    return 2;
}

/* unfinished_directory(work_path, place) -> unfinished, had an interrupted command left something; or as above */
int tr_lua_unfinished_directory(lua_State *L) {
    bool was_left;
    if (push_new(L, true, &was_left) == NULL) {
        return fail(L, lua_tostring(L, 1), errno);
    }
    lua_pushboolean(L, was_left);
    return 2;
}

/* ---- finishing ---- */

static unfinished *check(lua_State *L) {
    unfinished *self = luaL_checkudata(L, 1, type_name);
    luaL_argcheck(L, self->descriptor >= 0, 1, "it was finished or dropped");
    return self;
}

/* A file system that needs not be asked refuses to be asked: that is well. */
static bool sync_open(int descriptor) {
    int answered;
    do {
        answered = fsync(descriptor);
    } while (answered != 0 && errno == EINTR);
    return answered == 0 || errno == EINVAL || errno == EROFS;
}

static bool sync_path(const char *path) {
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool is_synced = descriptor >= 0 && sync_open(descriptor);
    int kept = errno;
    if (descriptor >= 0) {
        close(descriptor);
    }
    errno = kept;
    return is_synced;
}

/* sync_file(path) -> true, or nil, what is wrong and errno: waits until a file, or a directory's entries, are durable
 */
int tr_lua_sync_file(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    return answer(L, sync_path(path), path);
}

static const char *push_parent(lua_State *L, const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? lua_pushliteral(L, ".")
                         : lua_pushlstring(L, path, slash == path ? 1 : (size_t)(slash - path));
}

/* A directory that may be written to and not listed cannot be asked for it. */
static bool sync_parent(const char *parent) {
    return sync_path(parent) || errno == EACCES;
}

/* What is replaced leaves its owner and its permissions. Who may not give files away owns it himself. */
static bool take_after(int descriptor, const char *place) {
    struct stat found;
    if (stat(place, &found) != 0) {
        return errno == ENOENT;
    }
    return (fchown(descriptor, found.st_uid, found.st_gid) == 0 || errno == EPERM || errno == EINVAL) &&
           fchmod(descriptor, found.st_mode & 0777) == 0;
}

/* A name that is taken stays what it is. Where a file system cannot promise that, it is looked at before. */
static bool rename_to_free(int from_directory, const char *from, int to_directory, const char *to) {
    struct stat found;
    if (renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE) == 0) {
        return true;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return false;
    }
    if (fstatat(to_directory, to, &found, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
    }
    return errno == ENOENT && renameat(from_directory, from, to_directory, to) == 0;
}

static int fail_in_place(lua_State *L, const char *path, int error_number) {
    fail(L, path, error_number);
    lua_pushliteral(L, "it is there, and whole, but may be lost if the machine crashes now");
    return 4;
}

/* unfinished:finish(path, may_replace) -> true; or nil, what is wrong, errno, and what there is nevertheless. What was
 * written is made durable and gets its name. What is in a directory must be durable already. */
static int unfinished_finish(lua_State *L) {
    unfinished *self = check(L);
    const char *path = luaL_checkstring(L, 2);
    bool may_replace = lua_toboolean(L, 3);
    const char *parent = push_parent(L, path); /* memory for it must not run out once the file has its name */
    bool is_done = self->is_directory || !may_replace || take_after(self->descriptor, path);
    is_done =
        is_done && sync_open(self->descriptor) &&
        (may_replace ? rename(self->work_path, path) == 0 : rename_to_free(AT_FDCWD, self->work_path, AT_FDCWD, path));
    if (!is_done) {
        return fail(L, path, errno);
    }
    forget(self);
    return sync_parent(parent) ? answer(L, true, path) : fail_in_place(L, path, errno);
}

/* Moves the entries in the list at `names` from one directory to another: all, or none. 0, or the number of the one
 * that cannot be; then errno says why, and `*is_undone` whether none is moved. Allocates nothing, which could fail
 * between. */
static lua_Integer move_all(lua_State *L, int names, int from, int to, bool *is_undone) {
    lua_Integer count = luaL_len(L, names), moved = 0;
    bool is_moving = true;
    while (is_moving && moved < count) {
        lua_geti(L, names, moved + 1);
        is_moving = rename_to_free(from, lua_tostring(L, -1), to, lua_tostring(L, -1));
        moved += is_moving;
        lua_pop(L, 1);
    }
    int kept = errno;
    *is_undone = !is_moving;
    for (lua_Integer index = moved; !is_moving && index > 0; index--) {
        lua_geti(L, names, index);
        *is_undone = renameat(to, lua_tostring(L, -1), from, lua_tostring(L, -1)) == 0 && *is_undone;
        lua_pop(L, 1);
    }
    errno = kept;
    return is_moving ? 0 : moved + 1;
}

/* unfinished:finish_in(path, names) -> the same, for the entries of a directory, which are moved into one that is there
 * already. No Lua code runs between, so that no interrupt comes between. */
static int unfinished_finish_in(lua_State *L) {
    unfinished *self = check(L);
    const char *path = luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    for (lua_Integer index = luaL_len(L, 3); index > 0; index--) {
        lua_geti(L, 3, index);
        luaL_checkstring(L, -1);
        lua_pop(L, 1);
    }
    int to = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to < 0) {
        return fail(L, path, errno);
    }
    bool is_undone;
    lua_Integer failed = move_all(L, 3, self->descriptor, to, &is_undone);
    bool is_durable = failed == 0 && sync_open(to);
    int error_number = errno;
    close(to);
    if (failed == 0) {
        bool is_removed = drop(self); /* nothing is in it any more */
        error_number = is_durable ? errno : error_number;
        return is_durable && is_removed ? answer(L, true, path) : fail_in_place(L, path, error_number);
    }
    lua_geti(L, 3, failed);
    fail(L, lua_pushfstring(L, "%s/%s", path, lua_tostring(L, -1)), error_number);
    if (is_undone) {
        return 3;
    }
    forget(self); /* what is left of it is all that there is */
    lua_pushfstring(L, "a part of it is there, and the rest in %s: move it there, or remove both", self->work_path);
    return 4;
}

/* unfinished:drop() -> true; or nil, what is wrong and errno. Allowed again, and after finishing. */
static int unfinished_drop(lua_State *L) {
    unfinished *self = luaL_checkudata(L, 1, type_name);
    return answer(L, drop(self), self->work_path);
}

/* Nobody is there to hear of a failure. */
static int unfinished_finalize(lua_State *L) {
    unfinished *self = luaL_checkudata(L, 1, type_name);
    drop(self);
    free(self->work_path);
    free(self->place);
    self->work_path = self->place = NULL;
    return 0;
}

/* ---- the program's end ---- */

/* A file's name must not steer the terminal. */
static void print_name(const char *name) {
    for (const unsigned char *byte = (const unsigned char *)name; *byte != '\0'; byte++) {
        fprintf(stderr, *byte < ' ' || *byte == 127 ? "\\x%02x" : "%c", *byte);
    }
}

void tr_lua_unfinished_drop_all(void) {
    while (all != NULL) {
        unfinished *self = all;
        bool is_removed = drop(self);
        int error_number = errno;
        fputs("tracereel: ", stderr);
        print_name(is_removed ? self->place : self->work_path);
        if (!is_removed) {
            fprintf(stderr, " is left, and cannot be removed: %s; remove it\n", strerror(error_number));
        } else {
            fputs(self->was_there ? " is as it was\n" : " was not written: nothing of it is left\n", stderr);
        }
    }
}

/* The lock hangs on the open file, which the parent has, too. */
void tr_lua_unfinished_disown_all(void) {
    while (all != NULL) {
        forget(all);
    }
}

static void write_text(const char *text) {
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

void tr_lua_unfinished_tell(void) {
    for (const unfinished *self = all; self != NULL; self = self->next) {
        write_text("tracereel: ");
        write_text(self->work_path);
        write_text(" is left, and not whole; the same command given again removes it\n");
    }
}

/* ---- open ---- */

void tr_lua_open_unfinished(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"finish", unfinished_finish}, {"finish_in", unfinished_finish_in}, {"drop", unfinished_drop}, {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    lua_pushcfunction(L, unfinished_finalize);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
