-- Would the engine's own reader open this log? It walks from record to record by their lengths: a length that cannot be
-- makes it give up the whole log, while a record whose checksum or type is wrong is skipped with a warning. It looks at
-- uncompressed segments only, and does not notice a segment that is missing.
local files = require "tracereel.files"

local engine_reader = { gap_limit = 10000 }

local shortest_record_bytes = 69

-- The file of a log's segment: the log is the directory that it stands in, or the segment itself.
local function path_of(log, segment_name)
    local as_directory = io.open(log.path .. "/.", "rb")
    if not as_directory then
        return log.path
    end
    as_directory:close()
    return log.path .. "/" .. segment_name
end

-- Walks as the engine does, from the beginning of a gap. Where it comes out exactly at the gap's end, records follow.
local function walk(file, offset, size, known_boundaries)
    while true do
        if size - offset < 4 then
            return true
        end
        file:seek("set", offset)
        local bytes = file:read(4)
        if not bytes or #bytes < 4 then
            return true
        end
        local length = string.unpack("<I4", bytes)
        if length < shortest_record_bytes then
            return false, offset, ("a record length of %d, where %d is the least"):format(length, shortest_record_bytes)
        elseif length > size - offset then
            return false, offset, ("a record length of %d, where %d bytes are left"):format(length, size - offset)
        end
        offset = offset + length
        if known_boundaries[offset] then
            return true
        end
    end
end

local function refusal_at(log, gap)
    local file = files.open(path_of(log, gap.segment))
    local size = file and file:seek("end")
    if not size then
        return nil
    end
    local walked, offset, problem = walk(file, gap.offset, size, { [gap.offset + gap.length] = true })
    file:close()
    if not walked then
        return ("the engine would refuse this log: at %s:%d it meets %s"):format(gap.segment, offset, problem)
    end
end

-- A segment that is not there is not noticed; one that is there and cannot be read makes the engine give up.
local function unreadable(log, gap)
    local file, _, errno = files.open(path_of(log, gap.segment))
    if file then
        file:close()
    elseif not files.is_absent(errno) then
        return ("the engine would refuse this log: it cannot read %s"):format(gap.segment)
    end
end

local function compressed_count(log)
    local count = 0
    for _, segment in ipairs(log.segments) do
        count = count + (segment.compressed and 1 or 0)
    end
    return count
end

---One sentence.
---@param log tracereel.log
---@param gaps tracereel.gap[]
---@return string
function engine_reader.verdict(log, gaps)
    if log.path == "-" then
        return "whether the engine would open it cannot be said of a pipe"
    end
    local is_skipping, is_missing = false, false
    for _, gap in ipairs(gaps) do
        local is_segment_missing = gap.class == "missing_segment"
        local refusal
        if is_segment_missing then
            refusal = unreadable(log, gap)
        elseif not gap.segment:match("%.gz$") and not gap.segment:match("%.snap$") then
            refusal = refusal_at(log, gap)
            is_skipping = true
        end
        if refusal then
            return refusal
        end
        is_missing = is_missing or is_segment_missing
    end
    local remarks = {}
    if is_skipping then
        remarks[#remarks + 1] = "skip what it cannot read"
    end
    if is_missing then
        remarks[#remarks + 1] = "not notice that a segment is missing"
    end
    if compressed_count(log) > 0 then
        remarks[#remarks + 1] = "not read the compressed segments"
    end
    if #remarks == 0 then
        return "the engine would open this log and read all of it"
    end
    return "the engine would open this log, but " .. table.concat(remarks, ", ")
end

return engine_reader
