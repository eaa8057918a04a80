-- What every format says of a trace: its nodes with their attempts, suspensions, loops and errors, put together once.
local core = require "tracereel.core"
local trace_times = require "tracereel.log.trace_times"

local stats = {}

-- Marks (is_open and so on) are true or not there.

---@class tracereel.export.stats
---@field trace tracereel.trace
---@field is_start_known boolean false where a snapshot only knows that the trace is open
---@field is_start_unknown boolean
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
---@field is_open true|nil
---@field wait string|nil of a suspension: what the node waits for, where that is its own wait and not the trace's

---@class tracereel.export.attempt: tracereel.export.span
---@field number integer from 1; the source's own where it has one
---@field instance string|nil
---@field scheduled_ns integer|nil when the source says that the node was ready
---@field resource string|nil
---@field kind string|nil of the error
---@field outcome string
---@field duration_ns integer|nil nil while it is open
---@field suspended_ns integer|nil waited within the attempt; nil while it is open
---@field is_estimated true|nil
---@field is_cut true|nil it began before what is known of the trace: start_ns is only the time of its end
---@field is_clock_step true|nil it was written as ending before it started
---@field error_message string|nil of the error that ended it
---@field error_ns integer|nil

---@class tracereel.export.loop_event
---@field timestamp_ns integer
---@field iteration integer
---@field is_exit true|nil
---@field is_abandoned true|nil an iteration during which the trace began afresh

-- The trace's own error.
local function failure_of(trace)
    local failure
    local may_have_errors = trace.status == "failed" or trace.error_count > 0 or trace.restart_count > 0
    for _, problem in ipairs(may_have_errors and trace.history_errors or {}) do
        failure = not problem.node_id and problem or failure
    end
    return failure
end

---@param trace tracereel.trace
---@param exit_iterations integer[]|nil the numbers in its loop_exit records, in their order: its handle forgets them
---@param is_wanted nil|table<integer, boolean> the nodes that are meant
---@return tracereel.export.stats|nil nil where the trace has none of the nodes that are meant
function stats.of(trace, exit_iterations, is_wanted)
    local nodes, first_ns, end_ns = core.export_nodes(trace, exit_iterations, is_wanted)
    if is_wanted and #nodes == 0 then
        return nil
    end
    local last_ns, is_start_known = trace.last_ns, trace_times.is_start_known(trace)
    local start_ns = is_start_known and trace.start_ns or first_ns or last_ns
    if first_ns and math.ult(first_ns, start_ns) then
        start_ns = first_ns
    end
    if not end_ns or is_start_known and math.ult(end_ns, last_ns) then
        end_ns = last_ns
    end
    return {
        trace = trace,
        is_start_known = is_start_known,
        is_start_unknown = not is_start_known,
        has_times = not trace.from_snapshot or last_ns ~= 0,
        start_ns = start_ns,
        end_ns = end_ns,
        nodes = nodes,
        failure = failure_of(trace),
    }
end

return stats
