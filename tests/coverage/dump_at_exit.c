/* Linked into what `make coverage` builds with gcc, with -Wl,--wrap=_exit: gcov writes its counters down in a normal
 * exit only, and the program's deadline and the children of some tests leave through _exit. Writing them takes memory,
 * which some tests refuse. */
#include <dlfcn.h>
#include <stddef.h>
#include <sys/resource.h>

void __gcov_dump(void);                  /* NOLINT(bugprone-reserved-identifier): gcov's; clang has no <gcov.h> */
_Noreturn void __real__exit(int status); /* NOLINT(bugprone-reserved-identifier): the linker's names */
_Noreturn void __wrap__exit(int status); /* NOLINT(bugprone-reserved-identifier) */

/* Before gcov's own destructor, which is of a lower priority. */
static void __attribute__((destructor)) refuse_no_memory(void) {
    void *end = dlsym(RTLD_DEFAULT, "failing_memory_end");
    if (end != NULL) {
        (*(size_t(**)(size_t *))(void *)&end)(NULL);
    }
}

_Noreturn void __wrap__exit(int status) {
    refuse_no_memory();
    /* Some of these children have taken all memory from themselves. */
    struct rlimit memory;
    if (getrlimit(RLIMIT_AS, &memory) == 0) {
        memory.rlim_cur = memory.rlim_max;
        setrlimit(RLIMIT_AS, &memory);
    }
    __gcov_dump();
    __real__exit(status);
}
