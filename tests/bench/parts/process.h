/* Programs that run as processes of their own: started, waited for, and measured. What goes wrong ends the driver. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

enum { MAX_ARGUMENTS = 16, TEXT_BYTES = 1024 };

/* What stands for %b, %l and %o in arguments: the build directory, the log, and a directory to write to, which is not
 * there when a program starts. */
typedef struct bench_places {
    const char *build;
    char log_directory[TEXT_BYTES];
    const char *output_directory;
} bench_places;

typedef struct program {
    const char *name;
    unsigned passes;              /* %p in arguments: how often it reads the log in one run */
    const char *const *arguments; /* MAX_ARGUMENTS, or fewer and NULL */
} program;

noreturn void fail(const char *what, const char *detail);

/* Starts it with its standard output going to `output`. */
pid_t process_start(const bench_places *places, program started, int output);

/* Waits for it. False where it is not installed. */
bool process_wait(program started, pid_t process);

/* Processor time of one reading of the log, user and system. False where it is not installed. */
bool process_measure_time(const bench_places *places, program measured, int output, double *seconds);

/* What a process has spent when it has ended: processor time, user and system, and its peak of anonymous memory. */
typedef struct process_spent {
    double seconds;
    uint64_t peak_kib;
    int status; /* as waitpid gives it */
} process_spent;

/* Waits for it, and looks at its memory once in a millisecond. */
void process_watch(const char *name, pid_t process, process_spent *spent);

/* The most memory besides mapped files that is seen when looking once in a millisecond: in runs of their own, so that
 * looking costs no time. */
double process_measure_peak_mib(const bench_places *places, program measured, int output);

#endif
