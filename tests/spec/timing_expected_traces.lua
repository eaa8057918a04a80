-- Traces rebuilt record by record for timing_expected, by other means than the engine's: attempts, waits and loops of
-- each node, and of each of its instances.
local tracereel = require "tracereel"

local traces = {}

local closes_trace = { trace_complete = "complete", trace_failed = "failed" }
local makes_ready = {
    trace_start = true, node_done = true, node_error = true, trace_resumed = true, loop_iteration = true,
    loop_exit = true,
}

-- Times are unsigned.
function traces.least(a, b)
    return math.ult(b, a) and b or a
end

function traces.largest(a, b)
    return math.ult(a, b) and b or a
end

-- From one time to a later one; 0 where the clock stepped back.
function traces.span(from_ns, to_ns)
    return math.ult(to_ns, from_ns) and 0 or to_ns - from_ns
end

local largest = traces.largest

local function new_trace(record)
    return {
        id = record.trace_id, start_ns = record.timestamp_ns, last_ns = record.timestamp_ns,
        ready_ns = record.timestamp_ns, status = "open", events = { record.timestamp_ns }, nodes = {}, order = {},
        suspensions = {}, loop_events = {},
    }
end

-- What imported logs say in the metadata of a record; nothing where it is no JSON object.
local function imported_fields(record)
    local fields = record.metadata and tracereel.json_decode(record.metadata)
    return type(fields) == "table" and fields or {}
end

