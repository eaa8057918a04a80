-- The result of a crash test as an HTML page: what was tried, and each check that does not hold with where it shows.
local document = require "tracereel.render.page.document"
local html = require "tracereel.render.html"
local labels = require "tracereel.render.page.labels"
local node_names = require "tracereel.log.node_names"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"

local findings_page = {}

-- A page stays below 2 MB.
local max_findings, max_columns = 500, 2000

local function number_box(name, value, details)
    return html.element("div", nil, html.element("dt", nil, name),
        html.element("dd", { class = "value" }, html.count(value)),
        html.element("dd", { class = "detail" }, html.escape(details))) .. "\n"
end

local function numbers(result)
    local points = result.crash_points
    local decisions = {}
    for kind, count in tracereel.sorted(result.decisions) do
        decisions[#decisions + 1] = ("%s %s"):format(kind, html.count(count))
    end
    return html.element("dl", { class = "numbers three" }, "\n",
        number_box("Crash points", points.after + points.inside + points.lost, ("%s after a record, %s inside one, %s "
            .. "with records lost"):format(html.count(points.after), html.count(points.inside),
            html.count(points.lost))),
        number_box("Decisions", result.asked, table.concat(decisions, ", ")),
        number_box("Tried combinations", result.distinct_decisions, html.count(result.converged) .. " converge; "
            .. html.counted(result.plans, "plan") .. " interrupted in " .. html.counted(result.disk_states, "state")
            .. " on disk")) .. "\n"
end

local untried_words = {
    tainted = "are of tainted traces", snapshot = "begin in a snapshot", other_traces = "take other traces' records",
    long_traces = "are in traces too long to try all of",
}

local function notices(result)
    local items = {}
    for kind, words in tracereel.sorted(untried_words) do
        local count = result.untried[kind]
        items[#items + 1] = count > 0 and html.element("li", { class = "warning" }, "<b>Untried:</b> ",
            html.escape(("%s of state and decision %s."):format(html.counted(count, "combination"), words)))
            .. "\n" or nil
    end
    return #items > 0 and html.element("ul", { class = "notices" }, "\n", items) .. "\n" or ""
end

local function words_cell(words)
    return html.element("td", { class = "words" }, html.escape(words))
end

local function finding_row(group, index)
    return html.element("tr", nil,
        html.element("th", { scope = "row", class = "node", ["data-value"] = index },
            html.element("a", { href = "#finding-" .. index }, html.escape(group.check))),
        html.element("td", { ["data-value"] = ("%d"):format(group.count) }, html.count(group.count)),
        words_cell(group.node and node_names.cell(group.node) or "–"), words_cell(group.record_type),
        words_cell(group.decision)) .. "\n"
end

local function place_row(name, example)
    return html.element("tr", nil, html.element("th", { scope = "row", class = "node" }, name),
        words_cell(("%s:%d"):format(example.segment, example.offset)),
        html.element("td", { class = "words" }, html.element("code", nil, html.escape(example.trace_id))),
        html.element("td", nil, html.count(example.record_count))) .. "\n"
end

local function finding_element(group, index)
    local id = "finding-" .. index
    local function heading(title, class)
        return html.element("th", { scope = "col", class = class }, title)
    end
    return html.element("details", { class = "trace", id = id, open = index <= 10, ["data-entry"] = true },
        html.element("summary", nil, html.element("b", nil, html.escape(group.check)), " ",
            html.element("span", { class = "detail" }, html.escape(("%s%s, after %s: %s"):format(
                html.counted(group.count, "crash point"), group.node and ", " .. node_names.node(group.node) or "",
                group.record_type, group.decision)))), "\n",
        html.element("p", { class = "problem" }, html.escape(text.cut(text.clean(group.first.reason), max_columns))),
        html.element("div", { class = "scroller", tabindex = "0", role = "region",
            ["aria-label"] = "Where finding " .. index .. " shows" }, html.element("table", nil,
            html.element("thead", nil, html.element("tr", nil, heading("Shows", "node"),
                heading("After the record at", "words"), heading("Trace", "words"), heading("Records of it", false))),
            html.element("tbody", nil, "\n", place_row("first", group.first), place_row("shortest", group.shortest))))
        ) .. "\n"
end

local function findings_section(result)
    local rows, elements = {}, {}
    for index = 1, math.min(#result.findings, max_findings) do
        rows[index] = finding_row(result.findings[index], index)
        elements[index] = finding_element(result.findings[index], index)
    end
    if #rows == 0 then
        return labels.section("findings", "No finding", "Every check holds at every crash point that was tried.")
    end
    local headings = {}
    for index, one in ipairs { { "Check that does not hold", "node", "ascending" }, { "Crash points", false, "none" },
        { "Node", "words", false }, { "After", "words", false }, { "Decision", "words", false } } do
        headings[index] = html.element("th", { scope = "col", class = one[2], ["aria-sort"] = one[3] }, one[1])
    end
    local left_out = #result.findings > max_findings and html.element("p", { class = "note left-out" },
        ("Not on this page: %s; `tracereel crashtest --json` has all."):format(
            html.counted(#result.findings - max_findings, "more finding"))) or ""
    return labels.section("findings", "Findings", "Those with the most crash points come first.",
        html.element("div",
            { class = "scroller", tabindex = "0", role = "region", ["aria-label"] = "Table of findings" },
            html.element("table", { class = "sortable" }, html.element("thead", nil, html.element("tr", nil, headings)),
                html.element("tbody", nil, "\n", rows))), elements, left_out)
end

---Writes the page: the same bytes for the same result.
---@param result table of crashtest.run
---@param where { script: string, path: string }
---@param write fun(text: string)
function findings_page.write(result, where, write)
    local title = "Crash test of " .. where.script
    document.write({
        title = title, command = "crashtest", manual = "crashtest.md", entries = "findings",
        header = html.element("header", nil, html.element("h1", nil, html.escape(title)), "\n",
            html.element("p", { class = "where" }, html.element("code", nil, html.escape(where.path)), ", ",
                html.counted(result.records, "record"))) .. "\n",
        body = { document.filter_box("check, node, record or decision"), notices(result), numbers(result),
            findings_section(result) },
    }, write)
end

return findings_page
