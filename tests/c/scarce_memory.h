/* Runs out of memory on purpose, in a child process. Not under the address sanitizer, whose allocator ends the program
 * instead of returning NULL: CAN_RUN_OUT_OF_MEMORY is then 0. */
#ifndef TRACEREEL_SCARCE_MEMORY_H
#define TRACEREEL_SCARCE_MEMORY_H

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define CAN_RUN_OUT_OF_MEMORY 1
#if defined(__SANITIZE_ADDRESS__)
#undef CAN_RUN_OUT_OF_MEMORY
#define CAN_RUN_OUT_OF_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#undef CAN_RUN_OUT_OF_MEMORY
#define CAN_RUN_OUT_OF_MEMORY 0
#endif
#endif

/* From now on the system gives this process no more memory; what the allocator already has can still be used. */
static inline void get_no_more_memory(void) {
    setrlimit(RLIMIT_AS, &(struct rlimit){0, RLIM_INFINITY});
}

/* Also uses up what the allocator has. */
static inline void use_up_memory(void) {
    void *volatile taken; /* volatile: the compiler must not remove the allocations */
    get_no_more_memory();
    for (size_t size = (size_t)1 << 20; size >= 8; size /= 2) {
        do {
            taken = malloc(size);
        } while (taken != NULL);
    }
}

/* Runs `job` in a child process. `job` returns 0, or the number of the failed check. */
static inline void check_in_child(int (*job)(void)) {
    pid_t child = fork();
    if (child == 0) {
        _exit(job());
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_INT(0, WEXITSTATUS(status));
}

#endif
