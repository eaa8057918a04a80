/* The Nth call by which a program looks at files fails, where the file lies in a chosen directory. To be preloaded: the
 * kernel then hands each of these system calls back to the process (seccomp's trap), also those that the C library
 * makes by itself, and the handler makes the call or refuses it. For x86-64; elsewhere it does nothing, and the list
 * stays empty. It reads the environment:
 *
 *   READS_OF=DIRECTORY   whose files are meant: it and all that is in it; an absolute path
 *   FAIL_READ=N:ERRNO:K  the Nth of these calls fails so, and K - 1 after it; K = 0: all after it
 *   LIST_READS=FILE      a line for each call: its name, whether it makes or writes a file, and the path */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* What is looked at: the path is an argument, or that of an open file. */
typedef struct {
    const char *name;
    int number, directory, path, descriptor; /* which arguments; NONE: it has no such one */
    int flags;                               /* of an open */
} watched;

enum { NONE = -1, PATH_BYTES = 4096 + 512 };

static const watched calls[] = {
    {"open", SYS_open, NONE, 0, NONE, 1},
    {"open", SYS_openat, 0, 1, NONE, 2},
    {"stat", SYS_stat, NONE, 0, NONE, NONE},
    {"stat", SYS_lstat, NONE, 0, NONE, NONE},
    {"stat", SYS_newfstatat, 0, 1, NONE, NONE},
    {"stat", SYS_statx, 0, 1, NONE, NONE},
    {"access", SYS_access, NONE, 0, NONE, NONE},
    {"access", SYS_faccessat, 0, 1, NONE, NONE},
    {"access", SYS_faccessat2, 0, 1, NONE, NONE},
    {"readlink", SYS_readlink, NONE, 0, NONE, NONE},
    {"readlink", SYS_readlinkat, 0, 1, NONE, NONE},
    {"fstat", SYS_fstat, NONE, NONE, 0, NONE},
    {"read", SYS_read, NONE, NONE, 0, NONE},
    {"read", SYS_readv, NONE, NONE, 0, NONE},
    {"pread", SYS_pread64, NONE, NONE, 0, NONE},
    {"lseek", SYS_lseek, NONE, NONE, 0, NONE},
    {"getdents", SYS_getdents64, NONE, NONE, 0, NONE},
    {"mmap", SYS_mmap, NONE, NONE, 4, NONE},
};

enum { CALL_COUNT = sizeof calls / sizeof calls[0] };

static const char *watched_directory;
static size_t watched_bytes, first_refused, times_refused;
static int refused_as, list_descriptor = -1;
static _Atomic size_t counted;

/* The one place whose system calls the filter lets pass. */
long failing_reads_call(long number, const long arguments[6]);
extern const char failing_reads_after_call[];
__asm__(".text\n"
        "failing_reads_call:\n"
        "    mov %rdi, %rax\n"
        "    mov %rsi, %r11\n"
        "    mov 0(%r11), %rdi\n"
        "    mov 8(%r11), %rsi\n"
        "    mov 16(%r11), %rdx\n"
        "    mov 24(%r11), %r10\n"
        "    mov 32(%r11), %r8\n"
        "    mov 40(%r11), %r9\n"
        "    syscall\n"
        "failing_reads_after_call:\n"
        "    ret\n");

/* ---- which file ---- */

static void read_descriptor_path(long descriptor, char path[PATH_BYTES]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%ld", descriptor);
    const long arguments[6] = {AT_FDCWD, (long)link, (long)path, PATH_BYTES - 1};
    long length = failing_reads_call(SYS_readlinkat, arguments);
    path[length < 0 ? 0 : length] = '\0';
}

/* fclose goes back by what was read ahead, and disregards how that ends. */
static bool is_going_back(const watched *call, const long arguments[6]) {
    return call->number == SYS_lseek && arguments[2] == SEEK_CUR && arguments[1] < 0;
}

