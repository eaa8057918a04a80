-- The recorded and the simulated log side by side, by the definitions of docs/timing.md.
local all_traces = require "tracereel.timing.all_traces"
local estimates = require "tracereel.simulation.estimates"
local format = require "tracereel.simulation.format"
local intervals = require "tracereel.simulation.intervals"
local progress = require "tracereel.cli.progress"
local tables = require "tracereel.util.tables"
local timing_report = require "tracereel.timing.report"
local units = require "tracereel.util.units"

local report = {}

local duration, magnitude = units.rounded_duration, units.magnitude

local function as_share(value)
    return ("%.1f %%"):format(value * 100)
end

local function all(t)
    return t.complete_count + t.failed_count + t.open_count
end

local function closed(t)
    return t.complete_count + t.failed_count
end

local function attempts(n)
    return n.count + n.error_count
end

local function done(n)
    return n.count
end

-- Of the traces: name, how it is shown, its value in a timing report's `traces`, its kind (intervals.of), and of how
-- many values it is one.
local trace_measures = {
    { "complete", format.count, function(t) return t.complete_count end, "count", all },
    { "failed", format.count, function(t) return t.failed_count end, "count", all },
    { "open", format.count, function(t) return t.open_count end, "count", all },
    { "throughput", units.rate, function(t) return t.throughput_per_s end, "mean", closed },
    { "makespan_p50", duration, function(t) return magnitude(t.makespan.p50_ns) end, 0.50, closed },
    { "makespan_p90", duration, function(t) return magnitude(t.makespan.p90_ns) end, 0.90, closed },
    { "makespan_p99", duration, function(t) return magnitude(t.makespan.p99_ns) end, 0.99, closed },
    { "makespan_mean", duration, function(t) return magnitude(t.makespan.mean_ns) end, "mean", closed },
    { "suspended_mean", duration, function(t) return magnitude(t.suspended.mean_ns) end, "mean", closed },
}

-- Of each node.
local node_measures = {
    { "done", format.count, function(n) return n.count end, "count", attempts },
    { "errors", format.count, function(n) return n.error_count end, "count", attempts },
    { "error_share", as_share, function(n)
        return n.error_count == 0 and 0.0 or n.error_count / (n.count + n.error_count)
    end, "share", attempts },
    { "run_p50", duration, function(n) return magnitude(n.run.p50_ns) end, 0.50, done },
    { "run_p99", duration, function(n) return magnitude(n.run.p99_ns) end, 0.99, done },
    { "queue_mean", duration, function(n) return magnitude(n.queue.mean_ns) end, "mean", done },
    { "queue_p99", duration, function(n) return magnitude(n.queue.p99_ns) end, 0.99, done },
    { "critical", as_share, function(n) return n.critical_share end, "mean", done },
}

local function measured_of(name, measure, counts)
    local value, kind, count = measure[3](counts), measure[4], measure[5](counts)
    local share = kind == "share" and value or kind == "count" and value / math.max(count, 1) or nil
    return { name = name, value = value, kind = kind, count = count, share = share }
end

---A timing for the traces of one log.
---@param flow tracereel.flow|nil which nodes follow which, as the scenario says it
---@return tracereel.timing|nil
---@return string|nil problem with the flow
function report.timing(flow)
    return timing_report.new(flow, 0)
end

---The measures of a log: { name, value, kind, count, share } in a fixed order, plain; nodes in the order of their ids.
---@param timing tracereel.timing of all its traces
---@return table[]
function report.measures(timing)
    local measured, measures = timing:report(), {}
    for _, measure in ipairs(trace_measures) do
        measures[#measures + 1] = measured_of(measure[1], measure, measured.traces)
    end
    for _, node in ipairs(measured.nodes) do
        for _, measure in ipairs(node_measures) do
            measures[#measures + 1] = measured_of(("node.%d.%s"):format(node.id, measure[1]), measure, node)
        end
    end
    return measures
end

---The measures of a log that is read for them.
---@param path string
---@param flow tracereel.flow|nil
---@return table[]
function report.measure(path, flow)
    local timing = assert(report.timing(flow))
    all_traces.add(timing, path)
    return report.measures(timing)
end

---Simulates once, and measures the new log.
---@param scenario table of simulation.load, checked
---@param recording userdata of simulation.record
---@param directory string for the new log
---@param seed integer
---@param is_temporary boolean|nil the new log need not be there after a crash of the machine
---@return table[] measures
---@return table stats what happened
function report.simulate(scenario, recording, directory, seed, is_temporary)
    local timing = assert(report.timing(scenario:flow()))
    local stats, is_measured = scenario:run(recording, directory, seed, nil, is_temporary, timing)
    if not is_measured then
        progress.show("measuring what was simulated")
        return report.measure(directory, scenario:flow()), stats
    end
    return report.measures(timing), stats
end

-- How each measure is shown, by its name without the node.
local show_of = {}
for _, list in ipairs { trace_measures, node_measures } do
    for _, measure in ipairs(list) do
        show_of[measure[1]] = measure[2]
    end
end

local function empty_row(measure)
    return { name = measure.name, show = show_of[measure.name:match("[^.]+$")], kind = measure.kind,
        recorded = 0, count = 0, values = {}, resampled = {}, shares = {} }
end

-- Adds each log's measures to the rows' list of that name, 0 where a log has none.
local function add_values(row_for, rows, logs, name)
    for number, measures in ipairs(logs) do
        for _, measure in ipairs(measures) do
            local row = row_for(measure)
            row[name][number] = measure.value
            row.shares[#row.shares + 1] = measure.share
        end
    end
    for _, row in ipairs(rows) do
        for number = 1, #logs do
            row[name][number] = row[name][number] or 0
        end
    end
end

---One row for each measure of either log: { name, show, recorded, values, mean, simulation_error, prediction }.
---@param recorded table[] of report.measure
---@param runs table[][] one for each run
---@param resampled table[][] one for each round of `plan`
---@param plan tracereel.interval_plan
---@return table[]
function report.rows(recorded, runs, resampled, plan)
    local rows, row_of = {}, {}
    local function row_for(measure)
        local row = row_of[measure.name]
        if not row then
            row = empty_row(measure)
            rows[#rows + 1], row_of[measure.name] = row, row
        end
        return row
    end
    for _, measure in ipairs(recorded) do
        local row = row_for(measure)
        row.recorded, row.count = measure.value, measure.count
    end
    add_values(row_for, rows, runs, "values")
    add_values(row_for, rows, resampled, "resampled")
    for _, row in ipairs(rows) do
        row.mean, row.simulation_error = estimates.mean(row.values)
        row.share = #row.shares > 0 and estimates.mean(row.shares) or nil
        row.prediction = intervals.of(plan, row, row.mean, row.resampled)
    end
    return rows
end

---The comparison as a table of objects by measure, for JSON: times in nanoseconds, shares from 0 to 1.
---@param rows table[] of report.rows
function report.object(rows)
    local object = {}
    for _, row in ipairs(rows) do
        object[row.name] = tables.joined({ recorded = row.recorded }, intervals.measure_object(row.mean,
            #row.values > 1 and row.simulation_error or nil, row.prediction))
    end
    return object
end

return report
