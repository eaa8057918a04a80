#include "tracereel/snapshot.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "fail.h"

/* XSNP, u32 version, u64 length, then that many bytes of JSON. */
enum { OFFSET_VERSION = 4, OFFSET_LENGTH = 8, HEADER_BYTES = 16, VERSION = 1 };

enum { JSON_DEPTH = 16, JSON_PIECE_BYTES = 1 << 30 /* json-c counts in int */ };

typedef struct json_object json;

static tr_status check_header(const uint8_t *bytes, size_t length, tr_error *error) {
    if (length < HEADER_BYTES) {
        return tr_fail(error, TR_ERROR_INVALID, "offset 0: a snapshot's header is %d bytes, only %zu are there",
                       HEADER_BYTES, length);
    }
    if (memcmp(bytes, "XSNP", 4) != 0) {
        return tr_fail(error, TR_ERROR_INVALID, "offset 0: expected XSNP, found something else");
    }
    if (tr_load_u32(bytes + OFFSET_VERSION) != VERSION) {
        return tr_fail(error, TR_ERROR_INVALID, "offset 4: expected version %d, found %" PRIu32, VERSION,
                       tr_load_u32(bytes + OFFSET_VERSION));
    }
    uint64_t json_length = tr_load_u64(bytes + OFFSET_LENGTH);
    if (json_length != length - HEADER_BYTES) {
        return tr_fail(error, TR_ERROR_INVALID, "offset 8: the header says %" PRIu64 " bytes of JSON, found %zu",
                       json_length, length - HEADER_BYTES);
    }
    return TR_OK;
}

static tr_status parse_json(const char *text, size_t length, json **root, tr_error *error) {
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
    if (tokener == NULL) {
        return tr_fail_memory(error, "reading a snapshot");
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    size_t done = 0;
    do {
        size_t piece = length - done < JSON_PIECE_BYTES ? length - done : JSON_PIECE_BYTES;
        *root = json_tokener_parse_ex(tokener, text + done, (int)piece);
        done += json_tokener_get_parse_end(tokener);
    } while (json_tokener_get_error(tokener) == json_tokener_continue && done < length);
    enum json_tokener_error problem = json_tokener_get_error(tokener);
    json_tokener_free(tokener);
    if (problem == json_tokener_success && done == length && json_object_is_type(*root, json_type_object)) {
        return TR_OK;
    }
    json_object_put(*root);
    *root = NULL;
    const char *words = problem == json_tokener_continue  ? "the JSON ends early"
                        : problem == json_tokener_success ? "more follows the JSON object, or it is no object"
                                                          : json_tokener_error_desc(problem);
    return tr_fail(error, TR_ERROR_INVALID, "offset %zu: %s", HEADER_BYTES + done, words);
}

/* Reads the members of one JSON object. The first that is wrong is noted, and all further reading does nothing. */
typedef struct member_reader {
    json *object;
    const char *where;
    tr_error *error;
    tr_status status;
} member_reader;

static json *member(member_reader *reader, const char *name, enum json_type type, bool may_be_null) {
    json *value = NULL;
    if (reader->status != TR_OK) {
        return NULL;
    }
    bool present = json_object_object_get_ex(reader->object, name, &value);
    if (json_object_is_type(value, type) || (may_be_null && value == NULL)) {
        return value;
    }
    reader->status =
        tr_fail(reader->error, TR_ERROR_INVALID, "%s: expected \"%s\" to be %s, found %s", reader->where, name,
                json_type_to_name(type), present ? json_type_to_name(json_object_get_type(value)) : "nothing");
    return NULL;
}

static uint64_t number_in(member_reader *reader, json *value, const char *name, uint64_t maximum) {
    if (reader->status != TR_OK) {
        return 0;
    }
    uint64_t number = json_object_get_uint64(value);
    if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0 || number > maximum) {
        reader->status = tr_fail(reader->error, TR_ERROR_INVALID, "%s: \"%s\" is not a number from 0 to %" PRIu64,
                                 reader->where, name, maximum);
        return 0;
    }
    return number;
}

static uint64_t number_member(member_reader *reader, const char *name, uint64_t maximum) {
    return number_in(reader, member(reader, name, json_type_int, false), name, maximum);
}

/* A node id that may be null. */
static uint32_t optional_node(member_reader *reader, const char *name, bool *present) {
    json *value = member(reader, name, json_type_int, true);
    *present = value != NULL;
    return value != NULL ? (uint32_t)number_in(reader, value, name, UINT32_MAX) : 0;
}

/* The block that a snapshot is cut from. Its size was computed before, so cutting cannot fail. */
typedef struct block {
    uint8_t *next;
} block;

static void *cut(block *from, size_t bytes) {
    void *piece = from->next;
    from->next += (bytes + 7) & ~(size_t)7;
    return piece;
}

static size_t trace_bytes(json *state) {
    json *started = NULL;
    json *completed = NULL;
    json *metadata = NULL;
    size_t bytes = 3 * 8; /* what rounding up may add to each of the three pieces */
    if (json_object_object_get_ex(state, "started_nodes", &started) && json_object_is_type(started, json_type_array)) {
        bytes += json_object_array_length(started) * sizeof(uint32_t);
    }
    if (json_object_object_get_ex(state, "completed_nodes", &completed) &&
        json_object_is_type(completed, json_type_object)) {
        bytes += (size_t)json_object_object_length(completed) * sizeof(tr_snapshot_node);
    }
    if (json_object_object_get_ex(state, "suspension_metadata", &metadata) &&
        json_object_is_type(metadata, json_type_string)) {
        bytes += (size_t)json_object_get_string_len(metadata);
    }
    return bytes;
}

