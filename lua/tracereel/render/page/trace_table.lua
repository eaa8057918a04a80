-- The traces that a page has, as a table that leads to each of them.
local html = require "tracereel.render.html"
local labels = require "tracereel.render.page.labels"
local text = require "tracereel.util.text"

local trace_table = {}

-- As much of a message, or of metadata, as there is room for: all of it is in the trace's own part of the page.
local max_columns = 60

local columns = {
    { "Trace", "node" }, { "Status", "words" }, { "Makespan" }, { "Began" }, { "Attempts" }, { "Errors" },
    { "On this page for", "words" }, { "Last error", "words" }, { "Metadata", "words" },
}

local function words_cell(bytes)
    local clean = text.clean(bytes or "")
    local shown = text.cut(clean, max_columns)
    return html.element("td", { class = "words", title = shown ~= clean and text.cut(clean, 300) or false },
        html.escape(shown == "" and "–" or shown))
end

local function number_cell(value, words)
    if not value then
        return html.element("td", nil, "–")
    end
    return html.element("td", { ["data-value"] = ("%d"):format(value), class = value == 0 and "zero" },
        html.escape(words))
end

-- Of several nodes of which it is the worst, the first are named.
local function reasons_text(reasons)
    local shown = table.concat(reasons, ", ", 1, math.min(#reasons, 3))
    return #reasons > 3 and ("%s and %d more"):format(shown, #reasons - 3) or shown
end

local function row(view, index)
    return html.element("tr", { ["data-trace"] = index - 1 },
        html.element("th", { scope = "row", class = "node", ["data-value"] = index },
            html.element("a", { href = "#trace-" .. view.trace_id, title = view.trace_id },
                html.element("code", nil, html.escape(view.own_id and text.cut(text.clean(view.own_id), 24)
                    or view.trace_id:sub(1, 8) .. "…" .. view.trace_id:sub(-4))))),
        html.element("td", { class = "words" }, html.escape(view.status)),
        number_cell(view.makespan_ns, html.duration(view.makespan_ns)),
        number_cell(view.start_ns, labels.time(view.start_ns)),
        number_cell(#view.spans, html.count(#view.spans)),
        number_cell(view.error_count, view.error_count and html.count(view.error_count)),
        words_cell(reasons_text(view.reasons)), words_cell(view.error), words_cell(view.metadata)) .. "\n"
end

---@param views tracereel.trace_view[]
---@param note string
function trace_table.section(views, note)
    if #views == 0 then
        return ""
    end
    local headings, rows = {}, {}
    for index, column in ipairs(columns) do
        headings[index] = html.element("th", { scope = "col", class = column[2],
            ["aria-sort"] = column[2] ~= "words" and (index == 1 and "ascending" or "none") }, html.escape(column[1]))
    end
    for index, view in ipairs(views) do
        rows[index] = row(view, index)
    end
    local caption = "The traces on this page"
    return labels.section("traces", caption, html.escape(note),
        html.element("div", { class = "scroller", tabindex = "0", role = "region", ["aria-label"] = "Table of traces" },
            html.element("table", { class = "sortable", id = "traces-table" },
                html.element("thead", nil, html.element("tr", nil, headings)),
                html.element("tbody", nil, "\n", rows))))
end

return trace_table
