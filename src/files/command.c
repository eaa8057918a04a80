#include "files/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes/fail.h"

extern char **environ;

/* What this process ignores, the command must not: what it writes after nobody reads has to end it. */
static int set_signals(posix_spawnattr_t *attributes) {
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    int refused = posix_spawnattr_setsigdefault(attributes, &defaults);
    return refused != 0 ? refused : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
}

static int set_files(posix_spawn_file_actions_t *actions, int input, int output) {
    int refused = input < 0 ? posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
                            : posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);
    return refused != 0 || output < 0 ? refused : posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
}

int tr_command_spawn(pid_t *process, const char *text, int input, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int refused = posix_spawn_file_actions_init(&actions);
    if (refused != 0) {
        return refused;
    }
    refused = posix_spawnattr_init(&attributes);
    if (refused == 0) {
        refused = set_files(&actions, input, output);
        refused = refused != 0 ? refused : set_signals(&attributes);
        if (refused == 0) {
            char *arguments[] = {"sh", "-c", (char *)text, NULL};
            refused = posix_spawn(process, "/bin/sh", &actions, &attributes, arguments, environ);
        }
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return refused;
}

tr_status tr_command_start(tr_command *command, const char *text, const char *name, int *output, tr_error *error) {
    *command = (tr_command){0};
    *output = -1;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return tr_fail_system(error, "%s: cannot make a pipe for its command", name);
    }
    int refused = tr_command_spawn(&command->process, text, -1, ends[1]);
    close(ends[1]);
    if (refused != 0) {
        close(ends[0]);
        command->process = 0;
        errno = refused;
        return tr_fail_system(error, "%s: cannot run its command", name);
    }
    *output = ends[0];
    return TR_OK;
}

tr_status tr_command_wait(tr_command *command, const char *name, tr_error *error) {
    int status = 0;
    if (waitpid(command->process, &status, 0) != command->process) {
        bool is_interrupted = errno == EINTR;
        tr_status failed = tr_fail_system(error, "%s: cannot learn how its command ended", name);
        command->process = is_interrupted ? command->process : 0;
        return failed;
    }
    command->process = 0;
    if (WIFSIGNALED(status)) {
        return tr_fail(error, TR_ERROR_IO, "%s: its command was ended by signal %d (%s): the segment may not be whole",
                       name, WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    if (WEXITSTATUS(status) != 0) {
        return tr_fail(error, TR_ERROR_IO, "%s: its command ended with status %d: the segment may not be whole", name,
                       WEXITSTATUS(status));
    }
    return TR_OK;
}

void tr_command_end(tr_command *command) {
    if (command->process != 0) {
        kill(command->process, SIGTERM);
        while (waitpid(command->process, NULL, 0) < 0 && errno == EINTR) {
        }
        command->process = 0;
    }
}
