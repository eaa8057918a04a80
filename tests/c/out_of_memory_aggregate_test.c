/* Memory that runs out anywhere while records are added to groups. */
#include "refused_memory.h"

#if CAN_RUN_OUT_OF_MEMORY

#include "aggregate/aggregate.h"

enum { KEYS = 40, ROUNDS = 6, MAX_ROWS = 5, LONG_TEXT_BYTES = 700 };

static tr_aggregate_kind kind;
static bool goes_on; /* what was refused is asked for once more */
static size_t refused_adds;

static bool has_rows(void) {
    return kind == TR_AGGREGATE_FIRST || kind == TR_AGGREGATE_LAST;
}

/* A text and a number; some texts are longer than a block of keys. */
static bool make_key(tr_packed *key, unsigned number) {
    static char bytes[LONG_TEXT_BYTES];
    memset(bytes, 'x', sizeof bytes);
    tr_packed_value text = {TR_PACKED_TEXT, {.text = {bytes, number % 7 == 0 ? LONG_TEXT_BYTES : number % 20}}};
    tr_packed_value integer = {TR_PACKED_INTEGER, {.integer = number}};
    key->word_count = 0;
    return tr_packed_add(key, &text) && tr_packed_add(key, &integer);
}

static uint64_t value_of(unsigned number, unsigned round) {
    return (number * 31 + round * 17) % 23 << number % 40;
}

static bool make_row(tr_packed *row, unsigned number, unsigned round) {
    tr_packed_value value = {TR_PACKED_INTEGER, {.integer = (int64_t)value_of(number, round)}};
    tr_packed_value text = {TR_PACKED_TEXT, {.text = {"which row it is", 1 + round}}};
    row->word_count = 0;
    return tr_packed_add(row, &value) && tr_packed_add(row, &text);
}

static tr_status add_once(tr_aggregate *aggregate, tr_packed *key, tr_packed *row, unsigned number, unsigned round) {
    if (!make_key(key, number) || (has_rows() && !make_row(row, number, round))) {
        return TR_ERROR_MEMORY;
    }
    return has_rows() ? tr_aggregate_add_row(aggregate, key, row)
                      : tr_aggregate_add(aggregate, key, value_of(number, round));
}

/* A record whose memory was refused is added once more where the work goes on. */
static tr_status add(tr_aggregate *aggregate, tr_packed *key, tr_packed *row, unsigned number, unsigned round) {
    tr_status status = add_once(aggregate, key, row, number, round);
    if (status == TR_ERROR_MEMORY && goes_on) {
        refused_adds++;
        status = add_once(aggregate, key, row, number, round);
    }
    return status;
}

static size_t note_rows(const tr_aggregate *aggregate, const tr_aggregate_rows *rows) {
    size_t bytes = sizeof *rows + rows->capacity * sizeof rows->rows[0];
    note_number(rows->count);
    for (uint32_t i = 0; i < rows->count; i++) {
        const uint64_t *end = rows->rows[i];
        tr_packed_value value;
        for (uint32_t k = 0; k < aggregate->row_values; k++) {
            end = tr_packed_read(end, &value);
        }
        note(rows->rows[i], (size_t)((const char *)end - (const char *)rows->rows[i]));
        bytes += (size_t)((const char *)end - (const char *)rows->rows[i]);
    }
    return bytes;
}

static size_t note_histogram(const tr_histogram *histogram) {
    note_number(tr_histogram_count(histogram));
    note_number(tr_histogram_min(histogram));
    note_number(tr_histogram_max(histogram));
    note_number(tr_histogram_quantile(histogram, 0.5));
    return tr_histogram_memory_bytes(histogram);
}

/* Each group with what is in it, in their order. The memory that is counted is what is there. */
static void note_groups(const tr_aggregate *aggregate) {
    size_t object_bytes = 0;
    note_number(aggregate->table.group_count);
    for (uint32_t i = 0; i < aggregate->table.group_count; i++) {
        const tr_group *group = &aggregate->table.groups[i];
        note(group->key, group->key_words * sizeof *group->key);
        if (has_rows()) {
            object_bytes += note_rows(aggregate, group->value.object);
        } else if (kind == TR_AGGREGATE_HISTOGRAM) {
            object_bytes += note_histogram(group->value.object);
        } else {
            note_number(group->value.number);
        }
    }
    CHECK_UINT(object_bytes, aggregate->object_bytes);
}

static tr_status add_all(void) {
    tr_aggregate aggregate = {.kind = kind, .row_values = has_rows() ? 2 : 0, .max_rows = MAX_ROWS};
    tr_packed key = {0}, row = {0};
    tr_status status = TR_OK;
    for (unsigned round = 0; round < ROUNDS && status == TR_OK; round++) {
        for (unsigned number = 0; number < KEYS && status == TR_OK; number++) {
            status = add(&aggregate, &key, &row, number, round);
        }
    }
    if (status == TR_OK) {
        note_groups(&aggregate);
    }
    tr_packed_free(&key);
    tr_packed_free(&row);
    tr_aggregate_free(&aggregate);
    CHECK_UINT(0, tr_aggregate_memory_bytes(&aggregate));
    return status;
}

static const tr_aggregate_kind kinds[] = {TR_AGGREGATE_COUNT, TR_AGGREGATE_SUM, TR_AGGREGATE_HISTOGRAM,
                                          TR_AGGREGATE_FIRST, TR_AGGREGATE_LAST};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static void a_refused_record_is_told(void) {
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        kind = kinds[i];
        refuse_each(add_all);
    }
}

/* The whole result is that with memory, so that nothing of the refused record was there before it was added again. */
static void a_refused_record_can_be_added_again(void) {
    goes_on = true;
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        kind = kinds[i];
        size_t count, refused, first = 1;
        CHECK_INT(TR_OK, do_work(add_all, 0, 0, &count, &refused));
        uint64_t whole = digest;
        do {
            refused_adds = 0;
            CHECK_INT(TR_OK, do_work(add_all, first, 1, &count, &refused));
            CHECK_UINT(refused, refused_adds);
            CHECK(digest == whole);
            first++;
        } while (refused > 0);
        CHECK_UINT(count + 1, first - 1);
    }
    goes_on = false;
}

int main(int argc, char **argv) {
    check_begin(argc, argv);
    check_run("without memory for a record, groups say so and free all they have", a_refused_record_is_told);
    check_run("of a record that there was no memory for, nothing is in its group: it can be added again",
              a_refused_record_can_be_added_again);
    return check_end();
}

#else

#include "cannot_run_out.h"

#endif
