-- Copies a part of a log into a directory: the records of some traces, each in its segment, and what cannot be read
-- between them as it was. What is read of a gap depends on what stands after it: the record that follows is kept, too,
-- whosever it is, and where records were found inside a broken one, all up to its end.
local archive_name = require "tracereel.util.archive_name"
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local logs = require "tracereel.cli.logs"

local copy = {}

---Raises where the user has interrupted: what was read is not all.
function copy.check_whole()
    if logs.interrupted() then
        failure.raise("interrupted", "interrupted: nothing was written")
    end
end

local block_bytes = 65536
-- The engine's largest segment: no record claims more.
local max_claim_bytes = 64 << 20

local Copy = {}
Copy.__index = Copy

---@class tracereel.extract_query
---@field ids table<string, true>|nil of the traces that are meant; nil: all
---@field numbers table<integer, true>|nil of the records that are meant, from 1; nil: all
---@field redaction table|nil
---@field keeps_spans boolean|nil all that a broken record claims is kept
---@field is_free boolean|nil what cannot be read may be read otherwise
---@field has_no_gaps boolean|nil it is left out

---@param source tracereel.log
---@param directory string
---@param query tracereel.extract_query
function copy.new(source, directory, query)
    return setmetatable({
        source = source, directory = directory, ids = query.ids, redaction = query.redaction,
        numbers = query.numbers, is_free = query.is_free, has_no_gaps = query.has_no_gaps, number = 0,
        keeps_spans = query.keeps_spans, next_segment = 1, bytes = 0, records = 0, beside_damage = 0, left_out = 0,
        digest = "",
    }, Copy)
end

local function raise_write(problem)
    failure.raise("io", "cannot write %s", problem)
end

function Copy:close()
    if self.file then
        local closed, problem = self.file:close()
        self.file = nil
        if not closed then
            raise_write(problem)
        end
    end
end

function Copy:write(bytes)
    local written, problem = self.file:write(bytes)
    if not written then
        raise_write(("%s: %s"):format(self.path, problem))
    end
    self.bytes = self.bytes + #bytes
end

-- Every segment of the source is there: one that is left out would be missing.
function Copy:go_to(sequence)
    local segments = self.source.segments
    while self.sequence ~= sequence and segments[self.next_segment] do
        self:finish_gap(nil)
        self:close()
        local segment = segments[self.next_segment]
        self.sequence, self.next_segment = segment.sequence, self.next_segment + 1
        self.path = ("%s/wal_%016x.log"):format(self.directory, segment.sequence)
        local problem
        self.file, problem = io.open(self.path, "wb")
        if not self.file then
            raise_write(problem)
        end
    end
end

-- What is read of a gap, in a chain of hashes.
function Copy:note(...)
    self.digest = core.sha256(self.digest .. table.concat({ ... }, "\0"))
end

local function segment_path(log, name)
    return files.is_directory(log.path) and log.path:gsub("(.)/+$", "%1") .. "/" .. name or log.path
end

-- The bytes of a gap, in pieces.
function Copy:each_piece(gap, take)
    if archive_name.is_one(gap.segment) then
        failure.raise("refused", "%s:%d: bytes that cannot be read in a compressed segment cannot be copied as they "
            .. "are: unpack the segment first", gap.segment, gap.offset)
    end
    local path = segment_path(self.source, gap.segment)
    local file, problem = io.open(path, "rb")
    if not file then
        failure.raise("io", "%s", problem)
    end
    file:seek("set", gap.offset)
    local left = gap.length
    while left > 0 do
        local bytes = file:read(math.min(left, block_bytes))
        if not bytes then
            file:close()
            failure.raise("io", "%s: it has become shorter while it was read", path)
        end
        take(bytes, left == gap.length)
        left = left - #bytes
    end
    file:close()
end