static void find_path(const watched *call, const long arguments[6], char path[PATH_BYTES]) {
    path[0] = '\0';
    if (call->descriptor != NONE) {
        if ((int)arguments[call->descriptor] >= 0) {
            read_descriptor_path((int)arguments[call->descriptor], path);
        }
        return;
    }
    const char *given = (const char *)arguments[call->path];
    size_t used = 0;
    if (given != NULL && given[0] != '/' && call->directory != NONE && (int)arguments[call->directory] >= 0) {
        read_descriptor_path((int)arguments[call->directory], path);
        used = strlen(path);
    }
    if (given != NULL && used < PATH_BYTES) {
        snprintf(path + used, PATH_BYTES - used, used > 0 && given[0] != '\0' ? "/%s" : "%s", given);
    }
}

static bool is_watched(const char *path) {
    return strncmp(path, watched_directory, watched_bytes) == 0 &&
           (path[watched_bytes] == '\0' || path[watched_bytes] == '/');
}

/* ---- the calls ---- */

static bool is_refused(void) {
    size_t number = ++counted;
    return first_refused != 0 && number >= first_refused &&
           (times_refused == 0 || number - first_refused < times_refused);
}

static void list_call(const watched *call, const long arguments[6], const char *path) {
    char line[PATH_BYTES + 64];
    bool is_writing = call->flags != NONE && (arguments[call->flags] & (O_ACCMODE | O_CREAT)) != 0;
    bool is_open = call->path != NONE && call->flags == NONE && arguments[call->path] != 0 &&
                   *(const char *)arguments[call->path] == '\0'; /* AT_EMPTY_PATH */
    int length = snprintf(line, sizeof line, "%s %s %s\n", is_open ? "fstat" : call->name,
                          is_writing ? "writing" : "reading", path);
    ssize_t written = write(list_descriptor, line, (size_t)length);
    (void)written;
}

static long answer(const watched *call, const long arguments[6]) {
    char path[PATH_BYTES];
    find_path(call, arguments, path);
    if (is_watched(path) && !is_going_back(call, arguments)) {
        if (list_descriptor >= 0) {
            list_call(call, arguments, path);
        }
        if (is_refused()) {
            return -refused_as;
        }
    }
    return failing_reads_call(call->number, arguments);
}

static void handle(int signal, siginfo_t *info, void *context) {
    (void)signal;
    int kept = errno;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const long arguments[6] = {registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                               registers[REG_R10], registers[REG_R8],  registers[REG_R9]};
    for (int i = 0; i < CALL_COUNT; i++) {
        if (calls[i].number == info->si_syscall) {
            registers[REG_RAX] = answer(&calls[i], arguments);
        }
    }
    errno = kept;
}

/* ---- the filter ---- */

static bool install_filter(void) {
    enum { HEAD = 6, LENGTH = HEAD + CALL_COUNT + 2 };
    uint64_t after_call = (uint64_t)(uintptr_t)failing_reads_after_call;
    struct sock_filter filter[LENGTH] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)after_call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(after_call >> 32), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    for (int i = 0; i < CALL_COUNT; i++) {
        filter[HEAD + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number,
                                                        (uint8_t)(CALL_COUNT - i), 0);
    }
    filter[LENGTH - 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[LENGTH - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    const struct sock_fprog program = {LENGTH, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void __attribute__((constructor)) begin(void) {
    const char *wanted = getenv("FAIL_READ"), *list_path = getenv("LIST_READS");
    watched_directory = getenv("READS_OF");
    if (watched_directory == NULL) {
        return;
    }
    watched_bytes = strlen(watched_directory);
    if (wanted != NULL && sscanf(wanted, "%zu:%d:%zu", &first_refused, &refused_as, &times_refused) != 3) {
        fprintf(stderr, "failing_reads: FAIL_READ is N:ERRNO:K\n");
        _exit(125);
    }
    if (list_path != NULL) {
        list_descriptor = open(list_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    }
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
    if (sigaction(SIGSYS, &action, NULL) != 0 || !install_filter()) {
        perror("failing_reads");
        _exit(125);
    }
}

#endif
