/* The places of a pool, or of a member of one, while a recording is followed: first given back, first taken. */
#ifndef TRACEREEL_PLACES_H
#define TRACEREEL_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Times in which something was so, ascending and apart from each other. All zero is none. */
typedef struct tr_spells {
    struct tr_spell *items;
    size_t count;
    size_t capacity;
} tr_spells;

typedef struct tr_spell {
    uint64_t from_ns;
    uint64_t until_ns;
    uint64_t before_ns; /* how long all spells before this one are together */
} tr_spell;

/* The free ones: first given back, first taken. All zero has no places. */
typedef struct tr_places {
    uint32_t untaken; /* free since ever */
    uint64_t over;    /* that run beyond the capacity */
    uint64_t *free;   /* a ring: when each was given back */
    size_t first;
    size_t count;
    size_t capacity;
    tr_spells idle; /* a place stayed free */
} tr_places;

void tr_places_free(tr_places *places);
/* All of so many places are free. */
void tr_places_reset(tr_places *places, uint32_t capacity);
/* Takes the place that was free longest, and says since when; 0 for ever. Returns false if none is free. */
bool tr_places_take(tr_places *places, uint64_t *since_ns);
/* Returns false on allocation failure. */
bool tr_places_give_back(tr_places *places, uint64_t now_ns);
/* Adds a spell, which begins not before any other. Returns false on allocation failure. */
bool tr_spells_add(tr_spells *spells, uint64_t from_ns, uint64_t until_ns);
/* The first moment of a spell in [from_ns, until_ns); `until_ns` if there is none. */
uint64_t tr_spells_first(const tr_spells *spells, uint64_t from_ns, uint64_t until_ns);
/* How much of [from_ns, until_ns) is in spells. */
uint64_t tr_spells_in(const tr_spells *spells, uint64_t from_ns, uint64_t until_ns);

#endif
