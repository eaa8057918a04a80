#include "simulation/pools.h"

#include <stdlib.h>

#include "bytes/hash.h"
#include "record/text.h"
#include "simulation/calendar.h"
#include "simulation/member.h"
#include "tracereel/histogram.h"
#include "json/json_reader.h"

/* ---- which pool ---- */

static int compare_nodes(const void *a, const void *b) {
    uint32_t left = ((const tr_pool_of_node *)a)->node_id, right = ((const tr_pool_of_node *)b)->node_id;
    return (left > right) - (left < right);
}

static tr_status list_nodes(tr_stations *stations, const tr_scenario *scenario) {
    size_t count = 0;
    for (size_t i = 0; i < scenario->pool_count; i++) {
        count += scenario->pools[i].node_count;
        stations->pool_of_others = scenario->pools[i].takes_others ? &scenario->pools[i] : stations->pool_of_others;
    }
    stations->pool_of = malloc((count + 1) * sizeof *stations->pool_of);
    if (stations->pool_of == NULL) {
        return TR_ERROR_MEMORY;
    }
    for (size_t i = 0; i < scenario->pool_count; i++) {
        for (size_t j = 0; j < scenario->pools[i].node_count; j++) {
            stations->pool_of[stations->node_count++] = (tr_pool_of_node){scenario->pools[i].nodes[j], (uint32_t)i};
        }
    }
    qsort(stations->pool_of, count, sizeof *stations->pool_of, compare_nodes);
    return TR_OK;
}

