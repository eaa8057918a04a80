/* What is asked of an open file or directory; a call that a signal interrupted is made again. Where the answer is
 * false, errno says why. */
#ifndef TRACEREEL_DESCRIPTOR_H
#define TRACEREEL_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Waits until what was written is durable. */
bool tr_descriptor_sync(int descriptor);

/* Waits until the entries of a directory are durable. Some file systems keep them safe without being asked, and refuse
 * to be asked: that is well. */
bool tr_descriptor_sync_directory(int descriptor);

/* Writes all bytes; `*written_bytes`, which grows by what was written, says how far it came. */
bool tr_descriptor_write(int descriptor, const uint8_t *bytes, size_t length, uint64_t *written_bytes);

/* The engine's lock: exclusive, and not waited for. errno is EWOULDBLOCK where another process has it. */
bool tr_descriptor_lock(int descriptor);

/* Gives the open file the owner and the permissions of the open file `model`: the engine may run as another user than
 * the operator does. Who may not give files away stays the owner, which is no failure. */
bool tr_descriptor_take_after(int descriptor, int model);

/* -1 is allowed. */
bool tr_descriptor_close(int descriptor);

#endif
