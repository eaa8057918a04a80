-- A timing report as text that fits the terminal: sections that answer one question each.
local baseline = require "tracereel.baseline"
local bars = require "tracereel.render.bars"
local output = require "tracereel.output"
local text = require "tracereel.render.text"
local units = require "tracereel.units"

local timing_table = {}

local node_columns = 16

local function duration(ns)
    return ns < 0 and ">292y" or units.duration(ns)
end

local function percent(share)
    if share == 0 then
        return "-"
    end
    local value = share * 100
    return value < 0.05 and "<0.1%" or value < 99.95 and ("%.1f%%"):format(value) or ("%.0f%%"):format(value)
end

local function count(number)
    return number == 0 and "-" or ("%d"):format(number)
end

-- "3 charge", with ~ where times of it rest on estimated starts.
local function node_label(node, columns)
    local label = ("%d"):format(node.id) .. (node.name and " " .. text.clean(node.name) or "")
    local mark = node.estimated and " ~" or ""
    return text.cut(label, columns - #mark) .. mark
end

-- Lines of columns: { heading, width, value(row) -> text, left = true | nil }.
local function write_columns(columns, rows)
    local function line(cell)
        local parts = {}
        for index, column in ipairs(columns) do
            local shown = cell(column)
            local pad = column.left and text.pad_right or text.pad_left
            parts[index] = pad(shown, math.max(column[2], text.width(shown)))
        end
        return (table.concat(parts, " "):gsub(" +$", ""))
    end
    output.line(output.paint("dim", line(function(column)
        return column[1]
    end)))
    for _, row in ipairs(rows) do
        output.line(line(function(column)
            return column[3](row)
        end))
    end
end

local function heading(title, note)
    output.line("")
    output.line(output.paint("bold", title) .. (note and output.paint("dim", "  " .. note) or ""))
end

local function filtered(nodes, test)
    local kept = {}
    for _, node in ipairs(nodes) do
        if test(node) then
            kept[#kept + 1] = node
        end
    end
    return kept
end

local node_column = {
    "NODE", node_columns, function(node)
        return node_label(node, node_columns)
    end, left = true,
}

local function time_column(title, name, field)
    return { title, 7, function(node)
        return node[name].count == 0 and "-" or duration(node[name][field])
    end }
end

-- ---- what each section shows ----

local function run_section(nodes, spare)
    nodes = filtered(nodes, function(node)
        return node.run.count > 0
    end)
    if #nodes == 0 then
        return
    end
    local low_ns, high_ns = math.maxinteger, 0
    for _, node in ipairs(nodes) do
        low_ns, high_ns = math.min(low_ns, node.run.min_ns), math.max(high_ns, node.run.max_ns)
    end
    local spark_columns = 10 + math.min(spare, 30)
    heading("Run time", ("of attempts that were done; right: %s to %s, logarithmic"):format(duration(low_ns),
        duration(high_ns)))
    write_columns({
        node_column,
        { "COUNT", 7, function(node)
            return count(node.count)
        end },
        time_column("MEAN", "run", "mean_ns"),
        time_column("P50", "run", "p50_ns"),
        time_column("P90", "run", "p90_ns"),
        time_column("P99", "run", "p99_ns"),
        time_column("MAX", "run", "max_ns"),
        { "", spark_columns, function(node)
            return bars.distribution(node.run, low_ns, high_ns, spark_columns)
        end, left = true },
    }, nodes)
end

local parts = {
    { share = "queue_share", sign = "░" },
    { share = "run_share", sign = "█" },
    { share = "suspended_share", sign = "▒" },
    { share = "retry_share", sign = "▞" },
}

-- The bar of the node that took most fills the column.
local function part_bar(node, largest_share, columns)
    local shares = {}
    for index, part in ipairs(parts) do
        shares[index] = { share = node[part.share] / largest_share, sign = part.sign }
    end
    local drawn = bars.stacked(shares, columns)
    return drawn == "" and bars.bar(0.001, columns) or drawn
end

local function share_column(title, name)
    return { title, 6, function(node)
        return percent(node[name])
    end }
end

local function total_share(node)
    return node.queue_share + node.run_share + node.suspended_share + node.retry_share
end

local function share_section(nodes, spare)
    nodes = filtered(nodes, function(node)
        return node.total_ns > 0
    end)
    if #nodes == 0 then
        return
    end
    local largest_share = 0
    for _, node in ipairs(nodes) do
        largest_share = math.max(largest_share, total_share(node))
    end
    local bar_columns = 18 + math.min(spare, 30)
    heading("Where the time went", "░ queue  █ run  ▒ suspended  ▞ retry, of all nodes' time")
    write_columns({
        node_column,
        { "TOTAL", 7, function(node)
            return duration(node.total_ns)
        end },
        { "SHARE", 6, function(node)
            return percent(total_share(node))
        end },
        { "", bar_columns, function(node)
            return part_bar(node, largest_share, bar_columns)
        end, left = true },
        share_column("QUEUE", "queue_share"),
        share_column("RUN", "run_share"),
        share_column("SUSP", "suspended_share"),
        share_column("RETRY", "retry_share"),
    }, nodes)
end

local function critical_section(nodes, spare)
    nodes = filtered(nodes, function(node)
        return node.critical_count > 0 or node.slack.count > 0
    end)
    if #nodes == 0 then
        return
    end
    local bar_columns = 12 + math.min(spare, 30)
    heading("Critical path", "the share of the traces' time that the node decided")
    write_columns({
        node_column,
        { "ON PATH", 7, function(node)
            return percent(node.critical_share)
        end },
        { "", bar_columns, function(node)
            return bars.bar(node.critical_share, bar_columns)
        end, left = true },
        { "TIMES", 7, function(node)
            return count(node.critical_count)
        end },
        time_column("SLACK50", "slack", "p50_ns"),
        { "WORST", 7, function(node)
            return node.worst and duration(node.worst.run_ns) or "-"
        end },
        { "IN TRACE", 13, function(node)
            return node.worst and node.worst.trace_id:sub(1, 13) or "-"
        end, left = true },
    }, nodes)
end

local function trouble_section(nodes)
    nodes = filtered(nodes, function(node)
        return node.error_count + node.retry_count + node.unfinished_count + node.clock_step_count + node.retry_ns > 0
    end)
    if #nodes == 0 then
        return
    end
    heading("Errors and retries")
    local function number_column(title, width, name)
        return { title, width, function(node)
            return count(node[name])
        end }
    end
    write_columns({
        node_column,
        number_column("ERRORS", 8, "error_count"),
        number_column("RETRIES", 8, "retry_count"),
        { "LOST TO RETRY", 13, function(node)
            return node.retry_ns > 0 and duration(node.retry_ns) or "-"
        end },
        number_column("UNFINISHED", 10, "unfinished_count"),
        number_column("CLOCK STEPS", 11, "clock_step_count"),
    }, nodes)
end

local function loop_section(nodes)
    nodes = filtered(nodes, function(node)
        return node.iteration.count > 0
    end)
    if #nodes == 0 then
        return
    end
    heading("Loops", "contain the time of other nodes; trend: 1st, 2nd, ... iteration")
    write_columns({
        node_column,
        { "ITERATIONS", 10, function(node)
            return count(node.iteration.count)
        end },
        time_column("MEAN", "iteration", "mean_ns"),
        time_column("P50", "iteration", "p50_ns"),
        time_column("P99", "iteration", "p99_ns"),
        { "TREND", 24, function(node)
            local values = {}
            for index, point in ipairs(node.trend) do
                values[index] = point.mean_ns
            end
            local first, last = node.trend[1], node.trend[#node.trend]
            if not first then
                return "-"
            end
            local ends = #values > 1 and duration(first.mean_ns) .. " to " .. duration(last.mean_ns)
                or duration(first.mean_ns)
            return bars.spark(values) .. " " .. ends
        end, left = true },
    }, nodes)
end

local function worst_section(report)
    if report.by ~= "trace" then
        return
    end
    heading("Longest traces", "`tracereel show ID LOG` shows one")
    write_columns({
        { "TRACE", 36, function(trace)
            return trace.trace_id
        end, left = true },
        { "STATUS", 8, function(trace)
            return trace.status
        end, left = true },
        { "MAKESPAN", 8, function(trace)
            return duration(trace.makespan_ns)
        end },
        { "SUSP", 7, function(trace)
            return trace.suspended_ns > 0 and duration(trace.suspended_ns) or "-"
        end },
        { "ON PATH", 7, function(trace)
            return trace.makespan_ns > 0 and percent(trace.critical_ns / trace.makespan_ns) or "-"
        end },
    }, report.worst_traces)
end

local function group_section(report)
    if #report.groups == 0 then
        return
    end
    local title = report.by == "hour" and "By the hour in which the traces started" or "By outcome"
    local largest = 0
    for _, group in ipairs(report.groups) do
        local traces = group.traces
        group.trace_count = traces.complete_count + traces.failed_count + traces.open_count
        largest = math.max(largest, group.trace_count)
    end
    heading(title)
    local function makespan_column(column_title, field)
        return { column_title, 7, function(group)
            return group.traces.makespan.count == 0 and "-" or duration(group.traces.makespan[field])
        end }
    end
    write_columns({
        { report.by:upper(), 20, function(group)
            return group.key
        end, left = true },
        { "TRACES", 8, function(group)
            return count(group.trace_count)
        end },
        { "", 8, function(group)
            return bars.bar(largest > 0 and group.trace_count / largest or 0, 8)
        end, left = true },
        { "FAILED", 6, function(group)
            return count(group.traces.failed_count)
        end },
        { "OPEN", 6, function(group)
            return count(group.traces.open_count)
        end },
        makespan_column("P50", "p50_ns"),
        makespan_column("P99", "p99_ns"),
        makespan_column("MAX", "max_ns"),
    }, report.groups)
    for _, group in ipairs(report.groups) do
        group.trace_count = nil
    end
end

-- At most this many columns of the curve of traces in flight.
local curve_columns = 60

local function in_flight_curve(points)
    local values = {}
    local columns = math.min(curve_columns, #points)
    for column = 1, columns do
        local first = (column - 1) * #points // columns + 1
        local last = column * #points // columns
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
    return ("p50 %s, p90 %s, p99 %s, max %s (mean %s)"):format(duration(distribution.p50_ns),
        duration(distribution.p90_ns), duration(distribution.p99_ns), duration(distribution.max_ns),
        duration(distribution.mean_ns))
end

local function trace_section(traces)
    heading("Traces")
    row("outcomes", counted {
        { traces.complete_count, "complete" },
        { traces.failed_count, "failed" },
        { traces.open_count, "open at the end" },
        { traces.tainted_count, "tainted by damage (left out)" },
    })
    if traces.from_snapshot_count > 0 then
        row("", ("of these %d began before the log: their makespan is not known"):format(traces.from_snapshot_count))
    end
    row("throughput", ("%.4g closed a second"):format(traces.throughput_per_s))
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
        row("", ("at most %d"):format(largest))
    end
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
    heading("Log")
    if log.records > 0 then
        row("period", ("%s to %s (%s)"):format(units.time(log.first_ns):sub(1, 23), units.time(log.last_ns):sub(1, 23),
            units.span(log.first_ns, log.last_ns)))
    end
    if log.since_ns or log.until_ns then
        local since = log.since_ns and " from " .. units.time(log.since_ns) or ""
        row("only", "traces that started" .. since
            .. (log.until_ns and (since ~= "" and "\n              until " or " before ") .. units.time(log.until_ns)
                or ""))
    end
    row("records", ("%d, %s"):format(log.records, damage_words(log)))
    row("durations", ("%d exact, %d estimated%s"):format(log.exact_count, log.estimated_count,
        log.estimated_count > 0 and " (~: the log has no node_start for them)" or ""))
    if log.clock_step_count > 0 then
        row("clock", ("stepped back in %s: counted as 0"):format(text.count(log.clock_step_count, "duration")))
    end
    row("precision", ("percentiles within %.1f %%; min, mean, max exact"):format(report.relative_error * 100))
end

local function id_list(ids)
    return table.concat(ids, ", ")
end

local function comparison_section(report)
    local comparison = report.comparison
    heading("Against the baseline", ("%d shifts tested; in %g %% of comparisons of equal logs any is shown"):format(
        comparison.tests, comparison.false_alarm_rate * 100))
    local shown = filtered(comparison.shifts, function(each)
        return each.significant
    end)
    for _, each in ipairs(shown) do
        local style = each.after > each.before and "red" or "green"
        output.line(("  %s  %s  %s"):format(text.pad_right(text.cut(text.clean(baseline.subject(each)), 22), 22),
            text.pad_right(each.metric, 6), output.paint(style, baseline.words(each))))
    end
    if #shown == 0 then
        output.line("  no shift that is more than chance")
    end
    for _, list in ipairs {
        { comparison.new_nodes, "new" }, { comparison.vanished_nodes, "vanished" },
        { comparison.not_compared, "not compared (starts written in one log, estimated in the other)" },
    } do
        if #list[1] > 0 then
            output.line(("  %s: node %s"):format(list[2], id_list(list[1])))
        end
    end
end

---Writes the report to standard output.
---@param report tracereel.timing_report
function timing_table.write(report)
    local spare = math.max(0, output.columns() - 80)
    local title = report.flow_name and report.flow_name ~= "" and text.clean(report.flow_name) .. ": " or ""
    output.line(output.paint("bold", title .. text.clean(table.concat(report.log.paths, ", "))))
    trace_section(report.traces)
    run_section(report.nodes, spare)
    share_section(report.nodes, spare)
    critical_section(report.nodes, spare)
    trouble_section(report.nodes)
    loop_section(report.nodes)
    group_section(report)
    worst_section(report)
    if report.comparison then
        comparison_section(report)
    end
    log_section(report)
end

return timing_table