const tr_pool *tr_stations_pool(const tr_stations *stations, uint32_t node_id) {
    size_t low = 0, high = stations->node_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const tr_pool_of_node *found = &stations->pool_of[middle];
        if (found->node_id == node_id) {
            return &stations->pools[found->pool];
        } else if (found->node_id < node_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return stations->pool_of_others;
}

tr_text tr_pool_value(const tr_pool *pool, const tr_recorded *start, const tr_recorded *trace_start) {
    tr_text value = {NULL, 0};
    const tr_recorded *holder = pool->is_by_trace ? trace_start : start;
    if (pool->by == NULL || !tr_member_has_any(holder) || !tr_member_find(holder, pool->by, &value)) {
        return (tr_text){NULL, 0};
    }
    return value.bytes[0] == '"' ? (tr_text){value.bytes + 1, value.length_bytes - 2} : value;
}

uint64_t tr_pool_rank(int64_t priority) {
    return ~((uint64_t)priority ^ UINT64_C(1) << 63);
}

int64_t tr_pool_priority(const tr_pool *pool, const tr_recorded *trace_start) {
    tr_text value;
    uint64_t number = 0;
    if (!tr_member_has_any(trace_start) || !tr_member_find(trace_start, pool->priority, &value)) {
        return 0;
    }
    bool is_negative = value.bytes[0] == '-';
    tr_json_reader reader = tr_json_reader_begin(value.bytes + is_negative, value.length_bytes - is_negative, 0, NULL);
    bool is_whole = tr_json_reader_unsigned(&reader, INT64_MAX, &number) && reader.at == reader.end;
    return !is_whole ? 0 : is_negative ? -(int64_t)number : (int64_t)number;
}

/* ---- stations ---- */

static bool fill(tr_station *station, const tr_pool *pool, tr_text value, uint32_t capacity, uint64_t begin_ns) {
    *station = (tr_station){.pool = pool, .value = value, .capacity = capacity};
    station->taken_since_ns = station->waiting_since_ns = begin_ns;
    station->lengths = tr_histogram_new();
    station->occupied = tr_histogram_new();
    station->waits = tr_histogram_new();
    return station->lengths != NULL && station->occupied != NULL && station->waits != NULL;
}

/* Returns NULL on allocation failure. */
static tr_station *add(tr_stations *stations, const tr_pool *pool, tr_text value, uint32_t capacity) {
    if (stations->count == stations->room) {
        uint32_t room = stations->room * 2 + 4;
        tr_station *items = realloc(stations->items, room * sizeof *items);
        if (items == NULL) {
            return NULL;
        }
        stations->items = items;
        stations->room = room;
    }
    tr_station *added = &stations->items[stations->count++];
    return fill(added, pool, value, capacity, stations->begin_ns) ? added : NULL;
}

tr_status tr_stations_open(tr_stations *stations, const tr_scenario *scenario) {
    stations->pools = scenario->pools;
    stations->has_all = scenario->limits.nodes > 0;
    if (stations->has_all && add(stations, NULL, (tr_text){NULL, 0}, scenario->limits.nodes) == NULL) {
        return TR_ERROR_MEMORY;
    }
    return scenario->pool_count > 0 ? list_nodes(stations, scenario) : TR_OK;
}

void tr_stations_begin(tr_stations *stations, uint64_t now_ns) {
    stations->begin_ns = now_ns;
    for (uint32_t i = 0; i < stations->count; i++) {
        stations->items[i].taken_since_ns = stations->items[i].waiting_since_ns = now_ns;
    }
}

void tr_stations_free(tr_stations *stations) {
    for (uint32_t i = 0; i < stations->count; i++) {
        tr_event_queue_free(&stations->items[i].line);
        tr_histogram_free(stations->items[i].lengths);
        tr_histogram_free(stations->items[i].occupied);
        tr_histogram_free(stations->items[i].waits);
    }
    free(stations->items);
    free(stations->pool_of);
    free(stations->places);
    *stations = (tr_stations){0};
}

static size_t place_of(const tr_stations *stations, const tr_pool *pool, tr_text value) {
    uint64_t begin = tr_hash_seed() ^ (uint64_t)(pool - stations->pools);
    size_t place = (size_t)tr_hash_bytes(begin, value.bytes, value.length_bytes) & (stations->place_count - 1);
    for (;; place = (place + 1) & (stations->place_count - 1)) {
        uint32_t number = stations->places[place];
        const tr_station *station = number == 0 ? NULL : &stations->items[number - 1];
        if (station == NULL || (station->pool == pool && tr_text_equal(station->value, value))) {
            return place;
        }
    }
}

static bool grow_places(tr_stations *stations) {
    size_t count = stations->place_count == 0 ? 16 : stations->place_count * 2;
    uint32_t *places = calloc(count, sizeof *places);
    if (places == NULL) {
        return false;
    }
    free(stations->places);
    stations->places = places;
    stations->place_count = count;
    for (uint32_t i = stations->has_all; i < stations->count; i++) {
        places[place_of(stations, stations->items[i].pool, stations->items[i].value)] = i + 1;
    }
    return true;
}

static uint32_t capacity_of(const tr_pool *pool, tr_text value) {
    for (size_t i = 0; i < pool->share_count; i++) {
        if (tr_text_equal(value, (tr_text){pool->shares[i].value, pool->shares[i].value_bytes})) {
            return pool->shares[i].capacity;
        }
    }
    return pool->capacity;
}

tr_station *tr_stations_get(tr_stations *stations, const tr_pool *pool, tr_text value) {
    if ((size_t)stations->count * 2 >= stations->place_count && !grow_places(stations)) {
        return NULL;
    }
    size_t place = place_of(stations, pool, value);
    if (stations->places[place] == 0) {
        if (add(stations, pool, value, capacity_of(pool, value)) == NULL) {
            return NULL;
        }
        stations->places[place] = stations->count;
    }
    return &stations->items[stations->places[place] - 1];
}

/* ---- lines ---- */

static bool is_open(const tr_station *station, uint64_t now_ns) {
    return station->pool == NULL || station->pool->calendar.window_count == 0 ||
           tr_calendar_opening(&station->pool->calendar, now_ns) == now_ns;
}

bool tr_station_has_room(const tr_station *station, uint64_t now_ns) {
    return station->taken < station->capacity && is_open(station, now_ns);
}

tr_status tr_station_pass_taken(tr_station *station, uint64_t now_ns) {
    uint64_t since_ns = station->taken_since_ns;
    if (now_ns == since_ns) {
        return TR_OK;
    }
    station->taken_since_ns = now_ns;
    uint64_t open_ns =
        station->pool == NULL ? now_ns - since_ns : tr_calendar_open_ns(&station->pool->calendar, since_ns, now_ns);
    return tr_histogram_add(station->occupied, station->taken, open_ns);
}

tr_status tr_station_pass_waiting(tr_station *station, uint64_t now_ns) {
    uint64_t passed_ns = now_ns - station->waiting_since_ns;
    station->waiting_since_ns = now_ns;
    return passed_ns == 0 ? TR_OK : tr_histogram_add(station->lengths, station->waiting, passed_ns);
}

tr_status tr_stations_finish(tr_stations *stations, uint64_t now_ns) {
    tr_status status = TR_OK;
    for (uint32_t i = 0; i < stations->count && status == TR_OK; i++) {
        tr_station *station = &stations->items[i];
        status = tr_station_pass_taken(station, now_ns);
        status = status == TR_OK ? tr_station_pass_waiting(station, now_ns) : status;
        status = status == TR_OK ? tr_histogram_add(station->waits, 0, station->unwaited) : status;
        station->unwaited = 0;
    }
    return status;
}

tr_status tr_station_take(tr_station *station, uint64_t since_ns, uint64_t now_ns) {
    tr_status status = tr_station_pass_taken(station, now_ns);
    station->taken++;
    if (now_ns == since_ns) {
        station->unwaited++;
        return status;
    }
    return status == TR_OK ? tr_histogram_add(station->waits, now_ns - since_ns, 1) : status;
}

tr_status tr_station_line_up(tr_station *station, void *owner, uint32_t step, uint64_t rank, uint64_t now_ns) {
    tr_queued_event waiting = {.time_ns = rank, .number = station->lined_up, .owner = owner, .step = step};
    if (station->pool != NULL && station->pool->order == TR_ORDER_LIFO) {
        waiting.time_ns = UINT64_MAX - station->lined_up;
    }
    tr_status status = tr_station_pass_waiting(station, now_ns);
    if (status != TR_OK || !tr_event_queue_push(&station->line, &waiting)) {
        return TR_ERROR_MEMORY;
    }
    station->lined_up++;
    station->waiting++;
    station->max_waiting = station->waiting > station->max_waiting ? station->waiting : station->max_waiting;
    return TR_OK;
}
