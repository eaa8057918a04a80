/* When attempts began whose starts were not written, in a pool where who is ready first begins first: with c places,
 * the n-th to be ready takes the place that the (n - c)-th end gives back. */
#ifndef TRACEREEL_UNWRITTEN_H
#define TRACEREEL_UNWRITTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is none. */
typedef struct tr_unwritten {
    uint64_t *ready_ns; /* ascending once they were sorted */
    uint64_t *end_ns;   /* ascending */
    uint64_t *asked;    /* how many of those that were ready at that moment have been asked about */
    size_t count;
    size_t capacity;
} tr_unwritten;

void tr_unwritten_free(tr_unwritten *attempts);
/* Adds one; `end_ns` never decreases. Returns false on allocation failure. */
bool tr_unwritten_add(tr_unwritten *attempts, uint64_t ready_ns, uint64_t end_ns);
void tr_unwritten_sort(tr_unwritten *attempts);
/* When the place that one takes was given back; 0: it was free since ever. To be asked once for each that was added,
 * after they were sorted: of those that were ready at one moment, the first to be asked about is the first to begin. */
uint64_t tr_unwritten_since(tr_unwritten *attempts, uint64_t ready_ns, uint32_t places);

#endif
