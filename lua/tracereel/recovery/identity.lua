-- Which log a plan is for: enough to notice that it has grown, was cut, or is another one.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local tracereel = require "tracereel"

local identity = {}

local max_last_bytes = 4096

local function segment_path(log, name)
    return log.path:match("([^/]+)/*$") == name and log.path or log.path:gsub("/+$", "") .. "/" .. name
end

local function read_last(file, size, length)
    if length == 0 then
        return ""
    end
    local is_there, problem = file:seek("set", size - length)
    if not is_there then
        return nil, problem
    end
    local bytes
    bytes, problem = file:read(length)
    return bytes, problem or "it became shorter while it was read"
end

-- A file's size, and its last bytes where they are asked for. What is no file has none; reading reports it as damage.
local function look_at(path, last_bytes)
    if files.is_special(path) then
        return 0, ""
    end
    local file, problem = files.open(path)
    if not file then
        failure.raise("io", "%s", problem)
    end
    local size, bytes
    size, problem = file:seek("end")
    if size then
        bytes, problem = read_last(file, size, math.min(size, last_bytes))
    end
    file:close()
    if not bytes then
        failure.raise("io", "%s: it cannot be read: %s", path, problem)
    end
    return size, bytes
end

local function position_of(log)
    local position = log:position()
    for _, segment in ipairs(log.segments) do
        if segment.sequence == position.sequence then
            return { segment = segment.name, offset_bytes = position.offset }
        end
    end
    return { segment = ("%016x"):format(position.sequence), offset_bytes = position.offset }
end

-- A segment's size, and its last bytes where they are asked for: as it was, where it was repaired since.
local function look_at_segment(log, name, last_bytes, original)
    if original then
        return #original.bytes, original.bytes:sub(-last_bytes, last_bytes > 0 and -1 or 0)
    end
    return look_at(segment_path(log, name), last_bytes)
end

---What a plan says under `log`. The log was read to its end.
---@param log tracereel.log
---@param originals table<string, { bytes: string }>|nil the segments that were repaired, as they were (by name)
function identity.of(log, originals)
    originals = originals or {}
    local statistics = log:stats()
    -- Each look at log.segments makes the list anew.
    local there = log.segments
    local segments, last = {}, { length_bytes = 0, crc32 = "00000000" }
    for index, segment in ipairs(there) do
        local size, bytes = look_at_segment(log, segment.name, index == #there and max_last_bytes or 0,
            originals[segment.name])
        segments[index] = { name = segment.name, size_bytes = size }
        last = { length_bytes = #bytes, crc32 = ("%08x"):format(core.crc32(bytes)) }
    end
    return {
        path = log.path,
        segments = segments,
        position = position_of(log),
        last_bytes = last,
        now_ns = tracereel.unsigned(statistics.now_ns),
        snapshot = statistics.snapshot_sequence and {
            segment_sequence = tracereel.unsigned(statistics.snapshot_sequence),
            offset_bytes = tracereel.unsigned(statistics.snapshot_offset),
        } or tracereel.null,
    }
end

local function sizes(segments)
    local by_name = {}
    for _, segment in ipairs(segments) do
        by_name[segment.name] = segment.size_bytes
    end
    return by_name
end

local function segment_difference(recorded, found)
    local before, now = sizes(recorded.segments), sizes(found.segments)
    for _, segment in ipairs(recorded.segments) do
        local size = now[segment.name]
        if not size then
            return ("segment %s is not there any more"):format(segment.name)
        elseif size ~= segment.size_bytes then
            return ("segment %s had %d bytes, and has %d"):format(segment.name, segment.size_bytes, size)
        end
    end
    for _, segment in ipairs(found.segments) do
        if not before[segment.name] then
            return ("segment %s is new"):format(segment.name)
        end
    end
end

---How a log differs from what a plan says of it: nil, or one sentence. The log was read to its end.
---@param recorded table a plan's `log`
---@param log tracereel.log
---@param originals table<string, { bytes: string }>|nil as identity.of has it
---@return string|nil
function identity.difference(recorded, log, originals)
    local found = identity.of(log, originals)
    local difference = segment_difference(recorded, found)
    if difference then
        return difference
    elseif tracereel.json(recorded.last_bytes) ~= tracereel.json(found.last_bytes) then
        return "the last bytes of the log are others"
    end
    -- The end of what can be read is elsewhere in a segment that was repaired; its bytes are known to be the same.
    local is_moved = originals and originals[found.position.segment]
    for _, key in ipairs(is_moved and { "now_ns", "snapshot" } or { "position", "now_ns", "snapshot" }) do
        if tracereel.json(recorded[key]) ~= tracereel.json(found[key]) then
            return ("%s was %s, and is %s"):format(key, tracereel.json(recorded[key]), tracereel.json(found[key]))
        end
    end
end

return identity
