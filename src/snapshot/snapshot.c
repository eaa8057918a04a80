#include "tracereel/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/bytes.h"
#include "bytes/fail.h"
#include "record/text.h"
#include "json/json_reader.h"

/* XSNP, u32 version, u64 length, then that many bytes of JSON. */
enum { OFFSET_VERSION = 4, OFFSET_LENGTH = 8, HEADER_BYTES = 16, VERSION = 1 };

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

/* The block that a snapshot is cut from: the traces first, then what they point to. Its size follows from the length of
 * the JSON, in which everything takes more space than here, or not much less. */
typedef struct block {
    tr_snapshot *snapshot;
    tr_snapshot_trace *traces;
    uint8_t *next;
} block;

/* The shortest state of a trace: 32 digits as its name, and the two members that must be there. */
enum { SHORTEST_TRACE_BYTES = sizeof "\"\":{\"started_nodes\":[],\"completed_nodes\":{}}" - 1 + 32 };

static bool make_block(block *made, size_t json_bytes) {
    size_t trace_room = (json_bytes / SHORTEST_TRACE_BYTES + 1) * sizeof(tr_snapshot_trace);
    /* A number in a list takes at least two bytes of JSON, and four here. */
    size_t bytes = sizeof(tr_snapshot) + trace_room + 2 * json_bytes + 64;
    made->snapshot = json_bytes < SIZE_MAX / 8 ? calloc(1, bytes) : NULL;
    if (made->snapshot == NULL) {
        return false;
    }
    made->traces = (tr_snapshot_trace *)(made->snapshot + 1);
    made->next = (uint8_t *)made->traces + trace_room;
    return true;
}

/* Takes the `bytes` written at `next`, and leaves `next` aligned for any object. */
static void cut(block *from, size_t bytes) {
    from->next += (bytes + 7) & ~(size_t)7;
}

/* How much of a name a message shows. */
static int shown(tr_text name) {
    return name.length_bytes < 64 ? (int)name.length_bytes : 64;
}

/* Fails if a member is missing; `bits` has one bit for each that was seen, in the order of `names`. */
static void require_members(tr_json_reader *reader, unsigned bits, const char *const *names, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if ((bits >> i & 1) == 0) {
            tr_json_reader_fail(reader, "\"%s\" is missing in the object that ends here", names[i]);
        }
    }
}

/* The index of a member's name in `names`, or `count`; sets its bit. */
static unsigned find_member(tr_text name, const char *const *names, unsigned count, unsigned *bits) {
    unsigned found = 0;
    while (found < count && !tr_text_is(name, names[found])) {
        found++;
    }
    *bits |= 1u << found;
    return found;
}

static uint32_t read_u32(tr_json_reader *reader) {
    uint64_t number = 0;
    (void)tr_json_reader_unsigned(reader, UINT32_MAX, &number);
    return (uint32_t)number;
}

/* A node id that may be null. */
static uint32_t read_optional_node(tr_json_reader *reader, bool *present) {
    *present = !tr_json_reader_word(reader, "null");
    return *present ? read_u32(reader) : 0;
}

static void read_started(tr_json_reader *reader, block *from, tr_snapshot_trace *trace) {
    uint32_t *nodes = (uint32_t *)(void *)from->next;
    uint32_t count = 0;
    (void)tr_json_reader_enter_array(reader);
    while (tr_json_reader_next_element(reader)) {
        uint32_t node_id = read_u32(reader);
        if (reader->status == TR_OK) {
            nodes[count++] = node_id;
        }
    }
    trace->started_nodes = nodes;
    trace->started_count = count;
    cut(from, count * sizeof *nodes);
}

static bool parse_node_id(tr_text name, uint32_t *node_id) {
    uint64_t number = 0;
    tr_json_reader digits = tr_json_reader_begin(name.bytes, name.length_bytes, 0, NULL);
    bool is_number = tr_json_reader_unsigned(&digits, UINT32_MAX, &number) && digits.at == digits.end &&
                     name.bytes[0] >= '0' && name.bytes[0] <= '9';
    *node_id = (uint32_t)number;
    return is_number;
}

static tr_snapshot_node read_output(tr_json_reader *reader) {
    static const char *const names[] = {"offset", "size", "schema_hash"};
    tr_snapshot_node node = {0};
    tr_text name;
    unsigned bits = 0;
    (void)tr_json_reader_enter_object(reader);
    while (tr_json_reader_next_member(reader, &name)) {
        switch (find_member(name, names, 3, &bits)) {
        case 0:
            (void)tr_json_reader_unsigned(reader, UINT64_MAX, &node.output_offset);
            break;
        case 1:
            node.output_size = read_u32(reader);
            break;
        case 2:
            (void)tr_json_reader_unsigned(reader, UINT64_MAX, &node.schema_hash);
            break;
        default:
            tr_json_reader_skip(reader);
        }
    }
    require_members(reader, bits, names, 3);
    return node;
}

