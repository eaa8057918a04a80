-- What a timing report must say, worked out from records by other means than the engine's: every definition of
-- docs/timing.md taken by its word, all durations kept in lists and sorted. Slow and plain on purpose.
local mark_path = require "tests.spec.timing_expected_path"
local traces = require "tests.spec.timing_expected_traces"

local timing_expected = {}

local least, largest, span = traces.least, traces.largest, traces.span

-- ---- spans ----

local function suspended_in(trace, attempts, attempt)
    local total = 0
    for _, suspension in ipairs(trace.suspensions) do
        if suspension.attempt == attempt
            or not suspension.attempt and not attempts.instance and suspension.node_id == attempts.id
        then
            total = total + span(largest(suspension.start_ns, attempt.start_ns),
                least(suspension.end_ns or attempt.end_ns, attempt.end_ns))
        end
    end
    return total
end

-- The latest event at or before the start of an attempt, but for its own end.
local function ready_of(trace, attempt)
    local found, is_own_left_out = nil, false
    for _, event_ns in ipairs(trace.events) do
        if event_ns == attempt.end_ns and not is_own_left_out then
            is_own_left_out = true
        elseif not math.ult(attempt.start_ns, event_ns) then
            found = found and largest(found, event_ns) or event_ns
        end
    end
    return found or attempt.start_ns
end

