/* A shell command whose standard output is read, as from a file. */
#ifndef TRACEREEL_COMMAND_H
#define TRACEREEL_COMMAND_H

#include <sys/types.h>

#include "tracereel/status.h"

typedef struct tr_command {
    pid_t process; /* 0 while none runs */
} tr_command;

/* Starts `text` by /bin/sh, for who waits for it himself. `input` is its standard input, -1: nothing is to be read
 * there; `output` its standard output, -1: this process's. Returns 0, or an errno. */
int tr_command_spawn(pid_t *process, const char *text, int input, int output);

/* Starts `text` by /bin/sh, with an empty standard input and this process's standard error. `*output` is a descriptor
 * for what it writes; close it before tr_command_end. Messages call it `name`. Returns TR_OK, TR_ERROR_IO,
 * TR_ERROR_TOO_MANY or TR_ERROR_MEMORY; on failure `*output` is -1 and nothing runs. */
tr_status tr_command_start(tr_command *command, const char *text, const char *name, int *output, tr_error *error);

/* Waits for the command. Returns TR_OK if it ended with status 0; TR_ERROR_IO otherwise: what it wrote may be a part of
 * what it should have written; or TR_ERROR_INTERRUPTED: it still runs, wait again. */
tr_status tr_command_wait(tr_command *command, const char *name, tr_error *error);

/* Ends a command whose output is not needed any more. Does nothing while none runs. */
void tr_command_end(tr_command *command);

#endif