-- The gap that came last is written once it is known what follows. One that a crash left at the end of a large segment
-- is told from damage by the segment's size: it is left out.
function Copy:finish_gap(rec)
    local gap = self.pending
    if not gap then
        return
    end
    self.pending = nil
    if not rec and gap.class == "torn_write" then
        self.left_out = self.left_out + 1
        return
    end
    local claimed
    self:each_piece(gap, function(bytes, is_first)
        claimed = is_first and #bytes >= 4 and ("<I4"):unpack(bytes) or claimed
        self:write(self.redaction and self.redaction:gap(bytes, is_first) or bytes)
    end)
    self:note("gap", gap.class, ("%d"):format(gap.length))
    if self.is_free then
        return
    end
    local has_span = claimed and claimed > gap.length and claimed <= max_claim_bytes
    self.keep_until = rec and (rec.suspect or self.keeps_spans and has_span) and gap.offset + claimed or gap.offset
        + gap.length
end

---A gap that was met.
---@param gap tracereel.gap
function Copy:gap(gap)
    if self.has_no_gaps then
        return
    elseif gap.class == "missing_segment" then
        self:finish_gap(nil)
        self:note("missing", gap.segment, ("%d"):format(gap.missing_count))
        return
    end
    self:go_to(gap.sequence)
    self:finish_gap(nil)
    self.pending = gap
end

---A record that was read.
---@param rec tracereel.rec
function Copy:record(rec)
    if self.sequence ~= rec.sequence then
        self:go_to(rec.sequence)
        self.keep_until = nil
    end
    self:finish_gap(rec)
    self.number = self.number + 1
    local is_meant = (not self.ids or self.ids[rec.trace_id] ~= nil) and (not self.numbers or self.numbers[self.number])
    local is_beside = self.keep_until ~= nil and rec.offset <= self.keep_until
    if not is_meant and not is_beside then
        return
    end
    self.records = self.records + 1
    self.beside_damage = self.beside_damage + (is_meant and 0 or 1)
    if is_meant and rec.suspect then
        self:note("suspect", rec.trace_id)
    end
    self:write((self.redaction and self.redaction:record(rec) or rec):bytes())
end

---A trace at its end, or that of the log.
---@param trace tracereel.trace|nil
function Copy:trace(trace)
    if trace and (not self.ids or self.ids[trace.id]) then
        self:note("trace", trace.id, trace.status, trace.tainted and "tainted" or "")
    end
end

function Copy:handlers()
    local function close(_, trace)
        self:trace(trace)
    end
    return {
        record = function(rec)
            self:record(rec)
        end,
        gap = function(gap)
            self:gap(gap)
        end,
    }, { trace_complete = close, trace_failed = close }
end

---Copies all of it. Returns what its gaps and traces are read as, as one hash.
---@return string
function Copy:run()
    self.source:replay(self:handlers())
    copy.check_whole()
    self:go_to(nil)
    self:finish_gap(nil)
    self:close()
    for _, trace in ipairs(self.source:traces()) do
        self:trace(trace)
    end
    return self.digest
end

---The same hash of what was copied: it reads as its source does where the two are equal.
---@param log tracereel.log
---@param ids table<string, true>|nil
---@return string
function copy.digest(log, ids)
    local reader = copy.new(log, "", { ids = ids })
    local function close(_, trace)
        reader:trace(trace)
    end
    log:replay({
        record = function(rec)
            if rec.suspect and (not ids or ids[rec.trace_id]) then
                reader:note("suspect", rec.trace_id)
            end
        end,
        gap = function(gap)
            if gap.class == "missing_segment" then
                reader:note("missing", gap.segment, ("%d"):format(gap.missing_count))
            else
                reader:note("gap", gap.class, ("%d"):format(gap.length))
            end
        end,
    }, { trace_complete = close, trace_failed = close })
    copy.check_whole()
    for _, trace in ipairs(log:traces()) do
        reader:trace(trace)
    end
    return reader.digest
end

return copy
