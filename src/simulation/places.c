#include "simulation/places.h"

#include <stdlib.h>

void tr_places_free(tr_places *places) {
    free(places->free);
    free(places->idle.items);
    *places = (tr_places){0};
}

void tr_places_reset(tr_places *places, uint32_t capacity) {
    places->untaken = capacity;
    places->over = 0;
    places->first = places->count = places->idle.count = 0;
}

bool tr_places_take(tr_places *places, uint64_t *since_ns) {
    *since_ns = 0;
    if (places->untaken > 0) {
        places->untaken--;
        return true;
    } else if (places->count == 0) {
        places->over++;
        return false;
    }
    *since_ns = places->free[places->first];
    places->first = (places->first + 1) & (places->capacity - 1);
    places->count--;
    return true;
}

static bool grow(tr_places *places) {
    size_t capacity = places->capacity == 0 ? 4 : places->capacity * 2;
    uint64_t *larger = malloc(capacity * sizeof *larger);
    if (larger == NULL) {
        return false;
    }
    for (size_t i = 0; i < places->count; i++) {
        larger[i] = places->free[(places->first + i) & (places->capacity - 1)];
    }
    free(places->free);
    places->free = larger;
    places->capacity = capacity;
    places->first = 0;
    return true;
}

bool tr_places_give_back(tr_places *places, uint64_t now_ns) {
    if (places->over > 0) {
        places->over--;
        return true;
    } else if (places->count == places->capacity && !grow(places)) {
        return false;
    }
    places->free[(places->first + places->count++) & (places->capacity - 1)] = now_ns;
    return true;
}

bool tr_spells_add(tr_spells *spells, uint64_t from_ns, uint64_t until_ns) {
    tr_spell *last = spells->count == 0 ? NULL : &spells->items[spells->count - 1];
    if (last != NULL && from_ns <= last->until_ns) {
        last->until_ns = until_ns > last->until_ns ? until_ns : last->until_ns;
        return true;
    }
    if (spells->items == NULL || spells->count == spells->capacity) {
        size_t capacity = spells->capacity * 2 + 4;
        tr_spell *larger = realloc(spells->items, capacity * sizeof *larger);
        if (larger == NULL) {
            return false;
        }
        last = last == NULL ? NULL : &larger[spells->count - 1];
        spells->items = larger;
        spells->capacity = capacity;
    }
    uint64_t before_ns = last == NULL ? 0 : last->before_ns + (last->until_ns - last->from_ns);
    spells->items[spells->count++] = (tr_spell){from_ns, until_ns, before_ns};
    return true;
}

/* The first spell that ends after that time; `count` if there is none. */
static size_t first_after(const tr_spells *spells, uint64_t time_ns) {
    size_t low = 0, high = spells->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spells->items[middle].until_ns > time_ns) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

uint64_t tr_spells_first(const tr_spells *spells, uint64_t from_ns, uint64_t until_ns) {
    size_t index = first_after(spells, from_ns);
    if (index == spells->count || spells->items[index].from_ns >= until_ns) {
        return until_ns;
    }
    return spells->items[index].from_ns > from_ns ? spells->items[index].from_ns : from_ns;
}

/* How long spells were until that time. */
static uint64_t length_until(const tr_spells *spells, uint64_t time_ns) {
    size_t index = first_after(spells, time_ns);
    if (index < spells->count) {
        const tr_spell *spell = &spells->items[index];
        return spell->before_ns + (time_ns > spell->from_ns ? time_ns - spell->from_ns : 0);
    }
    const tr_spell *last = spells->count == 0 ? NULL : &spells->items[spells->count - 1];
    return last == NULL ? 0 : last->before_ns + (last->until_ns - last->from_ns);
}

uint64_t tr_spells_in(const tr_spells *spells, uint64_t from_ns, uint64_t until_ns) {
    return length_until(spells, until_ns) - length_until(spells, from_ns);
}
