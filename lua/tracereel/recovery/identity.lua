-- Which log a plan is for: enough to notice that it has grown, was cut, or is another one.
local segment_identity = require "tracereel.log.segment_identity"
local tracereel = require "tracereel"

local identity = {}

local function position_of(log)
    local position = log:position()
    for _, segment in ipairs(log.segments) do
        if segment.sequence == position.sequence then
            return { segment = segment.name, offset_bytes = position.offset }
        end
    end
    return { segment = ("%016x"):format(position.sequence), offset_bytes = position.offset }
end

---What a plan says under `log`. The log was read to its end.
---@param log tracereel.log
---@param originals table<string, { bytes: string }>|nil the segments that were repaired, as they were (by name)
function identity.of(log, originals)
    local statistics = log:stats()
    local segments, last_bytes = segment_identity.of(log, originals)
    return {
        path = log.path,
        segments = segments,
        position = position_of(log),
        last_bytes = last_bytes,
        now_ns = tracereel.unsigned(statistics.now_ns),
        snapshot = statistics.snapshot_sequence and {
            segment_sequence = tracereel.unsigned(statistics.snapshot_sequence),
            offset_bytes = tracereel.unsigned(statistics.snapshot_offset),
        } or tracereel.null,
    }
end

---How a log differs from what a plan says of it: nil, or one sentence. The log was read to its end.
---@param recorded table a plan's `log`
---@param log tracereel.log
---@param originals table<string, { bytes: string }>|nil as identity.of has it
---@return string|nil
function identity.difference(recorded, log, originals)
    local found = identity.of(log, originals)
    local difference = segment_identity.difference(recorded, found)
    if difference then
        return difference
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
