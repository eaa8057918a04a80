-- One JSON object a trace, with its nodes, attempts, suspensions, loops and errors in it, and the times as in the log.
local json_text = require "tracereel.export.json_text"
local tracereel = require "tracereel"

local object, array, text, unsigned = json_text.object, json_text.array, json_text.text, json_text.unsigned

local jsonl = { place = 7, note = "one object per trace" }

local Jsonl = {}
Jsonl.__index = Jsonl

local function map(list, describe)
    local items = {}
    for index, item in ipairs(list) do
        items[index] = describe(item)
    end
    return array(items)
end

local function describe_attempt(attempt)
    return object(
        "start_ns", attempt.is_cut and "null" or unsigned(attempt.start_ns),
        "end_ns", unsigned(attempt.written_end_ns),
        "run_ns", (attempt.is_open or attempt.is_cut) and "null" or unsigned(attempt.duration_ns),
        "suspended_ns", (attempt.is_open or attempt.is_cut) and "null" or unsigned(attempt.suspended_ns),
        "outcome", text(attempt.outcome),
        "estimated", tostring(attempt.is_estimated),
        "error", text(attempt.error and attempt.error.message),
        "error_kind", attempt.kind and text(attempt.kind),
        "scheduled_ns", attempt.scheduled_ns and unsigned(attempt.scheduled_ns),
        "resource", attempt.resource and text(attempt.resource))
end

local function describe_suspension(suspension)
    return object("start_ns", unsigned(suspension.start_ns),
        "end_ns", unsigned(suspension.written_end_ns),
        "wait", suspension.wait and text(suspension.wait))
end

local function describe_loop_event(event)
    return object("timestamp_ns", unsigned(event.timestamp_ns), "iteration", unsigned(event.iteration),
        "exit", tostring(event.is_exit))
end

local function describe_error(problem)
    return object("timestamp_ns", unsigned(problem.timestamp_ns), "node_id", unsigned(problem.node_id),
        "message", text(problem.message))
end

---@param trace_stats tracereel.export.stats
function Jsonl:trace(trace_stats)
    local trace, is_start_known = trace_stats.trace, trace_stats.is_start_known
    local has_duration = is_start_known and not trace.open
    local nodes = map(trace_stats.nodes, function(node)
        return object(
            "node_id", unsigned(node.id),
            "name", text(self.context.node_name(node.id)),
            "instance", node.instance and text(node.instance),
            "status", text(node.status),
            "attempts", map(node.attempts, describe_attempt),
            "suspensions", map(node.suspensions, describe_suspension),
            "loop_events", map(node.loop_events, describe_loop_event))
    end)
    self.write(object(
        "log", text(self.context.path),
        "trace_id", text(trace.id),
        "id", self.context.own_id(trace) and text(self.context.own_id(trace)),
        "pipeline", text(self.context.pipeline_of(trace)),
        "status", text(self.context.status_of(trace)),
        "open", tostring(trace.open),
        "tainted", tostring(trace.tainted),
        "held", trace.held and text(trace.held),
        "start_ns", is_start_known and unsigned(trace.start_ns) or "null",
        "last_ns", trace_stats.has_times and unsigned(trace.last_ns) or "null",
        "duration_ns", has_duration and unsigned(trace.duration_ns) or "null",
        "record_count", unsigned(trace.record_count),
        "restart_count", unsigned(trace.restart_count),
        "violations", tracereel.json(trace.violations),
        "metadata", text(trace.metadata),
        "nodes", nodes,
        "errors", map(trace.history_errors, describe_error)), "\n")
end

function jsonl.new(context)
    return setmetatable({ context = context, write = context.write }, Jsonl)
end

return jsonl
