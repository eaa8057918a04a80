-- The timing report as one HTML file: it needs no network, opens from disk, reads without its script, and runs nothing
-- but that script.
local content_hash = require "tracereel.util.content_hash"
local html = require "tracereel.render.html"

local behaviour = require "tracereel.render.timing_page.behaviour"
local comparison = require "tracereel.render.timing_page.comparison"
local critical_path = require "tracereel.render.timing_page.critical_path"
local distributions = require "tracereel.render.timing_page.distributions"
local groups = require "tracereel.render.timing_page.groups"
local heat_map = require "tracereel.render.timing_page.heat_map"
local in_flight = require "tracereel.render.timing_page.in_flight"
local loops = require "tracereel.render.timing_page.loops"
local nodes = require "tracereel.render.timing_page.nodes"
local style = require "tracereel.render.timing_page.style"
local summary = require "tracereel.render.timing_page.summary"
local waterfall = require "tracereel.render.timing_page.waterfall"

local timing_page = {}

-- Nothing is fetched, and only this style and this script count: a name in the log that got past the escaping would
-- still not run.
local function policy()
    return ("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'"):format(
        content_hash.source(style), content_hash.source(behaviour))
end

local function head(report)
    return html.element("head", nil, "\n",
        html.element("meta", { charset = "utf-8" }), "\n",
        html.element("meta", { ["http-equiv"] = "Content-Security-Policy", content = policy() }), "\n",
        html.element("meta", { name = "viewport", content = "width=device-width, initial-scale=1" }), "\n",
        html.element("meta", { name = "generator", content = "tracereel" }), "\n",
        html.element("title", nil, html.escape(summary.title(report))), "\n",
        "<style>", style, "</style>\n")
end

local footer = html.element("footer", nil, "Written by ", html.element("code", nil, "tracereel timing"),
    ". Each number is defined in docs/timing.md.") .. "\n"

---Writes the page, the same bytes for the same report. The rows of the nodes, of which there can be very many, are
---written one by one.
---@param report tracereel.timing_report
---@param write fun(text: string)
---@param asked_nodes integer[]|nil those that --node names
function timing_page.write(report, write, asked_nodes)
    -- Nothing of a log gets into a page with a zero byte.
    local page = { drawn_traces = waterfall.drawn(report), own_ids = report.own_ids or {}, hole = "\0" }
    local text = table.concat {
        "<!DOCTYPE html>\n<html lang=\"en\">\n", head(report), "\n<body>\n",
        summary.header(report), "<main>\n", summary.notices(report), summary.numbers(report),
        comparison.section(report), nodes.section(report, page), critical_path.section(report),
        heat_map.section(report, asked_nodes), groups.section(report, page), distributions.section(report),
        loops.section(report), in_flight.section(report), waterfall.section(report),
        "</main>\n", footer, "<script>", behaviour, "</script>\n</body>\n</html>\n",
    }
    local hole = text:find(page.hole, 1, true)
    write(text:sub(1, (hole or 0) - 1))
    if hole then
        page.write_rows(write)
        write(text:sub(hole + 1))
    end
end

return timing_page
