-- A trace as the pages draw it: its attempts and waits in time, with what is known of each.
local held = require "tracereel.log.held"
local imported_fields = require "tracereel.log.imported_fields"
local node_names = require "tracereel.log.node_names"
local trace_labels = require "tracereel.render.trace_labels"
local trace_times = require "tracereel.log.trace_times"

local trace_view = {}

---@class tracereel.trace_view
---@field trace_id string
---@field own_id string|nil of an imported log
---@field status string in words
---@field is_open boolean
---@field start_ns integer
---@field makespan_ns integer up to now where it is open
---@field suspended_ns integer|nil nil where it was not added up, as the next
---@field critical_ns integer|nil
---@field path table|nil the timed trace that has the parts of its critical path
---@field reasons string[] why it is on the page
---@field metadata string|nil
---@field error string|nil the last one
---@field error_count integer|nil nil where nobody has asked the log
---@field spans table[] of timed_span, with attempt, error, output_offset, output_size, resource
---@field suspensions table[]
---@field left_out_count integer

-- Messages by the node, its instance, and the time at which the attempt ended with them.
local function messages_of(trace)
    local messages = {}
    for _, one in ipairs(trace.history_errors) do
        if one.node_id then
            messages[imported_fields.node_key(one.node_id, one.instance) .. " " .. one.timestamp_ns] = one.message
        end
    end
    return messages
end

local function place_key(node_id, start_ns, end_ns)
    return ("%d %d %d"):format(node_id, start_ns, end_ns)
end

-- What the timing says of attempts, by their node and times.
local function timed_spans(timed)
    local found = {}
    for _, span in ipairs(timed and timed.spans or {}) do
        found[place_key(span.node_id, span.start_ns, span.end_ns)] = span
    end
    return found
end

local function span_of(node, attempt, number, end_ns, timed)
    local found = timed[place_key(node.id, attempt.start_ns, end_ns)]
    return {
        node_id = node.id, name = node.name, instance = attempt.instance or node.instance,
        start_ns = attempt.start_ns, end_ns = end_ns, ready_ns = found and found.ready_ns or attempt.start_ns,
        run_ns = attempt.end_ns and attempt.duration_ns or end_ns - attempt.start_ns,
        outcome = attempt.outcome, estimated = attempt.estimated, critical = found and found.critical or false,
        attempt = number, resource = attempt.resource,
    }
end

local function add_node(node, view, end_ns, messages, timed)
    local attempts = node.attempts
    for number, attempt in ipairs(attempts) do
        -- An attempt that a clock step ends before it starts takes no time.
        local last_ns = attempt.end_ns or end_ns
        last_ns = math.ult(last_ns, attempt.start_ns) and attempt.start_ns or last_ns
        local span = span_of(node, attempt, attempt.number or number, last_ns, timed)
        if attempt.outcome == "error" then
            span.error = messages[imported_fields.node_key(node.id, span.instance) .. " " .. attempt.end_ns]
        end
        if number == #attempts and attempt.outcome == "done" and node.output_size > 0 then
            span.output_offset, span.output_size = node.output_offset, node.output_size
        end
        view.spans[#view.spans + 1] = span
    end
end

local function by_start(a, b)
    if a.start_ns ~= b.start_ns then
        return math.ult(a.start_ns, b.start_ns)
    elseif a.end_ns ~= b.end_ns then
        return math.ult(a.end_ns, b.end_ns)
    end
    return a.node_id < b.node_id
end

local function add_suspensions(trace, view, end_ns)
    for _, wait in ipairs(trace.suspensions) do
        local last_ns = wait.end_ns or end_ns
        view.suspensions[#view.suspensions + 1] = {
            node_id = wait.node_id, name = wait.node_id == held.node and "held" or node_names.name(wait.node_id),
            instance = wait.instance, start_ns = wait.start_ns, wait = wait.wait, is_open = wait.end_ns == nil,
            end_ns = math.ult(last_ns, wait.start_ns) and wait.start_ns or last_ns,
        }
    end
    table.sort(view.suspensions, by_start)
end

-- An attempt that goes on has not run while its node was suspended; of one that has ended the trace knows.
local function take_waits_from_open(view)
    local running = {}
    for _, span in ipairs(view.spans) do
        if span.outcome == "open" then
            running[imported_fields.node_key(span.node_id, span.instance)] = span
        end
    end
    for _, wait in ipairs(view.suspensions) do
        local span = running[imported_fields.node_key(wait.node_id, wait.instance)]
        local from_ns = span and math.max(span.start_ns, wait.start_ns)
        if span and from_ns < wait.end_ns then
            span.run_ns = math.max(0, span.run_ns - (wait.end_ns - from_ns))
        end
    end
end

-- When it began; of one that only a snapshot knows, when the first of its attempts did.
local function start_of(trace, spans)
    if trace_times.is_start_known(trace) then
        return trace.start_ns
    end
    return spans[1] and spans[1].start_ns or trace.last_ns
end

---@param trace tracereel.trace
---@param now_ns integer the log's end
---@param timed tracereel.timed_trace|nil of the same trace
---@return tracereel.trace_view
function trace_view.of(trace, now_ns, timed)
    local errors = trace.history_errors
    local view = {
        trace_id = trace.id, own_id = node_names.are_imported() and trace.text_id or nil,
        status = trace_labels.outcome(trace), is_open = trace.open, reasons = {}, metadata = trace.metadata,
        error = #errors > 0 and errors[#errors].message or nil, error_count = #errors,
        suspended_ns = timed and timed.suspended_ns, critical_ns = timed and timed.critical_ns, path = timed,
        spans = {}, suspensions = {}, left_out_count = 0,
    }
    local end_ns = trace.open and now_ns or trace.last_ns
    local messages, spans = messages_of(trace), timed_spans(timed)
    for _, node in ipairs(trace.nodes) do
        add_node(node, view, end_ns, messages, spans)
    end
    table.sort(view.spans, by_start)
    add_suspensions(trace, view, end_ns)
    take_waits_from_open(view)
    view.start_ns = start_of(trace, view.spans)
    view.makespan_ns = math.max(0, end_ns - view.start_ns)
    return view
end

---Of what a timing keeps of a trace, where the log cannot be read again.
---@param timed tracereel.timed_trace
---@param own_id string|nil
---@return tracereel.trace_view
function trace_view.of_timed(timed, own_id)
    return {
        trace_id = timed.trace_id, own_id = own_id, status = timed.status, is_open = false, reasons = {},
        suspended_ns = timed.suspended_ns, critical_ns = timed.critical_ns, path = timed,
        spans = timed.spans, suspensions = timed.suspensions, left_out_count = timed.left_out_count,
        start_ns = timed.start_ns, makespan_ns = timed.makespan_ns,
    }
end

return trace_view
