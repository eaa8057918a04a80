#include "tracereel/engine_walk.h"

#include "bytes/bytes.h"
#include "log/segment_reader.h"

static bool is_record_at(const tr_segment_reader *reader, uint64_t offset) {
    tr_record record;
    return tr_record_is_plausible(reader->bytes + offset, reader->available_bytes - offset, &record) &&
           tr_record_crc_matches(&record);
}

/* One step of XERV's walk. Returns false if its walk has ended. Covers no byte twice, so that all checksums together
 * cost one pass over the segment. */
static bool step(const tr_segment_reader *reader, bool is_inside, tr_engine_walk *walk) {
    uint64_t end = reader->available_bytes;
    if (walk->offset >= end || end - walk->offset < sizeof walk->length_bytes) {
        return false;
    }
    uint32_t length = tr_load_u32(reader->bytes + walk->offset);
    if (length < TR_ENGINE_MIN_RECORD_BYTES || length > end - walk->offset) {
        walk->is_refused = true;
        walk->length_bytes = length;
        walk->left_bytes = end - walk->offset;
        return false;
    }
    bool is_record = is_record_at(reader, walk->offset);
    walk->records += is_record && !is_inside;
    walk->misread += is_record && is_inside;
    walk->skipped += !is_record;
    walk->offset += length;
    return true;
}

/* Moves the reader to where the engine is, or to the record or the end after it. */
static tr_status catch_up(tr_segment_reader *reader, tr_engine_walk *walk, tr_error *error) {
    tr_record record;
    size_t gap_end = 0;
    while (reader->offset < walk->offset) {
        tr_status status = tr_reader_find(reader, &record, &gap_end, error);
        if (status == TR_OK) {
            walk->passed_over++;
            reader->offset += record.length_bytes;
        } else if (status == TR_GAP) {
            tr_reader_skip_gap(reader, gap_end);
        } else {
            return status == TR_END ? TR_OK : status;
        }
    }
    return TR_OK;
}

static tr_status walk_through(tr_segment_reader *reader, tr_engine_walk *walk, tr_error *error) {
    tr_status status = TR_OK;
    bool goes_on = true;
    while (status == TR_OK && goes_on) {
        uint64_t records = walk->records;
        goes_on = step(reader, reader->offset != walk->offset, walk);
        if (walk->records > records) {
            reader->offset = walk->offset; /* both have read it */
        } else if (!walk->is_refused) {
            status = catch_up(reader, walk, error);
        }
    }
    return status;
}

tr_status tr_engine_walk_segment(const char *path, const char *name, tr_engine_walk *walk, tr_error *error) {
    tr_segment_reader reader;
    tr_reader_init(&reader, NULL);
    *walk = (tr_engine_walk){0};
    tr_status status = tr_reader_open(&reader, path, name, TR_SOURCE_FILE, error);
    if (status == TR_OK) {
        status = walk_through(&reader, walk, error);
    }
    tr_reader_close(&reader);
    if (status != TR_OK) {
        *walk = (tr_engine_walk){0};
    }
    return status;
}