local function spans_of(trace)
    local spans = {}
    for _, id in ipairs(trace.order) do
        for index, attempt in ipairs(trace.nodes[id]) do
            if attempt.is_abandoned and trace.nodes[id][index + 1] or attempt.by_own_resume then
                trace.events[#trace.events + 1] = attempt.end_ns
            end
        end
    end
    for position, id in ipairs(trace.order) do
        local has_failed = false
        for index, attempt in ipairs(trace.nodes[id]) do
            if attempt.outcome and (attempt.outcome ~= "replaced" or trace.nodes[id][index + 1]) then
                local is_step = math.ult(attempt.end_ns, attempt.start_ns)
                local start_ns = is_step and attempt.is_estimated and attempt.end_ns or attempt.start_ns
                spans[#spans + 1] = {
                    id = trace.nodes[id].id, key = id, position = position, start_ns = start_ns,
                    end_ns = largest(start_ns, attempt.end_ns),
                    run_ns = span(attempt.start_ns, attempt.end_ns) - suspended_in(trace, trace.nodes[id], attempt),
                    outcome = attempt.outcome, is_estimated = attempt.is_estimated, is_retry = has_failed,
                    is_step = is_step, queue_ns = not attempt.is_estimated
                        and span(attempt.scheduled_ns or ready_of(trace, attempt), attempt.start_ns) or nil,
                    hidden_count = attempt.hidden_count or 0, kind = attempt.kind, attempt = attempt,
                }
            end
            has_failed = has_failed or attempt.outcome ~= "done"
        end
    end
    table.sort(spans, function(a, b)
        if a.end_ns ~= b.end_ns then
            return math.ult(a.end_ns, b.end_ns)
        elseif a.start_ns ~= b.start_ns then
            return math.ult(a.start_ns, b.start_ns)
        end
        return a.position < b.position
    end)
    return spans
end

-- ---- sums and lists ----

-- What rests on the starts of attempts: those that were written, and the estimated ones.
local function new_part()
    return { run = {}, retry = {}, critical_ns = 0, critical_count = 0 }
end

local function new_node()
    return {
        count = 0, error_count = 0, retry_count = 0, unfinished_count = 0, exact_count = 0, estimated_count = 0,
        clock_step_count = 0, hidden_count = 0, timed_out_count = 0, cancelled_count = 0, terminated_count = 0,
        critical_wait_ns = 0, queue = {}, suspended = {}, iteration = {}, slack = {}, trend = {},
        exact = new_part(), guessed = new_part(),
    }
end

-- Estimated starts count only where none was written: of the attempts that were done, and of all.
local function settle(node, path)
    local exact, guessed = node.exact, node.guessed
    node.exact, node.guessed = nil, nil
    local runs = #exact.run > 0 and exact or guessed
    local rest = node.exact_count > 0 and exact or guessed
    node.run, node.worst = runs.run, runs.worst
    node.failed_count, node.retry_ns = #rest.retry, 0
    for _, lasted_ns in ipairs(rest.retry) do
        node.retry_ns = node.retry_ns + lasted_ns
    end
    node.critical_ns, node.critical_count = rest.critical_ns, rest.critical_count
    node.left_out_count = (runs == exact and #guessed.run or 0) + (rest == exact and #guessed.retry or 0)
    path.left_out = path.left_out + (rest == exact and guessed.critical_ns or 0)
end

local function add_error(node, kind)
    node.error_count = node.error_count + 1
    if kind == "timed_out" or kind == "cancelled" or kind == "terminated" then
        local field = kind .. "_count"
        node[field] = node[field] + 1
    end
end

local function add_span(node, each, trace, is_closed)
    node.retry_count = node.retry_count + (each.is_retry and 1 or 0) + each.hidden_count
    node.hidden_count = node.hidden_count + each.hidden_count
    node.clock_step_count = node.clock_step_count + (each.is_step and 1 or 0)
    local kind = each.is_estimated and "estimated_count" or "exact_count"
    node[kind] = node[kind] + 1
    local part = each.is_estimated and node.guessed or node.exact
    if each.outcome == "done" then
        node.count = node.count + 1
        table.insert(part.run, each.run_ns)
        local worst = part.worst
        if not worst or each.run_ns > worst.run_ns or each.run_ns == worst.run_ns and trace.id < worst.trace_id then
            part.worst = { trace_id = trace.id, run_ns = each.run_ns }
        end
    else
        if each.outcome == "error" then
            add_error(node, each.kind)
        end
        table.insert(part.retry, each.run_ns)
    end
    table.insert(node.queue, each.queue_ns)
    if is_closed and each.is_critical then
        part.critical_count = part.critical_count + (each.is_in_trace and 1 or 0)
        part.critical_ns = part.critical_ns + each.critical_ns
        node.critical_wait_ns = node.critical_wait_ns + each.critical_wait_ns
    elseif is_closed then
        table.insert(node.slack, each.slack_ns)
    end
end

local function add_loops(need_node, trace)
    local previous, number = {}, {}
    for _, event in ipairs(trace.loop_events) do
        local before = previous[event.of]
        local node = need_node(event.node_id)
        if before and before.life ~= event.life then
            before, number[event.of] = nil, nil
        end
        if before then
            local lasted_ns = span(before.time_ns, event.time_ns)
            table.insert(node.iteration, lasted_ns)
            number[event.of] = (number[event.of] or 0) + 1
            local n = math.min(number[event.of], 16)
            node.trend[n] = node.trend[n] or {}
            table.insert(node.trend[n], lasted_ns)
        end
        previous[event.of] = not event.is_exit and event or nil
        number[event.of] = not event.is_exit and number[event.of] or nil
    end
end

local outcome_status = { continued = "complete", cancelled = "failed", timed_out = "failed", terminated = "failed" }

local function add_trace(expected, need_node, trace)
    local is_closed = trace.status ~= "open"
    expected[trace.status .. "_count"] = expected[trace.status .. "_count"] + 1
    if trace.outcome and is_closed and outcome_status[trace.outcome] == trace.status then
        expected[trace.outcome .. "_count"] = expected[trace.outcome .. "_count"] + 1
    end
    local spans = spans_of(trace)
    if is_closed then
        mark_path(trace, spans, expected.path)
    end
    for _, each in ipairs(spans) do
        add_span(need_node(each.id), each, trace, is_closed)
    end
    for _, id in ipairs(trace.order) do
        local finished = 0
        for _, each in ipairs(spans) do
            finished = finished + (each.key == id and 1 or 0)
        end
        if #trace.nodes[id] > 0 then
            local node = need_node(trace.nodes[id].id)
            node.unfinished_count = node.unfinished_count + #trace.nodes[id] - finished
        end
    end
    local suspended_ns, covered_ns = 0, 0
    for _, suspension in ipairs(trace.suspensions) do
        if suspension.end_ns and not suspension.is_abandoned then
            local waited_ns = span(suspension.start_ns, suspension.end_ns)
            table.insert(need_node(suspension.node_id).suspended, waited_ns)
            local from_ns = trace.has_own_waits and largest(covered_ns, suspension.start_ns) or suspension.start_ns
            suspended_ns = suspended_ns + span(from_ns, suspension.end_ns)
            covered_ns = largest(covered_ns, suspension.end_ns)
        end
    end
    add_loops(need_node, trace)
    if is_closed then
        table.insert(expected.makespan, trace.last_ns - trace.start_ns)
        table.insert(expected.suspended, suspended_ns)
    end
end

---@param records table[] in order: type, trace_id, node_id, timestamp_ns, metadata
---@return table traces counts and lists of durations
---@return table<integer, table> nodes
function timing_expected.of(records)
    local expected = {
        complete_count = 0, failed_count = 0, open_count = 0, continued_count = 0, cancelled_count = 0,
        timed_out_count = 0, terminated_count = 0, makespan = {}, suspended = {},
        path = { queue = 0, person = 0, timer = 0, gap = 0, left_out = 0 },
    }
    local nodes = {}
    local function need_node(id)
        nodes[id] = nodes[id] or new_node()
        return nodes[id]
    end
    for _, trace in ipairs(traces.of(records)) do
        add_trace(expected, need_node, trace)
    end
    for _, node in pairs(nodes) do
        settle(node, expected.path)
    end
    return expected, nodes
end

---The records of expected/NAME.records.jsonl, as parsed with numbers as texts.
function timing_expected.records(objects)
    local records = {}
    for index, object in ipairs(objects) do
        local function integer(text)
            -- Integers wrap: above 2^63 they are the unsigned number's bits.
            local digits = text:sub(2)
            local value = 0
            for digit in digits:gmatch("%d") do
                value = value * 10 + tonumber(digit)
            end
            return value
        end
        records[index] = {
            type = object.type, trace_id = object.trace_id, node_id = integer(object.node_id),
            timestamp_ns = integer(object.timestamp_ns),
        }
    end
    return records
end

return timing_expected
