-- Which log something was made of: its segments, their sizes, and its last bytes. Enough to notice that it has grown,
-- was cut, or is another one, without reading it.
local base = require "tracereel.base"
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"

local segment_identity = {}

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

-- A segment's size, and its last bytes where they are asked for: as it was, where it was repaired since.
local function look_at_segment(log, name, last_bytes, original)
    if original then
        return #original.bytes, original.bytes:sub(-last_bytes, last_bytes > 0 and -1 or 0)
    end
    return look_at(segment_path(log, name), last_bytes)
end

---What is known of bytes: how many they are, and their CRC.
---@param bytes string
---@return { length_bytes: integer, crc32: string }
function segment_identity.of_bytes(bytes)
    return { length_bytes = #bytes, crc32 = ("%08x"):format(core.crc32(bytes)) }
end

---@param log tracereel.log
---@param originals? table<string, { bytes: string }> the segments that were repaired, as they were (by name)
---@return { name: string, size_bytes: integer }[] segments
---@return { length_bytes: integer, crc32: string } last_bytes
function segment_identity.of(log, originals)
    -- Each look at log.segments makes the list anew.
    local there = log.segments
    local segments, last = {}, segment_identity.of_bytes("")
    for index, segment in ipairs(there) do
        local size, bytes = look_at_segment(log, segment.name, index == #there and max_last_bytes or 0,
            originals and originals[segment.name])
        segments[index] = { name = segment.name, size_bytes = size }
        last = segment_identity.of_bytes(bytes)
    end
    return segments, last
end

local function sizes(segments)
    local by_name = {}
    for _, segment in ipairs(segments) do
        by_name[segment.name] = segment.size_bytes
    end
    return by_name
end

local function segment_difference(recorded, found)
    local before, now = sizes(recorded), sizes(found)
    for _, segment in ipairs(recorded) do
        local size = now[segment.name]
        if not size then
            return ("segment %s is not there any more"):format(segment.name)
        elseif size ~= segment.size_bytes then
            return ("segment %s had %d bytes, and has %d"):format(segment.name, segment.size_bytes, size)
        end
    end
    for _, segment in ipairs(found) do
        if not before[segment.name] then
            return ("segment %s is new"):format(segment.name)
        end
    end
end

---How a log differs from what it was: nil, or one sentence. Both have `segments` and `last_bytes` of `of`.
---@param recorded table
---@param found table
---@return string|nil
function segment_identity.difference(recorded, found)
    return segment_difference(recorded.segments, found.segments)
        or base.json(recorded.last_bytes) ~= base.json(found.last_bytes) and "the last bytes of the log are others"
        or nil
end

return segment_identity
