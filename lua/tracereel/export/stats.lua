-- What every format says of a trace: its nodes with their attempts, suspensions, loops and errors, put together once.
local core = require "tracereel.core"
local imported_fields = require "tracereel.log.imported_fields"
local numbers = require "tracereel.export.numbers"
local trace_times = require "tracereel.log.trace_times"

local stats = {}

---@class tracereel.export.stats
---@field trace tracereel.trace
---@field is_start_known boolean false where a snapshot only knows that the trace is open
---@field has_times boolean false where, besides, nothing has been heard of it: its times are then 0
---@field start_ns integer the earliest time known of it
---@field end_ns integer the latest
---@field nodes tracereel.export.node[] in the order in which they first appeared; only those that were asked for
---@field failure tracereel.trace_error|nil the trace's own

---@class tracereel.export.node
---@field id integer
---@field instance string|nil of a node that runs in parallel with itself: each instance is a node here
---@field status string as of tracereel.node
---@field error string|nil the message of its latest error
---@field start_ns integer the earliest time known of it
---@field end_ns integer the latest
---@field attempts tracereel.export.attempt[]
---@field suspensions tracereel.export.span[]
---@field loop_events tracereel.export.loop_event[]

---A stretch of time that never ends before it starts.
---@class tracereel.export.span
---@field start_ns integer
---@field end_ns integer the latest time known of the trace, where it is open
---@field written_end_ns integer|nil as in the log; nil while it is open
---@field is_open boolean
---@field wait string|nil of a suspension: what the node waits for, where that is its own wait and not the trace's

---@class tracereel.export.attempt: tracereel.export.span
---@field number integer from 1; the source's own where it has one
---@field instance string|nil
---@field scheduled_ns integer|nil when the source says that the node was ready
---@field resource string|nil
---@field kind string|nil of the error
---@field outcome string
---@field duration_ns integer
---@field suspended_ns integer waited within the attempt
---@field is_estimated boolean
---@field is_cut boolean it began before what is known of the trace: start_ns is only the time of its end
---@field is_clock_step boolean it was written as ending before it started
---@field error tracereel.trace_error|nil

---@class tracereel.export.loop_event
---@field timestamp_ns integer
---@field iteration integer
---@field is_exit boolean
---@field life integer how often the trace had begun afresh: an iteration does not outlive it

local function new_span(start_ns, written_end_ns, last_ns)
    local end_ns = written_end_ns or last_ns
    return {
        start_ns = start_ns,
        end_ns = numbers.larger(start_ns, end_ns),
        written_end_ns = written_end_ns,
        is_open = written_end_ns == nil,
    }
end

local function widen(span, start_ns, end_ns)
    if not span.start_ns or math.ult(start_ns, span.start_ns) then
        span.start_ns = start_ns
    end
    if not span.end_ns or math.ult(span.end_ns, end_ns) then
        span.end_ns = end_ns
    end
end

-- The errors of each node, and the trace's own.
local function split_errors(trace)
    local of_node, failure = {}, nil
    local may_have_errors = trace.error_count > 0 or trace.restart_count > 0 or trace.status == "failed"
    for _, problem in ipairs(may_have_errors and trace.history_errors or {}) do
        if problem.node_id then
            local key = imported_fields.node_key(problem.node_id, problem.instance)
            local list = of_node[key] or {}
            of_node[key] = list
            list[#list + 1] = problem
        else
            failure = problem
        end
    end
    return of_node, failure
end

-- Every node_error ends one attempt with that outcome.
local function add_errors(attempts, errors)
    local error_number = 0
    for _, attempt in ipairs(attempts) do
        if attempt.outcome == "error" then
            error_number = error_number + 1
            attempt.error = errors[error_number]
        end
    end
end

local function suspensions_by_node(trace)
    local of_node = {}
    for _, suspension in ipairs(trace.suspensions) do
        if not suspension.abandoned then
            local key = imported_fields.node_key(suspension.node_id, suspension.instance)
            local list = of_node[key] or {}
            of_node[key] = list
            local span = new_span(suspension.start_ns, suspension.end_ns, trace.last_ns)
            span.wait = suspension.wait
            list[#list + 1] = span
        end
    end
    return of_node
end

local function widen_by_all(span, list)
    for _, item in ipairs(list) do
        widen(span, item.start_ns or item.timestamp_ns, item.end_ns or item.timestamp_ns)
    end
end

local nothing = {}

-- Adds what is not said with the attempts.
local function complete_node(node, errors, suspensions, loop_events, last_ns)
    if errors then
        add_errors(node.attempts, errors)
    end
    node.suspensions, node.loop_events = suspensions or nothing, loop_events or nothing
    if suspensions or loop_events then
        widen_by_all(node, node.suspensions)
        widen_by_all(node, node.loop_events)
    end
    if not node.start_ns then
        -- A snapshot says of this node that it is done or runs, and nothing else.
        node.start_ns, node.end_ns = last_ns, last_ns
    end
end

---@param trace tracereel.trace
---@param loop_events table<integer|string, tracereel.export.loop_event[]>|nil by imported_fields.node_key
---@param is_wanted nil|table<integer, boolean> the nodes that are meant
---@return tracereel.export.stats|nil nil where the trace has none of the nodes that are meant
function stats.of(trace, loop_events, is_wanted)
    local errors, failure = split_errors(trace)
    local suspensions = suspensions_by_node(trace)
    local last_ns = trace.last_ns
    local described = {
        trace = trace,
        is_start_known = trace_times.is_start_known(trace),
        has_times = not trace.from_snapshot or last_ns ~= 0,
        nodes = {},
        failure = failure,
    }
    if described.is_start_known then
        widen(described, trace.start_ns, last_ns)
    end
    for _, node in ipairs(core.export_nodes(trace)) do
        local key = node.instance and imported_fields.node_key(node.id, node.instance) or node.id
        complete_node(node, errors[key], suspensions[key], loop_events and loop_events[key], last_ns)
        widen(described, node.start_ns, node.end_ns)
        if not is_wanted or is_wanted[node.id] then
            described.nodes[#described.nodes + 1] = node
        end
    end
    if not described.start_ns then
        described.start_ns, described.end_ns = last_ns, last_ns
    end
    return (not is_wanted or #described.nodes > 0) and described or nil
end

return stats
