/* A file without a name, for what is needed for a while. */
#ifndef TRACEREEL_TEMPORARY_H
#define TRACEREEL_TEMPORARY_H

/* Opens an empty file in $TMPDIR (or /tmp), which is gone when its last descriptor is closed. -1, with errno, where
 * that cannot be; `*directory` is where, and may be NULL. */
int tr_temporary_file(const char **directory);

#endif
