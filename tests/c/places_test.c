#include "simulation/places.h"

#include <stdlib.h>

#include "check.h"
#include "simulation/unwritten.h"

static void a_place_that_was_free_longest_is_taken_first(void) {
    tr_places places = {0};
    uint64_t since_ns;
    tr_places_reset(&places, 2);
    CHECK(tr_places_take(&places, &since_ns));
    CHECK_UINT(0, since_ns);
    CHECK(tr_places_take(&places, &since_ns));
    CHECK_UINT(0, since_ns);
    CHECK(!tr_places_take(&places, &since_ns)); /* runs beyond the capacity */
    CHECK(tr_places_give_back(&places, 10));    /* by one of the three: two still run */
    CHECK(!tr_places_take(&places, &since_ns));
    CHECK(tr_places_give_back(&places, 20));
    CHECK(tr_places_give_back(&places, 30));
    CHECK(tr_places_give_back(&places, 40));
    CHECK(tr_places_take(&places, &since_ns));
    CHECK_UINT(30, since_ns);
    CHECK(tr_places_take(&places, &since_ns));
    CHECK_UINT(40, since_ns);
    tr_places_free(&places);
}

static void many_places_are_taken_in_the_order_in_which_they_were_given_back(void) {
    enum { COUNT = 1000 };
    tr_places places = {0};
    uint64_t since_ns, taken = 0;
    tr_places_reset(&places, COUNT);
    for (uint64_t i = 1; i <= COUNT; i++) {
        REQUIRE(tr_places_take(&places, &since_ns));
    }
    for (uint64_t now = 1; now <= 5 * COUNT; now++) { /* two are given back for one that is taken, then fewer */
        REQUIRE(places.count == COUNT || tr_places_give_back(&places, now));
        if (now % 2 == 0 && tr_places_take(&places, &since_ns)) {
            CHECK(since_ns > taken);
            taken = since_ns;
        }
    }
    tr_places_free(&places);
}

static void spells_that_meet_are_one(void) {
    tr_spells spells = {0};
    CHECK(tr_spells_add(&spells, 10, 20));
    CHECK(tr_spells_add(&spells, 20, 25));
    CHECK(tr_spells_add(&spells, 22, 24));
    CHECK(tr_spells_add(&spells, 40, 50));
    CHECK_UINT(2, spells.count);
    CHECK_UINT(10, tr_spells_first(&spells, 0, 100));
    CHECK_UINT(15, tr_spells_first(&spells, 15, 100));
    CHECK_UINT(40, tr_spells_first(&spells, 25, 100));
    CHECK_UINT(40, tr_spells_first(&spells, 30, 40)); /* the second one begins too late */
    CHECK_UINT(99, tr_spells_first(&spells, 50, 99));
    CHECK_UINT(25, tr_spells_in(&spells, 0, 100));
    CHECK_UINT(10 + 3, tr_spells_in(&spells, 15, 43));
    CHECK_UINT(0, tr_spells_in(&spells, 25, 40));
    CHECK_UINT(0, tr_spells_in(&spells, 60, 70));
    free(spells.items);
}

/* Two servers, whose queue is worked out by hand: ready at 0, 1, 2, 2, 9; runs of 5, 7, 1, 2, 3; begun at 0, 1, 5, 6,
 * 9, over at 5, 8, 6, 8, 12. */
static void the_turn_of_an_attempt_says_which_end_made_room_for_it(void) {
    static const uint64_t ready[] = {0, 2, 1, 2, 9}, end[] = {5, 6, 8, 8, 12};
    tr_unwritten attempts = {0};
    for (size_t i = 0; i < 5; i++) {
        REQUIRE(tr_unwritten_add(&attempts, ready[i], end[i]));
    }
    tr_unwritten_sort(&attempts);
    CHECK_UINT(0, tr_unwritten_since(&attempts, 0, 2));
    CHECK_UINT(5, tr_unwritten_since(&attempts, 2, 2));
    CHECK_UINT(0, tr_unwritten_since(&attempts, 1, 2));
    CHECK_UINT(6, tr_unwritten_since(&attempts, 2, 2));
    CHECK_UINT(8, tr_unwritten_since(&attempts, 9, 2));
    tr_unwritten_free(&attempts);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("places: the one that was free longest is taken first", a_place_that_was_free_longest_is_taken_first);
    check_run("places: many are taken in the order in which they were given back",
              many_places_are_taken_in_the_order_in_which_they_were_given_back);
    check_run("places: spells that meet are one", spells_that_meet_are_one);
    check_run("places: the turn of an attempt without a start says which end made room for it",
              the_turn_of_an_attempt_says_which_end_made_room_for_it);
    return check_end();
}
