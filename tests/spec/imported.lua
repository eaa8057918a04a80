-- Imports recordings for specs, and reads what was written: the records, by the nodes' names, and the report.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"

local imported = {}

---Runs import into a new directory below `directory`.
---@param format string
---@param inputs string[]
---@param options? string[] further words
---@return { status: integer, stdout: string, stderr: string } result
---@return string log
function imported.try(format, inputs, options)
    local log = helper.directory() .. "/log"
    local words = { "import", "--from", format, "-o", log, "--json" }
    table.move(options or {}, 1, #(options or {}), #words + 1, words)
    table.move(inputs, 1, #inputs, #words + 1, words)
    return helper.run(words), log
end

local function decoded(text)
    return assert(dkjson.decode(text, 1, nil))
end

local function report_of(text)
    local report = decoded(text)
    for _, kinds in ipairs { report.dropped, report.bent, report.left_out } do
        for _, one in ipairs(kinds) do
            kinds[one.kind] = one.count
        end
    end
    return report
end

local has_node = { node_start = true, node_done = true, node_error = true, trace_suspended = true,
    trace_resumed = true }

local function records_of(log, flow)
    local records = {}
    for line in helper.run({ "dump", "--json", log }).stdout:gmatch("[^\n]+") do
        local record = decoded(line)
        record.fields = record.metadata and decoded(record.metadata) or {}
        record.node = has_node[record.type] and flow.nodes[record.node_id].name or nil
        records[#records + 1] = record
    end
    return records
end

---Imports, and gives the log's directory.
---@return string
function imported.log(format, inputs, options)
    local result, log = imported.try(format, inputs, options)
    assert(result.status == 0, result.stderr)
    return log
end

---Imports, and reads all of it.
---@return { log: string, report: table, flow: table, records: table[] }
function imported.read(format, inputs, options)
    local result, log = imported.try(format, inputs, options)
    assert(result.status == 0, result.stderr)
    local flow = assert(load(helper.read(log .. "/tracereel.flow.lua"), "flow", "t", {}))()
    return { log = log, report = report_of(result.stdout), flow = flow, records = records_of(log, flow) }
end

---What a log's records say of its attempts, in the order of their ends: { node, instance, start, end, outcome, ... }.
---@param log { records: table[] }
---@return table[]
function imported.attempts(log)
    local open, attempts = {}, {}
    for _, record in ipairs(log.records) do
        local key = ("%s %s %s"):format(record.trace_id, tostring(record.node), tostring(record.fields.instance))
        if record.type == "node_start" then
            open[key] = { node = record.node, instance = record.fields.instance, started_at = record.timestamp_ns,
                scheduled_at = record.fields.scheduled_ns, attempt = record.fields.attempt,
                resource = record.fields.resource, trace_id = record.trace_id }
        elseif record.type == "node_done" or record.type == "node_error" then
            local attempt = open[key] or { node = record.node, instance = record.fields.instance }
            open[key] = nil
            attempt.ended_at, attempt.message = record.timestamp_ns, record.error_message
            attempt.outcome = record.type == "node_done" and "done" or record.fields.kind or "error"
            attempts[#attempts + 1] = attempt
        end
    end
    return attempts
end

---@param log string
---@return table report of `timing --json`
function imported.timing(log, ...)
    return decoded(helper.run({ "timing", "--json", log, ... }).stdout)
end

---A point in time in UTC, by os.time, which knows nothing of the program's own reading of times.
function imported.nanoseconds(text)
    local y, mo, d, h, mi, s, fraction = text:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)%.?(%d*)Z$")
    local seconds = os.time { year = y, month = mo, day = d, hour = h, min = mi, sec = s, isdst = false }
    local zone = os.time(os.date("!*t", 86400 * 365)) - 86400 * 365
    return math.tointeger((seconds - zone) * 1000000000 + tonumber((fraction .. "000000000"):sub(1, 9)))
end

---The bytes of the log's segments.
function imported.bytes(log)
    return (helper.shell(("cat %s/wal_*"):format(helper.quote(log))))
end

return imported
