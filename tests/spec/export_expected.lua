-- What an export must hold, worked out from expected/NAME.records.jsonl by the rules of docs/export.md, without the
-- engine: attempts, suspensions and loops of every trace.
local helper = require "tests.spec.helper"

local expected = {}

local makes_ready = {
    trace_start = true, node_done = true, node_error = true, trace_resumed = true, loop_iteration = true,
    loop_exit = true,
}

-- All 64 bits of a number as exact_json gives it.
local function integer(text)
    local value = 0
    for digit in assert(text:match("^#(%d+)$"), "not an integer: " .. text):gmatch("%d") do
        value = value * 10 + math.tointeger(digit)
    end
    return value
end

local function new_trace(record)
    return { id = record.trace_id, start_ns = record.timestamp_ns, status = "running", attempts = {}, suspensions = {},
        iterations = {}, open_attempt = {}, open_iteration = {}, attempt_count = {} }
end

local function begin_attempt(trace, node_id, start_ns, is_estimated)
    local number = (trace.attempt_count[node_id] or 0) + 1
    local attempt = { trace = trace, node_id = node_id, number = number, start_ns = start_ns, outcome = "open",
        estimated = is_estimated }
    trace.attempt_count[node_id] = number
    trace.attempts[#trace.attempts + 1] = attempt
    trace.open_attempt[node_id] = attempt
    return attempt
end

local function end_attempt(attempt, outcome, ns)
    attempt.outcome, attempt.end_ns = outcome, ns
    attempt.trace.open_attempt[attempt.node_id] = nil
end

local function end_suspension(trace, ns)
    if trace.suspension then
        trace.suspension.end_ns = ns
        trace.suspension = nil
    end
end

local function end_iteration(trace, record)
    local iteration = trace.open_iteration[record.node_id]
    if iteration then
        iteration.end_ns = record.timestamp_ns
        trace.open_iteration[record.node_id] = nil
    end
end

local function end_node(outcome)
    return function(trace, record)
        local attempt = trace.open_attempt[record.node_id]
            or begin_attempt(trace, record.node_id, trace.ready_ns, true)
        attempt.error = record.error_message
        end_attempt(attempt, outcome, record.timestamp_ns)
    end
end

local function close(status)
    return function(trace, record)
        trace.status, trace.end_ns = status, record.timestamp_ns
        for _, attempt in ipairs(trace.attempts) do
            if attempt.outcome == "open" then
                end_attempt(attempt, "abandoned", record.timestamp_ns)
            end
        end
        end_suspension(trace, record.timestamp_ns)
    end
end

-- A second trace_start: what was open ends with the last record of the life before.
local function begin_again(trace)
    for _, attempt in ipairs(trace.attempts) do
        if attempt.outcome == "open" then
            end_attempt(attempt, "abandoned", trace.last_ns)
        end
    end
    if trace.suspension then
        trace.suspension.end_ns, trace.suspension.is_abandoned = trace.last_ns, true
        trace.suspension = nil
    end
    trace.open_iteration = {}
end

local steps = {
    node_start = function(trace, record)
        if trace.open_attempt[record.node_id] then
            end_attempt(trace.open_attempt[record.node_id], "abandoned", record.timestamp_ns)
        end
        begin_attempt(trace, record.node_id, record.timestamp_ns, false)
    end,
    node_done = end_node("done"),
    node_error = end_node("error"),
    trace_suspended = function(trace, record)
        end_suspension(trace, record.timestamp_ns)
        if not trace.open_attempt[record.node_id] then
            begin_attempt(trace, record.node_id, trace.ready_ns, true)
        end
        trace.suspension = { trace = trace, node_id = record.node_id, start_ns = record.timestamp_ns }
        trace.suspensions[#trace.suspensions + 1] = trace.suspension
    end,
    trace_resumed = function(trace, record)
        end_suspension(trace, record.timestamp_ns)
    end,
    loop_iteration = function(trace, record)
        end_iteration(trace, record)
        local iteration = { trace = trace, node_id = record.node_id, number = record.iteration,
            start_ns = record.timestamp_ns }
        trace.iterations[#trace.iterations + 1] = iteration
        trace.open_iteration[record.node_id] = iteration
    end,
    loop_exit = end_iteration,
    trace_complete = close("complete"),
    trace_failed = close("failed"),
}

local function waited_ns(attempt)
    local total_ns = 0
    for _, suspension in ipairs(attempt.trace.suspensions) do
        if suspension.node_id == attempt.node_id then
            local first_ns = math.max(suspension.start_ns, attempt.start_ns)
            local last_ns = math.min(suspension.end_ns or attempt.end_ns, attempt.end_ns)
            total_ns = total_ns + math.max(last_ns - first_ns, 0)
        end
    end
    return total_ns
end

local function measure(trace)
    for _, attempt in ipairs(trace.attempts) do
        if attempt.end_ns then
            local is_backwards = attempt.end_ns < attempt.start_ns
            attempt.suspended_ns = is_backwards and 0 or waited_ns(attempt)
            attempt.run_ns = is_backwards and 0 or attempt.end_ns - attempt.start_ns - attempt.suspended_ns
        end
    end
end

local function exact(record)
    for _, key in ipairs { "timestamp_ns", "node_id", "iteration" } do
        record[key] = integer(record[key])
    end
    for _, key in ipairs { "error_message", "metadata" } do
        record[key] = record[key] ~= "#null" and record[key] or nil
    end
    return record
end

---The traces of a sample log: those that closed, and those that are open at its end.
function expected.traces(name)
    local open, all = {}, {}
    for _, raw in ipairs(helper.expected(name, "records")) do
        local record = exact(raw)
        local trace = open[record.trace_id]
        if record.type == "trace_start" and trace then
            begin_again(trace)
        elseif record.type == "trace_start" then
            trace = new_trace(record)
            open[record.trace_id] = trace
        end
        if trace then
            trace.last_ns = math.max(trace.last_ns or 0, record.timestamp_ns)
        end
        if trace and record.type ~= "checkpoint" then
            if steps[record.type] then
                steps[record.type](trace, record)
            end
            if makes_ready[record.type] then
                trace.ready_ns = record.timestamp_ns
            end
            if trace.status ~= "running" then
                open[record.trace_id] = nil
                all[#all + 1] = trace
            end
        end
    end
    for _, trace in pairs(open) do
        all[#all + 1] = trace
    end
    for _, trace in ipairs(all) do
        measure(trace)
    end
    return all
end

---Every attempt, suspension or iteration of a sample log's traces.
---@param what "attempts"|"suspensions"|"iterations"
function expected.all(name, what)
    local items = {}
    for _, trace in ipairs(expected.traces(name)) do
        for _, item in ipairs(trace[what]) do
            items[#items + 1] = not item.is_abandoned and item or nil
        end
    end
    assert(#items > 0, "the sample has none: the test would show nothing")
    return items
end

return expected
