-- The timing report as one HTML page.
local chosen_traces = require "tracereel.render.page.chosen_traces"
local document = require "tracereel.render.page.document"
local trace_data = require "tracereel.render.page.trace_data"
local trace_table = require "tracereel.render.page.trace_table"
local waterfall = require "tracereel.render.page.waterfall"

local comparison = require "tracereel.render.timing_page.comparison"
local critical_path = require "tracereel.render.timing_page.critical_path"
local distributions = require "tracereel.render.timing_page.distributions"
local groups = require "tracereel.render.timing_page.groups"
local heat_map = require "tracereel.render.timing_page.heat_map"
local in_flight = require "tracereel.render.timing_page.in_flight"
local loops = require "tracereel.render.timing_page.loops"
local nodes = require "tracereel.render.timing_page.nodes"
local summary = require "tracereel.render.timing_page.summary"

local timing_page = {}

-- A page stays readable, and below 2 MB: of more nodes the table has the busiest, unless --top asks for so many; all
-- traces together have so many attempts.
local max_rows, max_spans = 500, 15000
-- So many of the traces are drawn without a script, and these are open at first.
local drawn_count, open_count = 10, 3

---@class tracereel.timing_page_wanted
---@field nodes integer[]|nil those that --node names
---@field top integer|nil how many nodes --top asks for
---@field before tracereel.timing_report|nil of the baseline
---@field logs table|nil of chosen_traces.of: where to find traces

local function first_time(report, views)
    local points = report.traces.in_flight.points
    return points[1] and points[1].time_ns or views[1] and views[1].start_ns or 0
end

local function is_drawn(views)
    local drawn = {}
    for _, view in ipairs(views) do
        drawn[view.trace_id] = true
    end
    return drawn
end

---Writes the page, the same bytes for the same report.
---@param report tracereel.timing_report
---@param write fun(text: string)
---@param wanted tracereel.timing_page_wanted
function timing_page.write(report, write, wanted)
    local busiest = nodes.busiest_first(report.nodes)
    local views, words = chosen_traces.of(report, busiest, wanted.logs)
    local page = {
        drawn_traces = is_drawn(views), own_ids = report.own_ids or {}, busiest = busiest,
        max_rows = wanted.top or wanted.nodes and #wanted.nodes or max_rows,
    }
    local first_ns = first_time(report, views)
    local data = trace_data.of(views, first_ns, max_spans)
    data.in_flight = in_flight.data(report)
    document.write({
        title = summary.title(report), header = summary.header(report), command = "timing", manual = "timing.md",
        scripts = { "heat_map.js", "time_view.js", "in_flight.js", "trace_details.js", "waterfall.js" }, data = data,
        body = {
            document.filter_box("id, node, error or metadata"),
            summary.notices(report), summary.numbers(report), comparison.section(report, wanted.before),
            nodes.section(report, page),
            critical_path.section(report), heat_map.section(report, wanted.nodes), groups.section(report, page),
            distributions.section(report, page), loops.section(report), in_flight.section(report),
            trace_table.section(views, words),
            waterfall.section(views, { title = #views == 1 and "The trace" or "Traces in time",
                drawn_count = drawn_count, open_count = open_count, note = "From each trace's start." }),
        },
    }, write)
end

return timing_page
