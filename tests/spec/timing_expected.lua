-- What a timing report must say, worked out from records by other means than the engine's: every definition of
-- docs/timing.md taken by its word, all durations kept in lists and sorted. Slow and plain on purpose.
local tracereel = require "tracereel"

local timing_expected = {}

local closes_trace = { trace_complete = "complete", trace_failed = "failed" }
local makes_ready = {
    trace_start = true, node_done = true, node_error = true, trace_resumed = true, loop_iteration = true,
    loop_exit = true,
}

-- Times are unsigned.
local function least(a, b)
    return math.ult(b, a) and b or a
end

local function largest(a, b)
    return math.ult(a, b) and b or a
end

-- From one time to a later one; 0 where the clock stepped back.
local function span(from_ns, to_ns)
    return math.ult(to_ns, from_ns) and 0 or to_ns - from_ns
end

-- ---- traces, record by record ----

local function new_trace(record)
    return {
        id = record.trace_id, start_ns = record.timestamp_ns, last_ns = record.timestamp_ns,
        ready_ns = record.timestamp_ns, status = "open", events = { record.timestamp_ns }, nodes = {}, order = {},
        suspensions = {}, loop_events = {},
    }
end

-- What imported logs say in the metadata of a record; nothing where it is no JSON object.
local function facts_of(record)
    local facts = record.metadata and tracereel.json_decode(record.metadata)
    return type(facts) == "table" and facts or {}
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
    local facts = facts_of(record)
    local attempts = attempts_of(trace, record.node_id, facts.instance)
    end_wait(trace, attempts, now_ns)
    local open = open_attempt(attempts)
    if open then
        open.outcome, open.end_ns = "replaced", now_ns
        trace.events[#trace.events + 1] = now_ns
    end
    local scheduled_ns = facts.scheduled_ns
    attempts[#attempts + 1] = {
        start_ns = now_ns, number = facts.attempt, hidden_count = hidden_before(attempts[#attempts], facts.attempt),
        scheduled_ns = scheduled_ns and not math.ult(now_ns, scheduled_ns) and scheduled_ns or nil,
    }
end

local function finish(outcome)
    return function(trace, record, now_ns)
        local facts = facts_of(record)
        local attempts = attempts_of(trace, record.node_id, facts.instance)
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
        open.outcome, open.end_ns, open.kind = outcome, now_ns, facts.kind
        trace.events[#trace.events + 1] = now_ns
    end
end

steps.node_done, steps.node_error = finish "done", finish "error"

local function begin_wait(trace, record, facts, now_ns)
    local attempts = attempts_of(trace, record.node_id, facts.instance)
    end_wait(trace, attempts, now_ns)
    if not open_attempt(attempts) then
        attempts[#attempts + 1] = { start_ns = now_ns }
    end
    attempts.wait = { node_id = record.node_id, start_ns = now_ns, attempt = open_attempt(attempts) }
    trace.suspensions[#trace.suspensions + 1] = attempts.wait
    trace.has_own_waits = true
end

function steps.trace_suspended(trace, record, now_ns)
    local facts = facts_of(record)
    if facts.wait then
        return begin_wait(trace, record, facts, now_ns)
    end
    local attempts = attempts_of(trace, record.node_id)
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
    local facts = facts_of(record)
    if facts.wait then
        local attempts = attempts_of(trace, record.node_id, facts.instance)
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
    local instance = facts_of(record).instance
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
        trace.outcome = facts_of(record).outcome
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

local function traces_of(records)
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
                    hidden_count = attempt.hidden_count or 0, kind = attempt.kind,
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

-- From the span that ended last, back to the one that ended last before it began, and so on.
local function mark_path(trace, spans)
    local at = #spans
    while at > 0 do
        spans[at].is_critical = true
        local begin_ns = spans[at].start_ns
        repeat
            at = at - 1
        until at == 0 or not math.ult(begin_ns, spans[at].end_ns)
    end
    for index, each in ipairs(spans) do
        local needed_ns = trace.last_ns
        for later = #spans, 1, -1 do
            local other = spans[later]
            if other.is_critical and later ~= index and not math.ult(other.start_ns, each.end_ns) then
                needed_ns = other.start_ns
            end
        end
        each.slack_ns = span(each.end_ns, needed_ns)
    end
end

-- ---- sums and lists ----

local function new_node()
    return {
        count = 0, error_count = 0, retry_count = 0, unfinished_count = 0, exact_count = 0, estimated_count = 0,
        clock_step_count = 0, hidden_count = 0, timed_out_count = 0, cancelled_count = 0, terminated_count = 0,
        retry_ns = 0, critical_ns = 0, critical_count = 0, run = {}, queue = {}, suspended = {},
        iteration = {}, slack = {}, trend = {},
    }
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
    if each.outcome == "done" then
        node.count = node.count + 1
        table.insert(node.run, each.run_ns)
        local worst = node.worst
        if not worst or each.run_ns > worst.run_ns or each.run_ns == worst.run_ns and trace.id < worst.trace_id then
            node.worst = { trace_id = trace.id, run_ns = each.run_ns }
        end
    else
        if each.outcome == "error" then
            add_error(node, each.kind)
        end
        node.retry_ns = node.retry_ns + each.run_ns
    end
    table.insert(node.queue, each.queue_ns)
    if is_closed and each.is_critical then
        node.critical_count = node.critical_count + 1
        node.critical_ns = node.critical_ns + each.end_ns - each.start_ns
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
        mark_path(trace, spans)
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
    }
    local nodes = {}
    local function need_node(id)
        nodes[id] = nodes[id] or new_node()
        return nodes[id]
    end
    for _, trace in ipairs(traces_of(records)) do
        add_trace(expected, need_node, trace)
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
