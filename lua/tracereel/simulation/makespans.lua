-- What a series of simulations is judged by. Makespan percentiles are exact here, as those of a timing report are not:
-- what a node that is a little faster does to them can be less than the width of a histogram's bucket.
local all_traces = require "tracereel.timing.all_traces"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local makespans = {}

-- The value at rank ceil(share * count): the definition of docs/timing.md.
local function percentile(sorted, share)
    return sorted[math.max(1, math.ceil(share * #sorted))] or 0
end

---Reads a log. Times are nanoseconds; `queue` is what the nodes of a trace waited for their turn, the mean over all
---traces.
---@param path string
---@param flow tracereel.flow|nil which nodes follow which, as the scenario says it
---@return table<string, number> complete, failed, throughput, makespan_p50, makespan_p90, makespan_p99, makespan_mean,
---queue
function makespans.measure(path, flow)
    local sorted, sum, timing = {}, 0.0, tracereel.timing(flow, 0)
    local function note(_, trace)
        if trace and not trace.tainted then
            sorted[#sorted + 1] = units.magnitude(trace.duration_ns)
            sum = sum + sorted[#sorted]
        end
    end
    all_traces.add(timing, path, nil, { trace_complete = note, trace_failed = note })
    table.sort(sorted)
    local report = timing:report()
    local traces, queue_ns = report.traces, 0.0
    for _, node in ipairs(report.nodes) do
        -- A sum that saturated is no use; the mean and the count give it.
        queue_ns = queue_ns + (node.queue_ns >= 0 and node.queue_ns or 1.0 * node.queue.mean_ns * node.queue.count)
    end
    return {
        complete = traces.complete_count,
        failed = traces.failed_count,
        throughput = traces.throughput_per_s,
        makespan_p50 = percentile(sorted, 0.50),
        makespan_p90 = percentile(sorted, 0.90),
        makespan_p99 = percentile(sorted, 0.99),
        makespan_mean = sum / math.max(1, #sorted),
        queue = queue_ns / math.max(1, traces.complete_count + traces.failed_count + traces.open_count),
    }
end

return makespans