-- Of a node, or of one of the instances that run in parallel: { id, instance } and its attempts.
local attempts_of
function attempts_of(trace, id, instance)
    local key = ("%d %s"):format(id, instance or "")
    if instance then
        attempts_of(trace, id) -- the node itself comes before its instances
    end
    if not trace.nodes[key] then
        trace.nodes[key] = { id = id, instance = instance }
        trace.order[#trace.order + 1] = key
    end
    return trace.nodes[key]
end

local function open_attempt(attempts)
    local last = attempts[#attempts]
    return last and last.outcome == nil and last or nil
end

local function end_suspension(trace, now_ns)
    local last = trace.plain_suspension
    if trace.is_suspended and last then
        last.end_ns = now_ns
        trace.events[#trace.events + 1] = now_ns
    end
    trace.is_suspended = false
end

local steps = {}

local function end_wait(trace, attempts, now_ns)
    if attempts.wait then
        attempts.wait.end_ns = now_ns
        trace.events[#trace.events + 1] = now_ns
    end
    attempts.wait = nil
end

-- What the source counts before an attempt: those below its number, down to the one before that failed.
local function hidden_before(last, number)
    if not number then
        return 0
    elseif not last or last.outcome == "done" then
        return number - 1
    elseif not last.number then
        return 0
    end
    return number > last.number and number - last.number - 1 or number - 1
end

function steps.node_start(trace, record, now_ns)
    local fields = imported_fields(record)
    local attempts = attempts_of(trace, record.node_id, fields.instance)
    end_wait(trace, attempts, now_ns)
    local open = open_attempt(attempts)
    if open then
        open.outcome, open.end_ns = "replaced", now_ns
        trace.events[#trace.events + 1] = now_ns
    end
    local scheduled_ns = fields.scheduled_ns
    attempts[#attempts + 1] = {
        start_ns = now_ns, number = fields.attempt, hidden_count = hidden_before(attempts[#attempts], fields.attempt),
        scheduled_ns = scheduled_ns and not math.ult(now_ns, scheduled_ns) and scheduled_ns or nil,
    }
end

local function finish(outcome)
    return function(trace, record, now_ns)
        local fields = imported_fields(record)
        local attempts = attempts_of(trace, record.node_id, fields.instance)
        local last = attempts[#attempts]
        if last and last.by_own_resume then
            last.outcome, last.end_ns, last.by_own_resume = nil, nil, nil
        end
        end_wait(trace, attempts, now_ns)
        local open = open_attempt(attempts)
        if not open then
            open = { start_ns = trace.ready_ns, is_estimated = true }
            attempts[#attempts + 1] = open
        end
        open.outcome, open.end_ns, open.kind = outcome, now_ns, fields.kind
        trace.events[#trace.events + 1] = now_ns
    end
end

steps.node_done, steps.node_error = finish "done", finish "error"

local function begin_wait(trace, record, fields, now_ns)
    local attempts = attempts_of(trace, record.node_id, fields.instance)
    end_wait(trace, attempts, now_ns)
    if not open_attempt(attempts) then
        attempts[#attempts + 1] = { start_ns = now_ns }
    end
    attempts.wait = { node_id = record.node_id, start_ns = now_ns, attempt = open_attempt(attempts),
        is_timer = fields.wait == "timer" }
    trace.suspensions[#trace.suspensions + 1] = attempts.wait
    trace.has_own_waits = true
end

function steps.trace_suspended(trace, record, now_ns)
    local fields = imported_fields(record)
    if fields.wait then
        return begin_wait(trace, record, fields, now_ns)
    end
    local attempts = attempts_of(trace, record.node_id, fields.instance)
    if not open_attempt(attempts) then
        attempts[#attempts + 1] = { start_ns = trace.ready_ns, is_estimated = true }
    end
    end_suspension(trace, now_ns)
    trace.is_suspended = true
    trace.plain_suspension = { node_id = record.node_id, start_ns = now_ns,
        attempt = trace.has_own_waits and open_attempt(attempts) or nil }
    trace.suspensions[#trace.suspensions + 1] = trace.plain_suspension
end

function steps.trace_resumed(trace, record, now_ns)
    local fields = imported_fields(record)
    if fields.wait then
        local attempts = attempts_of(trace, record.node_id, fields.instance)
        local open = attempts.wait and open_attempt(attempts)
        end_wait(trace, attempts, now_ns)
        if open then
            open.outcome, open.end_ns, open.by_own_resume = "done", now_ns, true
        end
        return
    end
    end_suspension(trace, now_ns)
end

local function loop(trace, record, now_ns)
    local instance = imported_fields(record).instance
    attempts_of(trace, record.node_id, instance)
    trace.events[#trace.events + 1] = now_ns
    table.insert(trace.loop_events, {
        node_id = record.node_id, of = ("%d %s"):format(record.node_id, instance or ""), time_ns = now_ns,
        is_exit = record.type == "loop_exit", life = trace.life,
    })
end

steps.loop_iteration, steps.loop_exit = loop, loop

local function apply(trace, record)
    local now_ns = record.timestamp_ns
    if steps[record.type] then
        steps[record.type](trace, record, now_ns)
    end
    trace.ready_ns = makes_ready[record.type] and now_ns or trace.ready_ns
    trace.last_ns = largest(trace.last_ns, now_ns)
    if closes_trace[record.type] then
        end_suspension(trace, now_ns)
        for _, attempts in pairs(trace.nodes) do
            end_wait(trace, attempts, now_ns)
        end
        trace.outcome = imported_fields(record).outcome
        trace.status = closes_trace[record.type]
    end
end

-- A second trace_start: what was open lasted to the last that is known of the life before, and is not measured.
local function begin_again(trace, now_ns)
    for _, attempts in pairs(trace.nodes) do
        local open = open_attempt(attempts)
        if open then
            open.outcome, open.end_ns, open.is_abandoned = "replaced", largest(trace.last_ns, open.start_ns), true
        end
    end
    for _, attempts in pairs(trace.nodes) do
        if attempts.wait then
            attempts.wait.end_ns, attempts.wait.is_abandoned = largest(trace.last_ns, attempts.wait.start_ns), true
            attempts.wait = nil
        end
    end
    if trace.is_suspended then
        local last = trace.plain_suspension
        last.end_ns, last.is_abandoned = largest(trace.last_ns, last.start_ns), true
        trace.is_suspended = false
    end
    trace.life = (trace.life or 0) + 1
    trace.ready_ns = now_ns
    trace.last_ns = largest(trace.last_ns, now_ns)
end

---@param records table[] in order
---@return table[] traces
function traces.of(records)
    local open, all = {}, {}
    for _, record in ipairs(records) do
        local trace = open[record.trace_id]
        if record.type == "trace_start" and trace then
            begin_again(trace, record.timestamp_ns)
        elseif record.type == "trace_start" then
            open[record.trace_id] = new_trace(record)
            all[#all + 1] = open[record.trace_id]
        elseif trace and record.type ~= "checkpoint" then
            apply(trace, record)
            if trace.status ~= "open" then
                open[record.trace_id] = nil
            end
        end
    end
    return all
end

return traces
