-- A plan as an HTML page: what happens to whom, and the state of each trace before and after.
local decision = require "tracereel.script.decision"
local document = require "tracereel.render.page.document"
local html = require "tracereel.render.html"
local labels = require "tracereel.render.page.labels"
local node_names = require "tracereel.log.node_names"
local recovery_page = require "tracereel.render.recovery_page"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"

local plan_page = {}

-- A page stays below 2 MB: of more traces those that are changed come first.
local max_traces, max_open, max_columns = 500, 10, 2000

local function number_box(name, value, details)
    return html.element("div", nil, html.element("dt", nil, name),
        html.element("dd", { class = "value" }, html.escape(value)),
        html.element("dd", { class = "detail" }, html.escape(details))) .. "\n"
end

local function numbers(plan)
    local summary = plan.summary
    local left_out = summary.left_out or 0
    return html.element("dl", { class = "numbers three" }, "\n",
        number_box("Open traces", html.count(summary.traces + left_out), html.count(left_out) .. " left out"),
        number_box("Changed", html.count(summary.changed), "by " .. html.counted(summary.records, "record")),
        number_box("Held because the script failed", html.count(summary.held_for_errors), "")) .. "\n"
end

local function group_table(groups)
    local rows = {}
    for index, group in ipairs(groups) do
        rows[index] = html.element("tr", { ["data-entry"] = false },
            html.element("th", { scope = "row", class = "node", ["data-value"] = index }, html.escape(group.kind)),
            html.element("td", { class = "words" }, html.escape(node_names.cell(group.node))),
            html.element("td", { ["data-value"] = #group.traces }, html.count(#group.traces)),
            html.element("td", { ["data-value"] = group.records }, html.count(group.records))) .. "\n"
    end
    local function heading(title, class, sort)
        return html.element("th", { scope = "col", class = class, ["aria-sort"] = sort }, title)
    end
    return labels.section("decisions", "What happens", "Each trace is in the row of its decision and of the node at "
        .. "which it stands.", html.element("div", { class = "scroller", tabindex = "0", role = "region",
            ["aria-label"] = "Table of decisions" }, html.element("table", { class = "sortable" },
                html.element("thead", nil, html.element("tr", nil, heading("Decision", "node", "ascending"),
                    heading("At node", "words", false), heading("Traces", false, "none"),
                    heading("Records", false, "none"))),
                html.element("tbody", nil, "\n", rows))))
end

-- What a view says, a row for each thing; what differs is marked.
local function state_table(entry, id)
    local before, after = recovery_page.lines_of(entry.before), recovery_page.lines_of(entry.after)
    local done_before, done_after = recovery_page.done_lines(entry.before), recovery_page.done_lines(entry.after)
    local rows, names, sides = {}, {}, { {}, {} }
    for side, lines in ipairs { before, after } do
        for _, line in ipairs(lines) do
            names[#names + 1] = (sides[1][line[1]] or sides[2][line[1]]) == nil and line[1] or nil
            sides[side][line[1]] = line[2]
        end
    end
    local function add(name, old, new)
        local is_changed = old ~= new
        rows[#rows + 1] = html.element("tr", { class = is_changed and "changed" },
            html.element("th", { scope = "row", class = "node" }, html.escape(name)),
            html.element("td", { class = "words" }, is_changed and old and html.element("del", nil, html.escape(old))
                or html.escape(old or "–")),
            html.element("td", { class = "words" }, is_changed and new and html.element("ins", nil, html.escape(new))
                or html.escape(new or "–"))) .. "\n"
    end
    for _, name in ipairs(names) do
        add(name, sides[1][name], sides[2][name])
    end
    for node in tracereel.sorted(recovery_page.nodes_of(done_before, done_after)) do
        add("done", done_before[node], entry.after.open and done_after[node] or nil)
    end
    return html.element("div", { class = "scroller", tabindex = "0", role = "region",
        ["aria-label"] = "Before and after of " .. id }, html.element("table", { class = "states" },
        html.element("thead", nil, html.element("tr", nil, html.element("td", nil),
            html.element("th", { scope = "col", class = "words" }, "Before"),
            html.element("th", { scope = "col", class = "words" }, "After"))),
        html.element("tbody", nil, "\n", rows)))
end

local function paragraph(class, words)
    return html.element("p", { class = class }, html.escape(text.cut(text.clean(words), max_columns))) .. "\n"
end

local function trace_element(one, index)
    local entry = one.entry
    local parts = { paragraph("reason", entry.reason) }
    for _, note in ipairs(entry.notes) do
        parts[#parts + 1] = html.element("ul", { class = "notices" }, html.element("li", { class = "warning" },
            html.escape(text.cut(text.clean(note), max_columns))))
    end
    parts[#parts + 1] = entry.source == "error" and paragraph("problem", tostring(entry.error)) or nil
    if #one.records > 0 or one.decision.kind ~= "default" then
        parts[#parts + 1] = paragraph("note", "By itself the engine " .. one.engine.reason)
    end
    parts[#parts + 1] = state_table(entry, entry.trace_id)
    if #one.records > 0 then
        parts[#parts + 1] = paragraph("note", "Written: " .. recovery_page.record_words(one.records))
    end
    local change = #one.records > 0 and html.counted(#one.records, "record") or "no change"
    return html.element("details", { class = "trace", id = "trace-" .. entry.trace_id,
        open = index <= max_open and #one.records > 0,
        ["data-entry"] = true },
        html.element("summary", nil, html.element("b", nil,
            html.escape(decision.describe(one.decision, node_names.label))), " ",
            html.element("code", nil, html.escape(entry.trace_id)), " ",
            html.element("span", { class = "detail" }, entry.tainted and "tainted · " or "",
                html.escape(change))), "\n",
        parts) .. "\n"
end

-- Those that are changed first, otherwise in their order.
local function ordered(traces)
    local list = {}
    for _, wants_change in ipairs { true, false } do
        for _, one in ipairs(traces) do
            list[#list + 1] = (#one.records > 0) == wants_change and one or nil
        end
    end
    return list
end

local function trace_section(plan)
    local list, elements = ordered(plan.traces), {}
    for index = 1, math.min(#list, max_traces) do
        elements[index] = trace_element(list[index], index)
    end
    local left_out = #list > max_traces and html.element("p", { class = "note left-out" }, ("Not on this page: %s; "
        .. "`tracereel recover --json` has all."):format(html.counted(#list - max_traces, "more trace"))) or ""
    return labels.section("traces", "Trace by trace", "Those that are changed come first.", elements, left_out)
end

---Writes the page: the same bytes for the same plan.
---@param plan table from recovery.decide
---@param where { path: string, used: string[] } lines that say which arenas and which flow were used
---@param write fun(text: string)
function plan_page.write(plan, where, write)
    local lines = { html.element("code", nil, html.escape(where.path)) }
    for _, line in ipairs(where.used) do
        lines[#lines + 1] = html.escape(text.clean(line))
    end
    local title = plan.script == tracereel.null and "What the engine will do" or "Plan of recovery"
    local is_empty = #plan.traces == 0
    document.write({
        title = title, command = "recover", manual = "recovery.md", entries = "traces",
        header = html.element("header", nil, html.element("h1", nil, title), "\n",
            html.element("p", { class = "where" }, table.concat(lines, "<br>"))) .. "\n",
        body = {
            document.filter_box("id, node, decision or reason"), numbers(plan),
            is_empty and html.element("p", nil, "No open trace: there is nothing to recover.")
                or group_table(recovery_page.groups_of(plan.traces)),
            not is_empty and trace_section(plan) or "",
        },
    }, write)
end

return plan_page
