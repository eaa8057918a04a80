/* Runs a command, discards its output, and prints on one line the processor time in seconds, the peak of anonymous
 * memory in KiB, and the exit status (128 plus the signal's number if one ended it). */
#include "parts/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: measure MAX_SECONDS COMMAND...\n");
        return 2;
    }
    rlim_t max_seconds = strtoul(argv[1], NULL, 10);
    int output = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (output < 0 || setrlimit(RLIMIT_CPU, &(struct rlimit){max_seconds, max_seconds}) != 0) {
        fail("measure", strerror(errno));
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    process_spent spent;
    process_watch(argv[2], child, &spent);
    printf("%.6f %" PRIu64 " %d\n", spent.seconds, spent.peak_kib,
           WIFSIGNALED(spent.status) ? 128 + WTERMSIG(spent.status) : WEXITSTATUS(spent.status));
    return 0;
}
