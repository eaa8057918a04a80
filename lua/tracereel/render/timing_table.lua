-- A timing report as text that fits the terminal: sections that answer one question each.
local bars = require "tracereel.render.bars"
local columns = require "tracereel.render.timing_table.columns"
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"
local trace_name = require "tracereel.render.trace_name"
local units = require "tracereel.util.units"
local write_comparison = require "tracereel.render.timing_table.comparison"
local write_groups = require "tracereel.render.timing_table.groups"
local write_nodes = require "tracereel.render.timing_table.nodes"

local timing_table = {}

local minute_ns = 60 * 1000000000

-- At most this many columns of the curve of traces in flight.
local curve_columns = 60

local function in_flight_curve(points)
    local values = {}
    local width = math.min(curve_columns, #points)
    for column = 1, width do
        local first = (column - 1) * #points // width + 1
        local last = column * #points // width
        local largest = 0
        for index = first, last do
            largest = math.max(largest, points[index].count)
        end
        values[column] = largest
    end
    return bars.spark(values)
end

local function counted(list)
    local words = {}
    for _, item in ipairs(list) do
        if item[1] > 0 then
            words[#words + 1] = ("%d %s"):format(item[1], item[2])
        end
    end
    return #words > 0 and table.concat(words, ", ") or "none"
end

local function row(label, value)
    output.line(("  %s  %s"):format(text.pad_right(label, 10), value))
end

local function quantiles(distribution)
    local duration = columns.duration
    return ("p50 %s, p90 %s, p99 %s, max %s (mean %s)"):format(duration(distribution.p50_ns),
        duration(distribution.p90_ns), duration(distribution.p99_ns), duration(distribution.max_ns),
        duration(distribution.mean_ns))
end

local function trace_section(traces, closed_by_plan_count)
    columns.heading("Traces")
    row("outcomes", counted {
        { traces.complete_count, "complete" },
        { traces.failed_count, "failed" },
        { traces.open_count, "open at the end" },
        { traces.tainted_count, "tainted (left out)" },
    })
    if traces.child_count then
        row("", ("of these others have started %d: their time is part of those"):format(traces.child_count))
    end
    if closed_by_plan_count > 0 then
        row("", ("of the open ones a plan has closed %d"):format(closed_by_plan_count))
    end
    local kinds = counted {
        { traces.continued_count, "continued in another trace" },
        { traces.cancelled_count, "cancelled" },
        { traces.timed_out_count, "timed out" },
        { traces.terminated_count, "terminated" },
    }
    if kinds ~= "none" then
        row("", "of these " .. kinds)
    end
    if traces.restarted_count > 0 then
        row("", ("of these %d started again: measured from their first start"):format(traces.restarted_count))
    end
    if traces.from_snapshot_count > 0 then
        row("", ("of these %d began before the log: their makespan is not known"):format(traces.from_snapshot_count))
    end
    row("throughput", traces.first_ns == traces.last_ns and traces.complete_count + traces.failed_count > 0
        and "not known: no time has passed" or units.rate(traces.throughput_per_s) .. " closed")
    if traces.makespan.count > 0 then
        row("makespan", quantiles(traces.makespan))
    end
    if traces.suspended.max_ns ~= 0 then
        row("suspended", quantiles(traces.suspended))
    end
    local largest = 0
    for _, point in ipairs(traces.in_flight.points) do
        largest = math.max(largest, point.count)
    end
    if largest > 0 then
        row("in flight", in_flight_curve(traces.in_flight.points))
        row("", ("highest %d, looked at every %s"):format(largest, columns.duration(traces.in_flight.bucket_ns)))
    end
end

local function worst_section(report)
    if report.by ~= "trace" then
        return
    end
    local own_ids = report.own_ids or {}
    columns.heading("Longest traces", "`tracereel show ID LOG` shows one")
    columns.write({
        { "TRACE", 36, function(trace)
            return trace_name(trace.trace_id, own_ids[trace.trace_id], 36)
        end, left = true },
        { "STATUS", 8, function(trace)
            return trace.status
        end, left = true },
        { "MAKESPAN", 8, function(trace)
            return columns.duration(trace.makespan_ns)
        end },
        { "SUSP", 7, function(trace)
            return trace.suspended_ns > 0 and columns.duration(trace.suspended_ns) or "-"
        end },
        { "ON PATH", 7, function(trace)
            return trace.makespan_ns > 0 and columns.percent(trace.critical_ns / trace.makespan_ns) or "-"
        end },
        { "QUEUE", 6, function(trace)
            return trace.makespan_ns > 0 and columns.percent(trace.queue_ns / trace.makespan_ns) or "-"
        end },
    }, report.worst_traces)
end

local function damage_words(log)
    local words = {}
    for class, number in units.sorted(log.gaps) do
        if number > 0 then
            words[#words + 1] = ("%d %s"):format(number, class)
        end
    end
    local gaps = #words > 0 and ", " .. table.concat(words, ", ") or ""
    return (log.damaged and "damaged" or "not damaged") .. gaps
end

local function log_section(report)
    local log = report.log
    columns.heading("Log")
    if log.records > 0 then
        -- Milliseconds say something about a period of seconds only.
        local digits = math.ult(log.last_ns - log.first_ns, minute_ns) and 23 or 19
        row("period", ("%s to %s (%s)"):format(units.time(log.first_ns):sub(1, digits),
            units.time(log.last_ns):sub(1, digits), units.span(log.first_ns, log.last_ns)))
    end
    if log.since_ns or log.until_ns then
        local since = log.since_ns and " from " .. units.time(log.since_ns) or ""
        row("only", "traces that started" .. since
            .. (log.until_ns and (since ~= "" and "\n              until " or " before ") .. units.time(log.until_ns)
                or ""))
    end
    row("records", ("%d, %s"):format(log.records, damage_words(log)))
    row("durations", ("%d exact, %d estimated%s"):format(log.exact_count, log.estimated_count,
        log.estimated_count > log.left_out_count and " (~: the log has no node_start for them)" or ""))
    if log.left_out_count > 0 then
        row("", ("%d of the estimated left out: their nodes have exact ones"):format(log.left_out_count))
    end
    if log.clock_step_count > 0 then
        row("clock", ("stepped back in %s: counted as 0"):format(text.count(log.clock_step_count, "duration")))
    end
    row("precision", ("percentiles within %.1f %%; min, mean, max exact"):format(report.relative_error * 100))
end

---Writes the report to standard output.
---@param report tracereel.timing_report
---@param asked_nodes integer[]|nil those that --node names
function timing_table.write(report, asked_nodes)
    local spare = math.max(0, output.columns() - 80)
    local title = report.flow_name and report.flow_name ~= "" and text.clean(report.flow_name) .. ": " or ""
    output.line(output.paint("bold", title .. text.clean(table.concat(report.log.paths, ", "))))
    trace_section(report.traces, report.log.closed_by_plan_count)
    write_nodes(report, spare)
    write_groups(report, spare, asked_nodes)
    worst_section(report)
    if report.comparison then
        write_comparison(report)
    end
    log_section(report)
end

return timing_table
