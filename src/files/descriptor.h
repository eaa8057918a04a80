/* Operations on an open file or directory. A call that a signal interrupted is retried. On failure they return false
 * and errno says why. */
#ifndef TRACEREEL_DESCRIPTOR_H
#define TRACEREEL_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Waits until what was written is durable. */
bool tr_descriptor_sync(int descriptor);

/* Waits until the entries of a directory are durable. Some file systems always keep them durable, and refuse the call:
 * that is success. */
bool tr_descriptor_sync_directory(int descriptor);

/* Writes all bytes. Adds what was written to `*written_bytes`, also on failure. */
bool tr_descriptor_write(int descriptor, const uint8_t *bytes, size_t length, uint64_t *written_bytes);

/* Takes XERV's (the engine's) lock: exclusive, without waiting. errno is EWOULDBLOCK if another process has it. */
bool tr_descriptor_lock(int descriptor);

/* Whether the open file still has that name, in the directory or, with AT_FDCWD, as a path. `flags` are fstatat's:
 * AT_SYMLINK_NOFOLLOW asks about a link itself. False on failure, which a name that is gone is not; `*is_named` is
 * false then. */
bool tr_descriptor_find_name(int descriptor, int directory_descriptor, const char *name, int flags, bool *is_named);

/* Gives the open file the owner and the permissions of the open file `model`: the engine may run as another user than
 * the operator. If this process may not give files away it stays the owner, which is not a failure. */
bool tr_descriptor_take_after(int descriptor, int model);

/* -1 is allowed. */
bool tr_descriptor_close(int descriptor);

#endif
