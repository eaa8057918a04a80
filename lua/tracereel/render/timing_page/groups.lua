-- The report's parts by windows of time, values or outcomes: the traces of each, and its nodes folded below.
local group_name = require "tracereel.render.group_name"
local html = require "tracereel.render.html"
local nodes = require "tracereel.render.timing_page.nodes"
local labels = require "tracereel.render.page.labels"

local groups = {}

-- Beyond these, groups are left to --json and --csv; beyond those, the nodes of a group: two days of hours.
local row_limit, folded_limit = 1000, 48

local function of_traces(field)
    return function(group)
        return group.traces[field]
    end
end

local function of_sums(field)
    return function(group)
        return group.sums[field]
    end
end

local columns = {
    { "Complete", of_traces "complete_count" }, { "Failed", of_traces "failed_count" },
    { "Open", of_traces "open_count" },
    { "Makespan p50", "p50_ns" }, { "p90", "p90_ns" }, { "p95", "p95_ns" }, { "p99", "p99_ns" }, { "max", "max_ns" },
    { "mean", "mean_ns" }, { "Runs", of_sums "count" }, { "Errors", of_sums "error_count" },
    { "Retries", of_sums "retry_count" },
}

local function cell(column, group)
    local get, makespan = column[2], group.traces.makespan
    if type(get) == "function" then
        return get(group), html.count(get(group))
    elseif makespan.count == 0 then
        return nil, "–"
    end
    return makespan[get], html.duration(makespan[get])
end

local function group_row(group, index, report)
    local key = html.escape(group_name(group, report.grouping))
    local cells = { html.element("th", { scope = "row", class = "node", ["data-value"] = index },
        group.first_ns and key or html.element("span", { class = "node-name", title = group.key }, key)) }
    for _, column in ipairs(columns) do
        local value, text = cell(column, group)
        cells[#cells + 1] = html.element("td", { ["data-value"] = value and ("%d"):format(value),
            class = value == 0 and "zero" }, html.escape(text))
    end
    return html.element("tr", nil, cells) .. "\n"
end

local function group_table(report, title)
    local headings = { html.element("th", { scope = "col", class = "node", ["aria-sort"] = "ascending" },
        html.escape(title)) }
    for _, column in ipairs(columns) do
        headings[#headings + 1] = html.element("th", { scope = "col", ["aria-sort"] = "none" }, column[1])
    end
    local rows = {}
    for index = 1, math.min(#report.groups, row_limit) do
        rows[index] = group_row(report.groups[index], index, report)
    end
    return html.element("div", { class = "scroller", tabindex = "0", role = "region", ["aria-label"] = title },
        html.element("table", { class = "sortable" }, html.element("thead", nil, html.element("tr", nil, headings)),
            html.element("tbody", nil, "\n", rows))) .. "\n"
end

local titles = { outcome = "Outcome", window = "Window" }

local function title_of(report)
    return report.by == "hour" and "Hour" or titles[report.grouping.kind] or report.grouping.path
end

-- What a group is, and what is not among them.
local function note_of(report)
    local by, parts = report.grouping, {}
    if by.kind == "window" then
        parts[1] = ("Windows of %s in which the traces started, in UTC."):format(
            html.escape(report.by == "hour" and "1h" or report.by))
    elseif by.kind == "value" then
        parts[1] = ("%s of %s in the metadata of the traces."):format(html.counted(by.value_count, "value"),
            html.element("code", nil, html.escape(by.path)))
    end
    local first, second = report.groups[1], report.groups[2]
    if by.left_out_count and by.left_out_count > 0 then
        parts[#parts + 1] = ("(others) are the %s with fewer traces than these."):format(
            html.counted(by.left_out_count, "value"))
    elseif by.kind == "window" and (first.special == "others" or second and second.special == "others") then
        parts[#parts + 1] = ("Earlier than the latest %s are all others."):format(html.count(by.limit))
    end
    if #report.groups > row_limit then
        parts[#parts + 1] = ("%s more are in the report as JSON and CSV."):format(
            html.counted(#report.groups - row_limit, "group"))
    end
    return #parts > 0 and table.concat(parts, " ") or nil
end

---@param report tracereel.timing_report
---@param page table of timing_page.lua
function groups.section(report, page)
    if #report.groups == 0 then
        return ""
    end
    local parts = {}
    for index = 1, math.min(#report.groups, folded_limit) do
        local group = report.groups[index]
        if #group.nodes > 0 then
            parts[#parts + 1] = html.element("details", nil, html.element("summary", nil, "Nodes: ",
                html.escape(group_name(group, report.grouping))), "\n",
                nodes.table(nodes.busiest_first(group.nodes), page,
                    "Nodes: " .. group_name(group, report.grouping))) .. "\n"
        end
    end
    if #report.groups > folded_limit then
        parts[#parts + 1] = html.element("p", { class = "note" }, ("The nodes of %s more are in the report as JSON.")
            :format(html.counted(#report.groups - folded_limit, "group")))
    end
    local title = title_of(report)
    return labels.section("groups", "By " .. (report.grouping.path or title:lower()), note_of(report),
        group_table(report, title), parts)
end

return groups
