-- The timing report as one HTML page.
local document = require "tracereel.render.page.document"

local comparison = require "tracereel.render.timing_page.comparison"
local critical_path = require "tracereel.render.timing_page.critical_path"
local distributions = require "tracereel.render.timing_page.distributions"
local groups = require "tracereel.render.timing_page.groups"
local heat_map = require "tracereel.render.timing_page.heat_map"
local in_flight = require "tracereel.render.timing_page.in_flight"
local loops = require "tracereel.render.timing_page.loops"
local nodes = require "tracereel.render.timing_page.nodes"
local summary = require "tracereel.render.timing_page.summary"
local waterfall = require "tracereel.render.timing_page.waterfall"

local timing_page = {}

-- A page stays readable, and below 2 MB: of more nodes the table has the busiest, unless --top asks for so many.
local max_rows = 500

---@class tracereel.timing_page_wanted
---@field nodes integer[]|nil those that --node names
---@field top integer|nil how many nodes --top asks for

---Writes the page, the same bytes for the same report.
---@param report tracereel.timing_report
---@param write fun(text: string)
---@param wanted tracereel.timing_page_wanted
function timing_page.write(report, write, wanted)
    local page = {
        drawn_traces = waterfall.drawn(report), own_ids = report.own_ids or {},
        busiest = nodes.busiest_first(report.nodes),
        max_rows = wanted.top or wanted.nodes and #wanted.nodes or max_rows,
    }
    document.write({
        title = summary.title(report), header = summary.header(report), command = "timing", manual = "timing.md",
        scripts = { "heat_map.js" },
        body = {
            summary.notices(report), summary.numbers(report), comparison.section(report), nodes.section(report, page),
            critical_path.section(report), heat_map.section(report, wanted.nodes), groups.section(report, page),
            distributions.section(report, page), loops.section(report), in_flight.section(report),
            waterfall.section(report),
        },
    }, write)
end

return timing_page
