-- The recorded and the simulated log side by side, by the definitions of docs/timing.md.
local estimates = require "tracereel.simulation.estimates"
local format = require "tracereel.simulation.format"
local grouping = require "tracereel.timing.grouping"
local timing = require "tracereel.timing.gather"
local base = require "tracereel.base"
local units = require "tracereel.util.units"

local report = {}

local duration, magnitude = units.rounded_duration, units.magnitude

local function as_share(value)
    return ("%.1f %%"):format(value * 100)
end

-- Of the traces: name, how it is shown, and its path in a timing report's `traces`.
local trace_measures = {
    { "complete", format.count, function(t) return t.complete_count end },
    { "failed", format.count, function(t) return t.failed_count end },
    { "open", format.count, function(t) return t.open_count end },
    { "throughput", units.rate, function(t) return t.throughput_per_s end },
    { "makespan_p50", duration, function(t) return magnitude(t.makespan.p50_ns) end },
    { "makespan_p90", duration, function(t) return magnitude(t.makespan.p90_ns) end },
    { "makespan_p99", duration, function(t) return magnitude(t.makespan.p99_ns) end },
    { "makespan_mean", duration, function(t) return magnitude(t.makespan.mean_ns) end },
    { "suspended_mean", duration, function(t) return magnitude(t.suspended.mean_ns) end },
}

-- Of each node.
local node_measures = {
    { "done", format.count, function(n) return n.count end },
    { "errors", format.count, function(n) return n.error_count end },
    { "error_share", as_share, function(n)
        return n.error_count == 0 and 0.0 or n.error_count / (n.count + n.error_count)
    end },
    { "run_p50", duration, function(n) return magnitude(n.run.p50_ns) end },
    { "run_p99", duration, function(n) return magnitude(n.run.p99_ns) end },
    { "queue_mean", duration, function(n) return magnitude(n.queue.mean_ns) end },
    { "queue_p99", duration, function(n) return magnitude(n.queue.p99_ns) end },
    { "critical", as_share, function(n) return n.critical_share end },
}

---The measures of a log: { name, value, show } in a fixed order; nodes in the order of their ids.
---@param path string
---@param flow tracereel.flow|nil which nodes follow which, as the scenario says it
---@return table[]
function report.measure(path, flow)
    local gatherer = timing.gatherer { grouping = grouping.parse "node", group_limit = 0, worst_count = 0, flow = flow }
    gatherer:read(base.open(path, { measured = true }), path)
    local measured = gatherer:report()
    local measures = {}
    for _, measure in ipairs(trace_measures) do
        measures[#measures + 1] = { name = measure[1], show = measure[2], value = measure[3](measured.traces) }
    end
    for _, node in ipairs(measured.nodes) do
        for _, measure in ipairs(node_measures) do
            measures[#measures + 1] = {
                name = ("node.%d.%s"):format(node.id, measure[1]), show = measure[2], value = measure[3](node),
            }
        end
    end
    return measures
end

---One row for each measure of either log: { name, show, recorded, values, mean, half_width }.
---@param recorded table[] of report.measure
---@param runs table[][] one for each run
---@return table[]
function report.rows(recorded, runs)
    local rows, row_of = {}, {}
    local function row_for(measure)
        local row = row_of[measure.name]
        if not row then
            row = { name = measure.name, show = measure.show, recorded = 0, values = {} }
            rows[#rows + 1], row_of[measure.name] = row, row
        end
        return row
    end
    for _, measure in ipairs(recorded) do
        row_for(measure).recorded = measure.value
    end
    for run, measures in ipairs(runs) do
        for _, measure in ipairs(measures) do
            row_for(measure).values[run] = measure.value
        end
    end
    for _, row in ipairs(rows) do
        for run = 1, #runs do
            row.values[run] = row.values[run] or 0
        end
        row.mean, row.half_width = estimates.mean(row.values)
    end
    return rows
end

---The comparison as a table of objects by measure, for JSON: times in nanoseconds, shares from 0 to 1.
function report.object(recorded, runs)
    local object = {}
    for _, row in ipairs(report.rows(recorded, runs)) do
        object[row.name] = { recorded = row.recorded, simulated = row.mean, half_width = row.half_width }
    end
    return object
end

return report
