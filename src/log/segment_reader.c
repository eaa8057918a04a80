#include "log/segment_reader.h"

static const uint8_t no_bytes[1];

void tr_reader_init(tr_segment_reader *reader, tr_file_window *window) {
    *reader = (tr_segment_reader){
        .bytes = no_bytes, .direct_bytes = SIZE_MAX, .limit_bytes = SIZE_MAX, .complete = true, .window = window};
}

static void adopt_view(tr_segment_reader *reader) {
    tr_source_view view = tr_source_look(reader->source);
    reader->bytes = view.bytes;
    reader->available_bytes = view.available_bytes;
    reader->complete = view.complete;
    if (reader->available_bytes >= reader->limit_bytes) {
        reader->available_bytes = reader->limit_bytes;
        reader->complete = true;
    }
    if (reader->offset > reader->available_bytes) { /* truncated before what was read already */
        reader->offset = reader->available_bytes;
    }
}

static void begin(tr_segment_reader *reader, tr_source *source) {
    tr_reader_init(reader, reader->window);
    reader->source = source;
    adopt_view(reader);
}

tr_status tr_reader_open(tr_segment_reader *reader, const char *path, const char *name, tr_source_kind kind,
                         tr_error *error) {
    tr_source *source;
    tr_status status = tr_source_open(path, name, kind, reader->window, &source, error);
    if (status == TR_OK) {
        begin(reader, source);
    }
    return status;
}

tr_status tr_reader_open_command(tr_segment_reader *reader, const char *command, const char *name, bool compressed,
                                 tr_error *error) {
    tr_source *source;
    tr_status status = tr_source_open_command(command, name, compressed, &source, error);
    if (status == TR_OK) {
        begin(reader, source);
    }
    return status;
}

void tr_reader_limit(tr_segment_reader *reader, uint64_t limit_bytes) {
    reader->limit_bytes = limit_bytes < SIZE_MAX ? (size_t)limit_bytes : SIZE_MAX;
    adopt_view(reader);
}

void tr_reader_close(tr_segment_reader *reader) {
    tr_source_close(reader->source);
    tr_span_crc_clear(&reader->spans);
    tr_reader_init(reader, reader->window);
}

static tr_status want(tr_segment_reader *reader, size_t wanted_bytes, tr_error *error) {
    tr_status status = tr_source_more(reader->source, wanted_bytes, error);
    adopt_view(reader);
    return status;
}

tr_status tr_reader_seek(tr_segment_reader *reader, uint64_t offset, bool *reached, tr_error *error) {
    tr_status status = want(reader, (size_t)offset, error);
    if (status == TR_OK) {
        *reached = offset <= reader->available_bytes;
        reader->offset = *reached ? (size_t)offset : reader->available_bytes;
    }
    return status;
}

/* The end of the bytes that are needed to judge what is at `offset`, while more may arrive. */
static size_t end_of_judged(const tr_segment_reader *reader, size_t offset) {
    if (reader->available_bytes < offset + TR_RECORD_MIN_BYTES ||
        reader->bytes[offset + TR_OFFSET_TYPE] >= TR_RECORD_TYPE_COUNT) {
        return offset + TR_RECORD_MIN_BYTES;
    }
    uint32_t claimed = tr_load_u32(reader->bytes + offset);
    return offset + (claimed > TR_RECORD_MIN_BYTES ? claimed : TR_RECORD_MIN_BYTES);
}

/* Reads until what is at `offset` can be judged, or the segment ends. */
static tr_status gather(tr_segment_reader *reader, size_t offset, tr_error *error) {
    tr_status status = TR_OK;
    while (status == TR_OK && !reader->complete && reader->available_bytes < end_of_judged(reader, offset)) {
        status = want(reader, end_of_judged(reader, offset), error);
    }
    return status;
}

/* The CRC that the plausible record at `offset` should have. Uses the cached CRCs where many records may claim to be
 * very long: during a search, and after a gap. */
static uint32_t computed_crc(tr_segment_reader *reader, size_t offset, const tr_record *record) {
    return tr_span_crc_get(&reader->spans, reader->bytes, offset + TR_OFFSET_PAYLOAD, offset + record->length_bytes);
}

static bool is_valid_at(tr_segment_reader *reader, size_t offset, tr_record *record) {
    return offset <= reader->available_bytes &&
           tr_record_is_plausible(reader->bytes + offset, reader->available_bytes - offset, record) &&
           computed_crc(reader, offset, record) == tr_load_u32(record->bytes + TR_OFFSET_CRC);
}

bool tr_reader_find_defect(tr_segment_reader *reader, tr_defect *defect) {
    const uint8_t *bytes = reader->bytes + reader->offset;
    tr_record record;
    if (!tr_record_is_plausible(bytes, reader->available_bytes - reader->offset, &record)) {
        return tr_record_decode(bytes, reader->available_bytes - reader->offset, &record, defect) != TR_OK;
    }
    uint32_t stored = tr_load_u32(bytes + TR_OFFSET_CRC);
    uint32_t computed = computed_crc(reader, reader->offset, &record);
    if (stored != computed) {
        *defect = (tr_defect){TR_DEFECT_CRC, stored, computed};
    }
    return stored != computed;
}

