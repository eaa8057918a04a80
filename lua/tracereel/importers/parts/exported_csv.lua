-- What `tracereel export --format csv` writes: a row for each attempt, those of a trace together.
local exported = require "parts.exported"

local exported_csv = {}

local needed = { "log", "trace_id", "trace_status", "node_id", "attempt", "outcome", "start_ns", "end_ns" }

local function positions_of(header)
    local positions = {}
    for index, name in ipairs(header) do
        positions[name] = index
    end
    return positions
end

---Is that the first row of such a file?
function exported_csv.suits(header)
    local positions = positions_of(header)
    for _, name in ipairs(needed) do
        if not positions[name] then
            return false
        end
    end
    return true
end

local function attempt_of(field, time, place)
    local name = field "node_name"
    return {
        node = name or "node_" .. (field "node_id" or "?"),
        start_ns = time "start_ns",
        end_ns = time "end_ns",
        suspended_ns = time "suspended_ns",
        outcome = field "outcome",
        estimated = field "estimated" == "true",
        message = field "error",
        kind = field "error_kind",
        instance = field "instance",
        number = math.tointeger(tonumber(field "attempt")),
        resource = field "resource",
        scheduled = time "scheduled_ns",
        place = place,
    }
end

-- How long an attempt waited is known, and not when: at its end.
local function wait_of(out, attempt)
    local suspended_ns = attempt.suspended_ns or 0
    if suspended_ns == 0 or not attempt.end_ns then
        return nil
    end
    out:bent("suspensions whose time is not exported: they stand at the end of their attempt", attempt.place)
    local start_ns = math.max(attempt.end_ns - suspended_ns, attempt.start_ns or 0, 0)
    return { node = attempt.node, instance = attempt.instance, start_ns = start_ns, end_ns = attempt.end_ns,
        kind = "person" }
end

local function write_trace(out, group)
    local first_ns
    for _, attempt in ipairs(group.attempts) do
        local at = attempt.start_ns or attempt.end_ns
        first_ns = (not first_ns or at < first_ns) and at or first_ns
    end
    local waits = {}
    for _, attempt in ipairs(group.attempts) do
        waits[#waits + 1] = wait_of(out, attempt)
    end
    local trace = out:trace { id = group.id, name = exported.name(out, group.pipeline),
        at = first_ns }
    exported.write(out, trace, { at = first_ns, attempts = group.attempts, waits = waits, loops = {},
        outcome = exported.outcome(group.status) })
end

---@param rows fun(): string[]|nil
function exported_csv.import(input, out, rows, header)
    local positions = positions_of(header)
    local group
    for row in rows do
        local function field(name)
            local value = row[positions[name] or 0]
            return value ~= "" and value or nil
        end
        local function time(name)
            local value = field(name)
            return value and input.time(value, "ns")
        end
        local id = field "trace_id" or input:fail("a row without a trace_id")
        if not group or group.key ~= id or group.log ~= field "log" then
            if group then
                write_trace(out, group)
            end
            group = { id = field "id" or id, key = id, log = field "log", pipeline = field "pipeline",
                status = field "trace_status", attempts = {} }
        end
        local attempt = attempt_of(field, time, input:where())
        if attempt.start_ns or attempt.end_ns then
            table.insert(group.attempts, attempt)
        else
            out:dropped("attempts without a time", attempt.place)
        end
    end
    if group then
        write_trace(out, group)
    end
end

return exported_csv
