-- The critical path of a closed trace for timing_expected: walked from the trace's end to its start, stretch by
-- stretch, of which each belongs to an attempt or to something that was waited for.
local traces = require "tests.spec.timing_expected_traces"

local least, largest, span = traces.least, traces.largest, traces.span

-- A place in time that moves back, to the trace's start at most. What it passes is added to `path`, by kinds.
local function new_walk(trace, path)
    local walk = { at_ns = trace.last_ns }
    function walk.back(to_ns, kind)
        local stop_ns = largest(trace.start_ns, least(to_ns, walk.at_ns))
        local passed_ns = walk.at_ns - stop_ns
        walk.at_ns = stop_ns
        if kind then
            path[kind] = path[kind] + passed_ns
        end
        return passed_ns
    end
    return walk
end

-- Of the waits that ended after `until_ns` and no later than where the walk is, the last to end; of several, the last
-- to begin.
local function last_wait(trace, at_ns, until_ns, is_passed)
    local found, found_ns
    for _, wait in ipairs(trace.suspensions) do
        local end_ns = wait.end_ns and not wait.is_abandoned and largest(wait.start_ns, wait.end_ns)
        if end_ns and not is_passed[wait] and not math.ult(at_ns, end_ns) and math.ult(until_ns, end_ns)
            and not (found and (math.ult(end_ns, found_ns) or end_ns == found_ns
                and math.ult(wait.start_ns, found.start_ns)))
        then
            found, found_ns = wait, end_ns
        end
    end
    return found, found_ns
end

local function pass_gap(trace, walk, until_ns, is_passed)
    while math.ult(until_ns, walk.at_ns) do
        local wait, end_ns = last_wait(trace, walk.at_ns, until_ns, is_passed)
        if not wait then
            break
        end
        is_passed[wait] = true
        walk.back(end_ns, "gap")
        walk.back(largest(wait.start_ns, until_ns), wait.is_timer and "timer" or "person")
    end
    walk.back(until_ns, "gap")
end

-- How long the waits for timers lasted that began in an attempt.
local function timers_in(trace, each)
    local total = 0
    for _, wait in ipairs(trace.suspensions) do
        if wait.is_timer and wait.attempt == each.attempt then
            total = total + span(largest(wait.start_ns, each.start_ns),
                least(wait.end_ns or each.end_ns, each.end_ns))
        end
    end
    return total
end

local function pass_attempt(trace, walk, path, each)
    each.is_critical = true
    each.is_in_trace = not math.ult(each.end_ns, trace.start_ns) and not math.ult(trace.last_ns, each.start_ns)
    local lasted_ns = walk.back(each.start_ns)
    each.critical_ns = least(each.run_ns, lasted_ns)
    each.critical_wait_ns = lasted_ns - each.critical_ns
    local timer_ns = least(each.critical_wait_ns, timers_in(trace, each))
    path.timer = path.timer + timer_ns
    path.person = path.person + each.critical_wait_ns - timer_ns
end

local function give_slack(trace, spans)
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

---From the span that ended last, back to the one that ended last before it began, and so on.
---@param trace table
---@param spans table[] in the order of their ends
---@param path table<string, integer> to which the waits are added
return function(trace, spans, path)
    local walk, is_passed, at = new_walk(trace, path), {}, #spans
    pass_gap(trace, walk, at > 0 and spans[at].end_ns or trace.start_ns, is_passed)
    while at > 0 do
        local each = spans[at]
        pass_attempt(trace, walk, path, each)
        repeat
            at = at - 1
        until at == 0 or not math.ult(each.start_ns, spans[at].end_ns)
        local until_ns = at > 0 and spans[at].end_ns or trace.start_ns
        if each.queue_ns then
            each.critical_wait_ns = each.critical_wait_ns
                + walk.back(largest(each.start_ns - each.queue_ns, until_ns), "queue")
        end
        pass_gap(trace, walk, until_ns, is_passed)
    end
    give_slack(trace, spans)
end
