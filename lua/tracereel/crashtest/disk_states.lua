-- What an interrupted apply or repair can leave on disk, step by step: docs/recovery.md says in which order they write.
-- Each state is { name, files by name }. A write that was cut leaves any beginning of it; three of them are enough,
-- because no reader looks into the file before it has its name.
local small_log = require "tracereel.crashtest.small_log"
local tables = require "tracereel.util.tables"

local disk_states = {}

local beside, journal = "tracereel.new", "tracereel.journal"
local first, second = small_log.first_segment, small_log.second_segment
local intent = '{"action":"%s","id":"0123456789abcdef","segment":"%s","state":"intent"}\n'
local done = '{"action":"%s","id":"0123456789abcdef","segment":"%s","state":"done"}\n'

local function half(text)
    return text:sub(1, #text // 2)
end

-- Adds states one after the other; each step changes files of the state before it (false: the file is gone).
local function steps(files)
    local list, current = {}, files
    return list, function(name, changes)
        current = tables.changed(current, changes)
        list[#list + 1] = { name = name, files = current }
    end
end

local function add_written(add, what, bytes)
    add(what .. ": the new file is empty", { [beside] = "" })
    add(what .. ": the new file is half written", { [beside] = half(bytes) })
    add(what .. ": the new file is whole", { [beside] = bytes })
end

---Of an apply that adds a segment after the log.
---@param log string bytes of the log's segment
---@param segment string bytes of the new one
function disk_states.of_apply(log, segment)
    local begun, ended = intent:format("apply", second), done:format("apply", second)
    local list, add = steps { [first] = log }
    add("apply: nothing is written", {})
    add("apply: the journal's line is cut", { [journal] = half(begun) })
    add("apply: the journal says what will be done", { [journal] = begun })
    add_written(add, "apply", segment)
    add("apply: the segment is in place", { [beside] = false, [second] = segment })
    add("apply: the journal's last line is cut", { [journal] = begun .. half(ended) })
    add("apply: done", { [journal] = begun .. ended })
    return list
end

---Of a repair that cuts the torn tail of the log.
---@param log string bytes of the log's segment without the tail
---@param tail string
function disk_states.of_repair(log, tail)
    local begun, ended = intent:format("repair", first), done:format("repair", first)
    local list, add = steps { [first] = log .. tail }
    add("repair: nothing is written", {})
    add("repair: the journal's line is cut", { [journal] = half(begun) })
    add("repair: the journal says what will be done", { [journal] = begun })
    add_written(add, "repair, saving the tail", tail)
    add("repair: the tail is saved", { [beside] = false, [first .. ".cut"] = tail })
    add_written(add, "repair", log)
    add("repair: the original is kept", { [first .. ".original"] = log .. tail })
    add("repair: the segment is in place", { [beside] = false, [first] = log })
    add("repair: the journal's last line is cut", { [journal] = begun .. half(ended) })
    add("repair: done", { [journal] = begun .. ended })
    return list
end

return disk_states
