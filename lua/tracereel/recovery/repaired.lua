-- Segments that were repaired since a plan was made for their log. Where the journal and the original that was kept
-- prove that only what no reader can read was cut, the plan holds for the log as it is now: `apply --repair` that was
-- interrupted between its repair and its records is given again.
local core = require "tracereel.core"
local files = require "tracereel.util.files"
local journal = require "tracereel.recovery.journal"
local repair = require "tracereel.recovery.repair"

local repaired = {}

-- The last change of a segment in the journal.
local function last_change(entries, name)
    for index = #entries, 1, -1 do
        if entries[index].state == "done" and entries[index].segment == name then
            return entries[index]
        end
    end
end

local function is_content(value)
    return type(value) == "table" and math.type(value.size_bytes) == "integer" and type(value.sha256) == "string"
end

local function has_content(bytes, content)
    return bytes ~= nil and #bytes == content.size_bytes and core.sha256(bytes) == content.sha256
end

-- What stays of the original without the cuts; nil where these are not what a repair always cuts, or not in order.
local function without_cuts(original, cuts)
    local parts, position = {}, 0
    for _, cut in ipairs(type(cuts) == "table" and cuts or {}) do
        if type(cut) ~= "table" or not repair.is_cut_always[cut.class] or math.type(cut.offset) ~= "integer"
            or math.type(cut.length) ~= "integer" or cut.offset < position or cut.length < 0 then
            return nil
        end
        parts[#parts + 1] = original:sub(position + 1, cut.offset)
        position = cut.offset + cut.length
    end
    parts[#parts + 1] = original:sub(position + 1)
    return table.concat(parts)
end

local function is_file_name(name)
    return type(name) == "string" and name:find("^[%w_.-]+$") ~= nil
end

-- The original of a segment that has another size than a plan says, where everything is as the journal says.
local function original_of(directory, recorded, entry)
    if not entry or not is_content(entry) or not is_content(entry.replaces) or not is_file_name(entry.original)
        or not is_file_name(entry.segment) or entry.replaces.size_bytes ~= recorded.size_bytes then
        return nil
    end
    local now = files.read_if_there(directory .. "/" .. entry.segment)
    local original = files.read_if_there(directory .. "/" .. entry.original)
    if has_content(now, entry) and has_content(original, entry.replaces)
        and without_cuts(original, entry.cuts) == now then
        return { bytes = original, entry = entry }
    end
end

---The segments of a plan's log that were repaired since, as they were.
---@param directory string the log's
---@param recorded table a plan's `log`
---@return table<string, { bytes: string, entry: table }> originals by the segment's name
function repaired.originals(directory, recorded)
    local entries, originals = journal.read(directory), {}
    for _, segment in ipairs(#entries > 0 and recorded.segments or {}) do
        originals[segment.name] = original_of(directory, segment, last_change(entries, segment.name))
    end
    return originals
end

---A sentence about each, in the order of the plan's segments.
---@param recorded table a plan's `log`
---@param originals table from repaired.originals
---@return string[]
function repaired.words(recorded, originals)
    local lines = {}
    for _, segment in ipairs(recorded.segments) do
        local original = originals[segment.name]
        if original then
            local entry = original.entry
            lines[#lines + 1] = ("%s was repaired since the plan was made (at %s by %s): the %d bytes that were cut "
                .. "held no record, and the plan holds"):format(segment.name, entry.time, entry.operator,
                #original.bytes - entry.size_bytes)
        end
    end
    return lines
end

return repaired
