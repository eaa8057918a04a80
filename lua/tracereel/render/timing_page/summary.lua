-- The head of the page: which log, what must be known before its numbers are believed, and the numbers that come first.
local html = require "tracereel.render.html"
local in_flight = require "tracereel.render.timing_page.in_flight"
local svg = require "tracereel.render.svg"
local units = require "tracereel.util.units"
local labels = require "tracereel.render.page.labels"

local summary = {}

local function paths_text(paths)
    local parts = {}
    for index, path in ipairs(paths) do
        parts[index] = html.element("code", nil, html.escape(path))
    end
    return table.concat(parts, ", ")
end

---What the page calls itself: the pipeline, or else the log.
function summary.title(report)
    local subject = report.flow_name or report.log and report.log.paths[1]
    return "Timing" .. (subject and " of " .. subject or "")
end

function summary.header(report)
    local lines = {}
    local log = report.log
    if log then
        lines[#lines + 1] = ("%s, %s"):format(paths_text(log.paths), html.counted(log.records, "record"))
        if log.records > 0 then
            lines[#lines + 1] = ("%s to %s (<b>%s</b>)"):format(labels.unbroken(labels.time(log.first_ns)),
                labels.unbroken(labels.time(log.last_ns)), labels.unbroken(units.span(log.first_ns, log.last_ns)))
        end
        if log.since_ns or log.until_ns then
            lines[#lines + 1] = ("Only traces that started%s%s"):format(
                log.since_ns and " from " .. units.time(log.since_ns) or "",
                log.until_ns and " before " .. units.time(log.until_ns) or "")
        end
    end
    return html.element("header", nil, html.element("h1", nil, html.escape(summary.title(report))), "\n",
        html.element("p", { class = "where" }, table.concat(lines, "<br>"))) .. "\n"
end

local gap_labels = {
    corrupt = { "corrupt stretch", "corrupt stretches" },
    missing_segment = { "missing segment" },
    torn_tail = { "torn record at the end" },
    torn_write = { "torn record before a restart", "torn records before restarts" },
    zero_tail = { "tail of zeros" , "tails of zeros" },
}

local function gaps_text(gaps, classes)
    local parts = {}
    for _, class in ipairs(classes) do
        local count = gaps[class] or 0
        if count > 0 then
            parts[#parts + 1] = html.counted(count, gap_labels[class][1], gap_labels[class][2])
        end
    end
    return table.concat(parts, ", ")
end

-- Each says something that changes how the numbers are read: a function of the report that returns HTML or nil, and
-- its class.
local notices = {
    { "damage", function(report)
        if report.log and report.log.damaged then
            return ("<b>The log is damaged</b> (%s): records are lost, and numbers can be too low."):format(
                gaps_text(report.log.gaps, { "corrupt", "missing_segment" }))
        end
    end },
    { "damage", function(report)
        local count = report.traces.tainted_count
        if count > 0 then
            return ("<b>%s left out</b> of every number: open while records were lost."):format(
                html.counted(count, "trace"))
        end
    end },
    { "warning", function(report)
        local estimated, exact = summary.attempt_counts(report)
        local left_out = summary.left_out_count(report)
        if estimated > left_out then
            return ("<b>%s of %s durations are estimated</b> and marked with ~: no node_start was written, so the "
                .. "start is the latest earlier event of the trace that can have made the node ready."):format(
                html.count(estimated - left_out), html.count(estimated + exact))
        end
    end },
    { "warning", function(report)
        local count = summary.left_out_count(report)
        if count > 0 then
            return ("<b>%s left out</b> of all times: their starts would have to be estimated, and their nodes have "
                .. "exact ones."):format(html.counted(count, "attempt is", "attempts are"))
        end
    end },
    { "warning", function(report)
        local count = report.log and report.log.clock_step_count or report.traces.clock_step_count
        if count > 0 then
            return ("<b>%s</b>, as if the clock was set back: counted as 0 ns."):format(html.counted(count,
                "duration ends before it starts", "durations end before they start"))
        end
    end },
    { "plain", function(report)
        local count = report.traces.open_count
        if count > 0 then
            return ("%s open at the end of the log: no makespan is known, their finished attempts are counted.")
                :format(html.counted(count, "trace is", "traces are"))
        end
    end },
    { "plain", function(report)
        local count = report.traces.from_snapshot_count
        if count > 0 then
            return ("%s before the log does: no makespan is known."):format(
                html.counted(count, "trace began", "traces began"))
        end
    end },
    { "plain", function(report)
        local normal = report.log and gaps_text(report.log.gaps, { "torn_tail", "zero_tail", "torn_write" }) or ""
        if normal ~= "" then
            return ("The log has %s. Crashes leave that; nothing that was durable is lost."):format(normal)
        end
    end },
}

---How many finished attempts have an estimated start, and how many a written one.
---@return integer estimated
---@return integer exact
function summary.attempt_counts(report)
    local estimated, exact = 0, 0
    for _, node in ipairs(report.nodes) do
        estimated, exact = estimated + node.estimated_count, exact + node.exact_count
    end
    if report.log then
        return report.log.estimated_count, report.log.exact_count
    end
    return estimated, exact
end

---How many of the estimated ones are in no time.
---@return integer
function summary.left_out_count(report)
    if report.log then
        return report.log.left_out_count
    end
    local count = 0
    for _, node in ipairs(report.nodes) do
        count = count + node.left_out_count
    end
    return count
end

function summary.notices(report)
    local items = {}
    for _, notice in ipairs(notices) do
        local text = notice[2](report)
        if text then
            items[#items + 1] = html.element("li", { class = notice[1] }, text) .. "\n"
        end
    end
    return #items > 0 and html.element("ul", { class = "notices" }, "\n", items) .. "\n" or ""
end

local function outcome_bar(traces)
    local total = traces.complete_count + traces.failed_count + traces.open_count
    local parts, from = {}, 0
    for _, outcome in ipairs { "complete", "failed", "open" } do
        local count = traces[outcome .. "_count"]
        if count > 0 then
            parts[#parts + 1] = svg.bar(outcome, from / total, (from + count) / total, 3, 5, html.count(count) .. " "
                .. outcome)
            from = from + count
        end
    end
    return svg.chart("outcomes", 10, nil, parts)
end

local function number_box(name, value, details)
    return html.element("div", nil, html.element("dt", nil, name),
        html.element("dd", { class = "value" }, html.escape(value)),
        html.element("dd", { class = "detail" }, details)) .. "\n"
end

local function traces_box(report)
    local traces = report.traces
    local details = labels.listed(html.count(traces.complete_count) .. " complete",
        html.count(traces.failed_count) .. " failed", html.count(traces.open_count) .. " open")
    return number_box("Traces", html.count(traces.complete_count + traces.failed_count + traces.open_count),
        outcome_bar(traces) .. details)
end

local function makespan_box(report)
    local makespan = report.traces.makespan
    if makespan.count == 0 then
        return number_box("Makespan, p50", "–", "no trace has both its ends in the log")
    end
    return number_box("Makespan, p50", html.duration(makespan.p50_ns), labels.listed(
        "p90 " .. html.duration(makespan.p90_ns), "p99 " .. html.duration(makespan.p99_ns),
        "max " .. html.duration(makespan.max_ns)))
end

local function suspended_box(report)
    local waited, all = 0, report.traces.suspended
    for _, bucket in ipairs(all.buckets) do
        waited = waited + (bucket.upper_ns > 0 and bucket.count or 0)
    end
    if waited == 0 then
        return number_box("Suspended", "0 ns", "no finished trace was")
    end
    return number_box("Suspended, all traces", html.duration(all.sum_ns), labels.listed(
        html.count(waited) .. " of " .. html.counted(all.count, "trace"), "longest " .. html.duration(all.max_ns)))
end

local function durations_box(report)
    local estimated, exact = summary.attempt_counts(report)
    return number_box("Exact durations", html.share(exact, exact + estimated),
        labels.listed(html.count(exact) .. " exact", html.count(estimated) .. " estimated"))
end

function summary.numbers(report)
    local traces = report.traces
    local peak = in_flight.peak(report)
    local throughput = traces.first_ns == traces.last_ns and "–" or units.rate(traces.throughput_per_s)
    return html.element("dl", { class = "numbers" }, "\n", traces_box(report),
        number_box("Throughput", throughput, "finished traces, over "
            .. labels.unbroken(units.span(traces.first_ns, traces.last_ns))),
        makespan_box(report),
        number_box("In flight, highest", peak and html.count(peak.count) or "–", peak and "at "
            .. html.escape(units.time(peak.time_ns):match("T([%d:]+)") .. " UTC") or "no trace"),
        suspended_box(report), durations_box(report)) .. "\n"
end

return summary