static void read_completed(tr_json_reader *reader, block *from, tr_snapshot_trace *trace) {
    tr_snapshot_node *nodes = (tr_snapshot_node *)(void *)from->next;
    uint32_t count = 0;
    tr_text name;
    (void)tr_json_reader_enter_object(reader);
    while (tr_json_reader_next_member(reader, &name)) {
        uint32_t node_id = 0;
        if (!parse_node_id(name, &node_id)) {
            tr_json_reader_fail(reader, "\"%.*s\" is not a node id", shown(name), name.bytes);
        }
        tr_snapshot_node node = read_output(reader);
        node.node_id = node_id;
        if (reader->status == TR_OK) {
            nodes[count++] = node;
        }
    }
    trace->completed_nodes = nodes;
    trace->completed_count = count;
    cut(from, count * sizeof *nodes);
}

static void read_suspension_metadata(tr_json_reader *reader, block *from, tr_snapshot_trace *trace) {
    char *bytes = (char *)from->next;
    uint32_t length = 0;
    if (!tr_json_reader_word(reader, "null") && tr_json_reader_text(reader, bytes, &length)) {
        trace->suspension_metadata = (tr_text){bytes, length};
        cut(from, length);
    }
}

static void read_trace(tr_json_reader *reader, tr_text id, block *from, tr_snapshot_trace *trace) {
    static const char *const names[] = {"started_nodes", "completed_nodes", "last_completed_node", "suspended_at",
                                        "suspension_metadata"};
    unsigned bits = 0;
    tr_text name;
    if (!tr_trace_id_parse(id.bytes, id.length_bytes, trace->trace_id)) {
        tr_json_reader_fail(reader, "\"%.*s\" is not a trace id", shown(id), id.bytes);
    }
    (void)tr_json_reader_enter_object(reader);
    while (tr_json_reader_next_member(reader, &name)) {
        switch (find_member(name, names, 5, &bits)) {
        case 0:
            read_started(reader, from, trace);
            break;
        case 1:
            read_completed(reader, from, trace);
            break;
        case 2:
            trace->last_completed_node = read_optional_node(reader, &trace->has_last_completed_node);
            break;
        case 3:
            trace->suspended_at = read_optional_node(reader, &trace->is_suspended);
            break;
        case 4:
            read_suspension_metadata(reader, from, trace);
            break;
        default:
            tr_json_reader_skip(reader);
        }
    }
    require_members(reader, bits, names, 2);
}

static void read_traces(tr_json_reader *reader, block *from) {
    tr_text id;
    (void)tr_json_reader_enter_object(reader);
    while (tr_json_reader_next_member(reader, &id)) {
        read_trace(reader, id, from, &from->traces[from->snapshot->trace_count]);
        from->snapshot->trace_count += reader->status == TR_OK;
    }
}

static void read_position(tr_json_reader *reader, tr_snapshot *snapshot) {
    static const char *const names[] = {"file_sequence", "offset"};
    unsigned bits = 0;
    tr_text name;
    (void)tr_json_reader_enter_object(reader);
    while (tr_json_reader_next_member(reader, &name)) {
        switch (find_member(name, names, 2, &bits)) {
        case 0:
            (void)tr_json_reader_unsigned(reader, UINT64_MAX, &snapshot->sequence);
            break;
        case 1:
            (void)tr_json_reader_unsigned(reader, UINT64_MAX, &snapshot->offset);
            break;
        default:
            tr_json_reader_skip(reader);
        }
    }
    require_members(reader, bits, names, 2);
}

static void read_root(tr_json_reader *reader, block *from) {
    static const char *const names[] = {"wal_position", "trace_states", "id", "created_at", "record_count"};
    tr_snapshot *snapshot = from->snapshot;
    unsigned bits = 0;
    tr_text name;
    (void)tr_json_reader_enter_object(reader);
    while (tr_json_reader_next_member(reader, &name)) {
        switch (find_member(name, names, 5, &bits)) {
        case 0:
            read_position(reader, snapshot);
            break;
        case 1:
            read_traces(reader, from);
            break;
        case 2:
            (void)tr_json_reader_unsigned(reader, UINT64_MAX, &snapshot->id);
            break;
        case 3:
            (void)tr_json_reader_unsigned(reader, UINT64_MAX, &snapshot->created_at_s);
            break;
        case 4:
            (void)tr_json_reader_unsigned(reader, UINT64_MAX, &snapshot->record_count);
            break;
        default:
            tr_json_reader_skip(reader);
        }
    }
    require_members(reader, bits, names, 5);
    tr_json_reader_finish(reader);
}

tr_status tr_snapshot_parse(const uint8_t *bytes, size_t length, tr_snapshot **snapshot, tr_error *error) {
    *snapshot = NULL;
    tr_status status = check_header(bytes, length, error);
    if (status != TR_OK) {
        return status;
    }
    block from;
    if (!make_block(&from, length - HEADER_BYTES)) {
        return tr_fail_memory(error, "reading a snapshot");
    }
    from.snapshot->traces = from.traces;
    const char *json = (const char *)bytes + HEADER_BYTES;
    tr_json_reader reader = tr_json_reader_begin(json, length - HEADER_BYTES, HEADER_BYTES, error);
    read_root(&reader, &from);
    if (reader.status != TR_OK) {
        tr_snapshot_free(from.snapshot);
        return reader.status;
    }
    *snapshot = from.snapshot;
    return TR_OK;
}

void tr_snapshot_free(tr_snapshot *snapshot) {
    free(snapshot);
}
