-- How many traces were open at a time.
local axis = require "tracereel.render.axis"
local html = require "tracereel.render.html"
local svg = require "tracereel.render.svg"
local labels = require "tracereel.render.page.labels"

local in_flight = {}

local top_y, plot_height = 18, 150

---The most traces that were open at a time, and when.
---@param report tracereel.timing_report
---@return tracereel.in_flight_point|nil
function in_flight.peak(report)
    local peak
    for _, point in ipairs(report.traces.in_flight.points) do
        if not peak or point.count > peak.count then
            peak = point
        end
    end
    return peak
end

local function count_labels(labelled, top)
    local parts = {}
    for _, count in ipairs(labelled) do
        local y = ("%.1f"):format(top_y + plot_height * (1 - count / top))
        parts[#parts + 1] = svg.line("grid", 0, y, 1, y)
        parts[#parts + 1] = html.element("text", { class = "strong", x = 0, y = y, dy = -3 }, html.count(count))
    end
    return table.concat(parts)
end

local function time_labels(scale)
    local bottom = top_y + plot_height
    local parts = {}
    for _, tick in ipairs(scale.ticks) do
        parts[#parts + 1] = svg.line("tick", tick.position, bottom, tick.position, bottom + 5)
    end
    return table.concat(parts) .. svg.labels(scale.ticks, bottom + 18, 840, 340)
end

-- What in_flight.js reads: when it begins, in ms of the clock, and for each point how long after it, in ns, and how
-- many.
---@param report tracereel.timing_report
---@return table|nil
function in_flight.data(report)
    local points = report.traces.in_flight.points
    if #points < 2 then
        return nil
    end
    local list, first_ns = {}, points[1].time_ns
    for index, point in ipairs(points) do
        list[index] = { point.time_ns - first_ns, point.count }
    end
    return { begin_ms = axis.unsigned_float(first_ns) / 1e6, points = list }
end

---@param report tracereel.timing_report
function in_flight.section(report)
    local points = report.traces.in_flight.points
    local peak = in_flight.peak(report)
    if not peak or #points < 2 then
        return ""
    end
    local first_ns, last_ns = points[1].time_ns, points[#points].time_ns
    local scale = axis.clock(first_ns, last_ns)
    local top, labelled = axis.counts(peak.count)
    local steps = {}
    for index, point in ipairs(points) do
        steps[index] = { scale.position(point.time_ns), point.count / top }
    end
    local label = ("Open traces from %s to %s: highest %s, at %s"):format(labels.time(first_ns), labels.time(last_ns),
        html.count(peak.count), labels.time(peak.time_ns))
    local note = ("Traces that had started and not ended, one point every %s. Times are UTC, from %s to %s."):format(
        labels.unbroken(html.duration(report.traces.in_flight.bucket_ns)), labels.unbroken(labels.time(first_ns)),
        labels.unbroken(labels.time(last_ns)))
    return labels.section("in-flight", "Traces in flight", note,
        svg.chart("in-flight", top_y + plot_height + 24, label,
            svg.stretched(top_y, plot_height, svg.stairs("in-flight", steps, 1.0)), count_labels(labelled, top),
            svg.line("axis", 0, top_y + plot_height, 1, top_y + plot_height), time_labels(scale)))
end

return in_flight
