-- Logs of a few records for one spec, written byte by byte (record_bytes), with or without a snapshot to begin from.
local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"

local small_log = { base_ns = 1764000000000000000 }

---The UUID of trace number n.
function small_log.id(n)
    return ("00000000-0000-0000-0000-%012x"):format(n)
end

---A new log of records { type, time after base_ns, trace number, other fields }. Returns its directory.
---@param steps table[]
---@return string
function small_log.write(steps)
    local records = {}
    for index, step in ipairs(steps) do
        local fields = { type = step[1], timestamp_ns = small_log.base_ns + step[2], trace_id = small_log.id(step[3]) }
        for key, value in pairs(step[4] or {}) do
            fields[key] = value
        end
        records[index] = fields
    end
    return record_bytes.write_log(helper.directory(), records)
end

---Puts a snapshot of the log's beginning beside it: trace number to the JSON of its state.
---@param directory string
---@param states table<integer, string>
function small_log.add_snapshot(directory, states)
    local parts = {}
    for n, state in pairs(states) do
        parts[#parts + 1] = ('"%s":{"trace_id":"%s",%s}'):format(small_log.id(n), small_log.id(n), state)
    end
    local json = '{"id":1,"wal_position":{"file_sequence":0,"offset":0},"trace_states":{' .. table.concat(parts, ",")
        .. '},"created_at":1764000000,"record_count":0}'
    helper.shell("mkdir -p " .. directory .. "/snapshots")
    helper.write(directory .. "/snapshots/snapshot_0000000000000001.snap",
        "XSNP" .. string.pack("<I4I8", 1, #json) .. json)
    return directory
end

return small_log
