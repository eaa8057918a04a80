-- One JSON object a trace, with its nodes, attempts, suspensions, loops and errors in it, and the times as in the log.
local layout = require "tracereel.export.layout"
local tracereel = require "tracereel"

local jsonl = { place = 7, note = "one object per trace" }

local Jsonl = {}
Jsonl.__index = Jsonl

local null = { "null" }

local function mark(path)
    return { "if", path, { "true" }, { "false" } }
end

-- "null" where the condition holds.
local function unless(condition, path)
    return { "if", condition, null, { { "json", path } } }
end

local attempt = layout.object {
    { "start_ns", unless("attempt.is_cut", "attempt.start_ns") },
    { "end_ns", { "json", "attempt.written_end_ns" } },
    { "run_ns", unless("attempt.is_cut", "attempt.duration_ns") },
    { "suspended_ns", unless("attempt.is_cut", "attempt.suspended_ns") },
    { "outcome", { "json", "attempt.outcome" } },
    { "estimated", mark "attempt.is_estimated" },
    { "error", { "json", "attempt.error_message" } },
    { "error_kind", { "json", "attempt.kind" }, "attempt.kind" },
    { "scheduled_ns", { "json", "attempt.scheduled_ns" }, "attempt.scheduled_ns" },
    { "resource", { "json", "attempt.resource" }, "attempt.resource" },
}

local suspension = layout.object {
    { "start_ns", { "json", "suspension.start_ns" } },
    { "end_ns", { "json", "suspension.written_end_ns" } },
    { "wait", { "json", "suspension.wait" }, "suspension.wait" },
}

local loop_event = layout.object {
    { "timestamp_ns", { "json", "event.timestamp_ns" } },
    { "iteration", { "json", "event.iteration" } },
    { "exit", mark "event.is_exit" },
}

local node = layout.object {
    { "node_id", { "json", "node.id" } },
    { "name", { "json", "node.name" } },
    { "instance", { "json", "node.instance" }, "node.instance" },
    { "status", { "json", "node.status" } },
    { "attempts", layout.array("node.attempts", "attempt", attempt) },
    { "suspensions", layout.array("node.suspensions", "suspension", suspension) },
    { "loop_events", layout.array("node.loop_events", "event", loop_event) },
}

local problem = layout.object {
    { "timestamp_ns", { "json", "problem.timestamp_ns" } },
    { "node_id", { "json", "problem.node_id" } },
    { "message", { "json", "problem.message" } },
}

local fill = layout.new({ "about", "trace", "stats" }, layout.object {
    { "log", { "json", "about.log" } },
    { "trace_id", { "json", "trace.id" } },
    { "id", { "json", "about.id" }, "about.id" },
    { "pipeline", { "json", "about.pipeline" } },
    { "status", { "json", "about.status" } },
    { "open", { "json", "trace.open" } },
    { "tainted", { "json", "trace.tainted" } },
    { "held", { "json", "about.held" }, "about.held" },
    { "start_ns", { "if", "stats.is_start_known", { { "json", "trace.start_ns" } }, null } },
    { "last_ns", { "if", "stats.has_times", { { "json", "trace.last_ns" } }, null } },
    { "duration_ns", { "if", "about.has_duration", { { "json", "trace.duration_ns" } }, null } },
    { "record_count", { "json", "trace.record_count" } },
    { "restart_count", { "json", "trace.restart_count" } },
    { "violations", { "plain", "about.violations" } },
    { "metadata", { "json", "trace.metadata" } },
    { "nodes", layout.array("stats.nodes", "node", node) },
    { "errors", layout.array("about.errors", "problem", problem) },
}, "\n")

---@param trace_stats tracereel.export.stats
function Jsonl:trace(trace_stats)
    local trace, context = trace_stats.trace, self.context
    for _, one in ipairs(trace_stats.nodes) do
        one.name = context.node_name(one.id)
    end
    fill(context.block, {
        log = context.path,
        id = context.own_id(trace),
        pipeline = context.pipeline_of(trace),
        status = context.status_of(trace),
        held = trace.held,
        has_duration = trace_stats.is_start_known and not trace.open,
        violations = tracereel.json(trace.violations),
        errors = trace.history_errors,
    }, trace, trace_stats)
end

function jsonl.new(context)
    return setmetatable({ context = context }, Jsonl)
end

return jsonl
