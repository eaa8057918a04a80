#include "simulation/event_queue.h"

#include "check.h"

static void events_come_in_the_order_of_time_number_and_series(void) {
    tr_event_queue queue = {0};
    uint64_t bits = 1;
    enum { COUNT = 3000 };
    for (int i = 0; i < COUNT; i++) {
        bits = bits * UINT64_C(6364136223846793005) + 1;
        tr_queued_event event = {.time_ns = bits >> 62, .number = bits >> 58 & 7, .series = bits >> 40 & 255};
        REQUIRE(tr_event_queue_push(&queue, &event));
    }
    tr_queued_event previous = {0}, event;
    int count = 0;
    while (tr_event_queue_pop(&queue, &event)) {
        bool is_later = event.time_ns > previous.time_ns;
        bool is_same_time = event.time_ns == previous.time_ns;
        bool is_same_number = event.number == previous.number;
        CHECK(is_later || (is_same_time && event.number > previous.number) ||
              (is_same_time && is_same_number && event.series >= previous.series));
        previous = event;
        count++;
    }
    CHECK_INT(COUNT, count);
    tr_event_queue_free(&queue);
}

static void what_is_pushed_later_but_is_earlier_comes_first(void) {
    tr_event_queue queue = {0};
    tr_queued_event event = {.time_ns = 10, .step = 1};
    CHECK(tr_event_queue_push(&queue, &event));
    event = (tr_queued_event){.time_ns = 5, .step = 2};
    CHECK(tr_event_queue_push(&queue, &event));
    REQUIRE(tr_event_queue_pop(&queue, &event));
    CHECK_UINT(2, event.step);
    event = (tr_queued_event){.time_ns = 7, .step = 3};
    CHECK(tr_event_queue_push(&queue, &event));
    REQUIRE(tr_event_queue_pop(&queue, &event));
    CHECK_UINT(3, event.step);
    REQUIRE(tr_event_queue_pop(&queue, &event));
    CHECK_UINT(1, event.step);
    CHECK(!tr_event_queue_pop(&queue, &event));
    tr_event_queue_free(&queue);
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("events come in the order of time, number and series",
              events_come_in_the_order_of_time_number_and_series);
    check_run("an event that is pushed later but is due earlier comes first",
              what_is_pushed_later_but_is_earlier_comes_first);
    return check_end();
}
