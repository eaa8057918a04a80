/* Starts programs as processes of their own, waits for them and measures them. Any error ends the driver. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

enum { MAX_ARGUMENTS = 24, TEXT_BYTES = 1024 };

/* Values for %b, %l and %o in arguments: the build directory, the log, and a directory to write to, which does not
 * exist when a program starts. */
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

/* Starts the program with its standard output going to `output`. */
pid_t process_start(const bench_places *places, program started, int output);

/* Waits for the program. Returns false if it is not installed. */
bool process_wait(program started, pid_t process);

/* What process_wait does, of a process that was waited for: `status` is as from waitpid. Removes what it wrote. */
bool process_end(const bench_places *places, const char *name, int status);

/* Processor time of one reading of the log, user and system. Returns false if the program is not installed. */
bool process_measure_time(const bench_places *places, program measured, int output, double *seconds);

/* What a process used: its processor time, user and system, and its peak of anonymous memory. */
typedef struct process_spent {
    double seconds;
    uint64_t peak_kib;
    int status; /* as from waitpid */
} process_spent;

/* Waits for the process, and samples its memory every millisecond. */
void process_watch(const char *name, pid_t process, process_spent *spent);

/* The peak of memory other than mapped files, sampled every millisecond: in another run than the times, which sampling
 * would affect. */
double process_measure_peak_mib(const bench_places *places, program measured, int output);

#endif