static void read_started(member_reader *reader, block *from, tr_snapshot_trace *trace) {
    json *array = member(reader, "started_nodes", json_type_array, false);
    size_t count = array != NULL ? json_object_array_length(array) : 0;
    uint32_t *nodes = cut(from, count * sizeof *nodes);
    for (size_t i = 0; i < count; i++) {
        nodes[i] = (uint32_t)number_in(reader, json_object_array_get_idx(array, i), "started_nodes", UINT32_MAX);
    }
    trace->started_nodes = nodes;
    trace->started_count = (uint32_t)count;
}

static void read_completed(member_reader *reader, block *from, tr_snapshot_trace *trace) {
    json *object = member(reader, "completed_nodes", json_type_object, false);
    size_t count = object != NULL ? (size_t)json_object_object_length(object) : 0;
    tr_snapshot_node *nodes = cut(from, count * sizeof *nodes);
    trace->completed_nodes = nodes;
    trace->completed_count = (uint32_t)count;
    if (object == NULL) {
        return;
    }
    json_object_object_foreach(object, key, value) {
        char *end = NULL;
        unsigned long long id = strtoull(key, &end, 10);
        member_reader output = {value, reader->where, reader->error, reader->status};
        if (*key < '0' || *key > '9' || *end != '\0' || id > UINT32_MAX) {
            output.status = tr_fail(reader->error, TR_ERROR_INVALID, "%s: \"%s\" is not a node id", reader->where, key);
        }
        nodes->node_id = (uint32_t)id;
        nodes->output_offset = number_member(&output, "offset", UINT64_MAX);
        nodes->output_size = (uint32_t)number_member(&output, "size", UINT32_MAX);
        nodes->schema_hash = number_member(&output, "schema_hash", UINT64_MAX);
        reader->status = output.status;
        nodes++;
    }
}

static void read_suspension_metadata(member_reader *reader, block *from, tr_snapshot_trace *trace) {
    json *text = member(reader, "suspension_metadata", json_type_string, true);
    if (text != NULL) {
        uint32_t length = (uint32_t)json_object_get_string_len(text);
        char *bytes = cut(from, length);
        memcpy(bytes, json_object_get_string(text), length);
        trace->suspension_metadata = (tr_text){bytes, length};
    }
}

static tr_status read_trace(const char *id, json *state, block *from, tr_snapshot_trace *trace, tr_error *error) {
    if (!tr_trace_id_parse(id, strlen(id), trace->trace_id) || !json_object_is_type(state, json_type_object)) {
        return tr_fail(error, TR_ERROR_INVALID, "trace_states: \"%.80s\" is not a trace id with its state", id);
    }
    member_reader reader = {state, id, error, TR_OK};
    trace->last_completed_node = optional_node(&reader, "last_completed_node", &trace->has_last_completed_node);
    trace->suspended_at = optional_node(&reader, "suspended_at", &trace->is_suspended);
    read_started(&reader, from, trace);
    read_completed(&reader, from, trace);
    read_suspension_metadata(&reader, from, trace);
    return reader.status;
}

static tr_status read_root(json *root, tr_snapshot **out, tr_error *error) {
    member_reader reader = {root, "the snapshot", error, TR_OK};
    json *position = member(&reader, "wal_position", json_type_object, false);
    json *states = member(&reader, "trace_states", json_type_object, false);
    if (reader.status != TR_OK) {
        return reader.status;
    }
    size_t count = (size_t)json_object_object_length(states);
    size_t bytes = sizeof(tr_snapshot) + 8 + count * sizeof(tr_snapshot_trace) + 8;
    {
        json_object_object_foreach(states, sized_id, sized_state) {
            (void)sized_id;
            bytes += trace_bytes(sized_state);
        }
    }
    tr_snapshot *snapshot = calloc(1, bytes);
    if (snapshot == NULL) {
        return tr_fail_memory(error, "reading a snapshot");
    }
    block from = {(uint8_t *)snapshot};
    cut(&from, sizeof *snapshot);
    tr_snapshot_trace *trace = cut(&from, count * sizeof *trace);
    snapshot->traces = trace;
    snapshot->trace_count = count;
    member_reader place = {position, "wal_position", error, TR_OK};
    snapshot->sequence = number_member(&place, "file_sequence", UINT64_MAX);
    snapshot->offset = number_member(&place, "offset", UINT64_MAX);
    snapshot->id = number_member(&reader, "id", UINT64_MAX);
    snapshot->created_at_s = number_member(&reader, "created_at", UINT64_MAX);
    snapshot->record_count = number_member(&reader, "record_count", UINT64_MAX);
    tr_status status = place.status != TR_OK ? place.status : reader.status;
    json_object_object_foreach(states, id, state) {
        if (status == TR_OK) {
            status = read_trace(id, state, &from, trace++, error);
        }
    }
    if (status != TR_OK) {
        tr_snapshot_free(snapshot);
        return status;
    }
    *out = snapshot;
    return TR_OK;
}

tr_status tr_snapshot_parse(const uint8_t *bytes, size_t length, tr_snapshot **snapshot, tr_error *error) {
    *snapshot = NULL;
    tr_status status = check_header(bytes, length, error);
    if (status != TR_OK) {
        return status;
    }
    json *root = NULL;
    status = parse_json((const char *)bytes + HEADER_BYTES, length - HEADER_BYTES, &root, error);
    if (status == TR_OK) {
        status = read_root(root, snapshot, error);
        json_object_put(root);
    }
    return status;
}

void tr_snapshot_free(tr_snapshot *snapshot) {
    free(snapshot);
}