static bool is_stopped(const tr_segment_reader *reader) {
    return reader->stop != NULL && *reader->stop != 0;
}

/* The first offset from `offset` on where a record's length may not be 0, so that zeros are skipped at the speed of
 * memory. Skips a very long stretch in parts, so that the search can be stopped. */
static size_t skip_zeros(const tr_segment_reader *reader, size_t offset) {
    enum { PART_BYTES = 16 * 1024 * 1024 };
    size_t left = reader->available_bytes - offset;
    size_t end = offset + (left < PART_BYTES ? left : PART_BYTES);
    size_t at = offset;
    while (end - at >= 4 * sizeof(uint64_t) &&
           (tr_load_u64(reader->bytes + at) | tr_load_u64(reader->bytes + at + 8) |
            tr_load_u64(reader->bytes + at + 16) | tr_load_u64(reader->bytes + at + 24)) == 0) {
        at += 4 * sizeof(uint64_t);
    }
    while (at < end && reader->bytes[at] == 0) {
        at++;
    }
    return at - offset >= sizeof(uint32_t) ? at - (sizeof(uint32_t) - 1) : offset;
}

/* The first offset after the reader's where a valid record starts, or the end of the segment. */
static tr_status find_next_record(tr_segment_reader *reader, size_t *found, tr_error *error) {
    enum { LOOKS_BETWEEN_STOPS = 1 << 16 };
    tr_record record;
    size_t looks = 0;
    for (size_t offset = reader->offset + 1;; offset++) {
        tr_status status = gather(reader, offset, error);
        if (status != TR_OK) {
            return status;
        }
        if (offset < reader->available_bytes && reader->bytes[offset] == 0) {
            size_t next = skip_zeros(reader, offset);
            looks += next - offset;
            offset = next;
        }
        if (++looks >= LOOKS_BETWEEN_STOPS) {
            looks = 0;
            if (is_stopped(reader)) {
                return TR_ERROR_INTERRUPTED;
            }
        }
        if (reader->available_bytes - offset < TR_RECORD_MIN_BYTES) {
            *found = reader->available_bytes;
            return TR_OK;
        }
        if (is_valid_at(reader, offset, &record)) {
            *found = offset;
            return TR_OK;
        }
    }
}

tr_status tr_reader_recheck(tr_segment_reader *reader, bool *changed, tr_error *error) {
    tr_status status = tr_source_recheck(reader->source, changed, error);
    adopt_view(reader);
    if (*changed) {
        tr_span_crc_clear(&reader->spans);
    }
    return status;
}

/* If a valid record starts where the broken one at the offset claims to end, every record found in between may be text
 * of the broken one. */
static tr_status note_suspects(tr_segment_reader *reader, tr_error *error) {
    bool has_header = reader->available_bytes - reader->offset >= TR_RECORD_MIN_BYTES;
    uint32_t claimed = has_header ? tr_load_u32(reader->bytes + reader->offset) : 0;
    if (claimed < TR_RECORD_MIN_BYTES) {
        return TR_OK;
    }
    size_t end = reader->offset + claimed;
    tr_status status = gather(reader, end, error);
    tr_record record;
    if (status == TR_OK && end > reader->suspect_end && is_valid_at(reader, end, &record)) {
        reader->suspect_end = end;
    }
    return status;
}

/* Whether a valid record is at the offset, however long. */
static bool stands_here(tr_segment_reader *reader, tr_record *record) {
    return tr_reader_try(reader, record) ||
           (reader->direct_bytes < SIZE_MAX && is_valid_at(reader, reader->offset, record));
}

/* Finds the end of the gap at the offset. Call when what is there can be judged and is no record. Sets `*again` if the
 * file has changed meanwhile, so that it must be judged again. */
static tr_status measure_gap(tr_segment_reader *reader, size_t *gap_end, bool *again, tr_error *error) {
    tr_status status = tr_reader_recheck(reader, again, error);
    if (status != TR_OK || *again) {
        return status;
    }
    status = find_next_record(reader, gap_end, error);
    if (status != TR_OK) {
        return status;
    }
    /* The file may have been truncated, or restored, during the search. */
    tr_record record;
    status = tr_reader_recheck(reader, again, error);
    *again = *again || stands_here(reader, &record);
    return status != TR_OK || *again || *gap_end == reader->available_bytes ? status : note_suspects(reader, error);
}

tr_status tr_reader_find(tr_segment_reader *reader, tr_record *record, size_t *gap_end, tr_error *error) {
    tr_source_forget_before(reader->source, reader->offset);
    for (;;) {
        tr_status status = gather(reader, reader->offset, error);
        if (status != TR_OK || stands_here(reader, record)) {
            return status;
        }
        if (reader->offset == reader->available_bytes) {
            return TR_END;
        }
        bool again = false;
        status = measure_gap(reader, gap_end, &again, error);
        if (status != TR_OK || !again) {
            return status == TR_OK ? TR_GAP : status;
        }
    }
}

void tr_reader_skip_gap(tr_segment_reader *reader, size_t gap_end) {
    reader->direct_bytes = TR_SPAN_CRC_WORTHWHILE_BYTES;
    reader->offset = gap_end;
}
