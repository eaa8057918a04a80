-- The report's parts by hour or by outcome: the traces of each, and its nodes folded below.
local html = require "tracereel.render.html"
local nodes = require "tracereel.render.timing_page.nodes"
local labels = require "tracereel.render.timing_page.labels"

local groups = {}

-- Beyond these, the nodes of a group are left to --json: two days of hours.
local folded_limit = 48

local columns = {
    { "Complete", function(traces)
        return traces.complete_count
    end },
    { "Failed", function(traces)
        return traces.failed_count
    end },
    { "Open", function(traces)
        return traces.open_count
    end },
    { "Makespan p50", "p50_ns" }, { "p90", "p90_ns" }, { "p95", "p95_ns" }, { "p99", "p99_ns" }, { "max", "max_ns" },
}

local function cell(column, traces)
    local get = column[2]
    if type(get) == "function" then
        return get(traces), html.count(get(traces))
    elseif traces.makespan.count == 0 then
        return nil, "–"
    end
    return traces.makespan[get], html.duration(traces.makespan[get])
end

local function group_row(group, index)
    local cells = { html.element("th", { scope = "row", class = "node", ["data-value"] = index },
        html.escape(group.key)) }
    for _, column in ipairs(columns) do
        local value, text = cell(column, group.traces)
        cells[#cells + 1] = html.element("td", { ["data-value"] = value and ("%d"):format(value),
            class = value == 0 and "zero" }, html.escape(text))
    end
    return html.element("tr", nil, cells) .. "\n"
end

local function group_table(report, title)
    local headings = { html.element("th", { scope = "col", class = "node", ["aria-sort"] = "ascending" }, title) }
    for _, column in ipairs(columns) do
        headings[#headings + 1] = html.element("th", { scope = "col", ["aria-sort"] = "none" }, column[1])
    end
    local rows = {}
    for index, group in ipairs(report.groups) do
        rows[index] = group_row(group, index)
    end
    return html.element("div", { class = "scroller", tabindex = "0", role = "region", ["aria-label"] = title },
        html.element("table", { class = "sortable" }, html.element("thead", nil, html.element("tr", nil, headings)),
            html.element("tbody", nil, "\n", rows))) .. "\n"
end

---@param report tracereel.timing_report
---@param page { drawn_traces: table<string, boolean> }
function groups.section(report, page)
    if #report.groups == 0 then
        return ""
    end
    local parts = {}
    for index = 1, math.min(#report.groups, folded_limit) do
        local group = report.groups[index]
        if #group.nodes > 0 then
            parts[#parts + 1] = html.element("details", nil, html.element("summary", nil, "Nodes: ",
                html.escape(group.key)), "\n", (nodes.table(group.nodes, page, "Nodes: " .. group.key))) .. "\n"
        end
    end
    if #report.groups > folded_limit then
        parts[#parts + 1] = html.element("p", { class = "note" }, ("The nodes of %s more are in the report as JSON.")
            :format(html.counted(#report.groups - folded_limit, "group")))
    end
    local title = report.by == "hour" and "Hour" or "Outcome"
    return labels.section("groups", "By " .. title:lower(), nil, group_table(report, title), parts)
end

return groups
