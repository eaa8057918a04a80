-- The table of nodes: a row for each, columns that can be sorted by their values.
local html = require "tracereel.render.html"
local svg = require "tracereel.render.svg"
local labels = require "tracereel.render.page.labels"
local timing_columns = require "tracereel.timing.columns"
local trace_name = require "tracereel.render.trace_name"

local nodes = {}

-- What the system spends. Waiting, in a queue or for a person, is shown by itself: it would dwarf the rest.
local phases = {
    { key = "run_ns", class = "run", name = "run" },
    { key = "retry_ns", class = "retry", name = "failed attempts" },
}

local function busy_ns(node)
    return node.run_ns + node.retry_ns
end

-- Where a node's time went, as long as its share of the busiest node's.
local function busy_bar(node, max_ns)
    local parts, from_ns = {}, 0
    for _, phase in ipairs(phases) do
        local ns = node[phase.key]
        if ns > 0 then
            local title = ("%s %s (%s of this node's busy time)"):format(phase.name, html.duration(ns),
                html.share(ns, busy_ns(node)))
            parts[#parts + 1] = svg.bar(phase.class, from_ns / max_ns, (from_ns + ns) / max_ns, 0, 10, title)
            from_ns = from_ns + ns
        end
    end
    return svg.chart("busy-bar", 10, nil, parts)
end

local function busy_cell(node, page)
    local sum = html.element("span", nil, html.escape(labels.duration(busy_ns(node), node.estimated)))
    return busy_ns(node), html.element("div", nil, busy_bar(node, page.max_ns), sum), true
end

-- As much of a source's own id as there is room for.
local own_id_columns = 24

local function worst_cell(node, page)
    local worst = node.worst
    if not worst then
        return nil, "–"
    end
    local own_id = page.own_ids[worst.trace_id]
    local label = html.element("code", { title = worst.trace_id },
        html.escape(trace_name(worst.trace_id, own_id, own_id and own_id_columns or 8)))
    if page.drawn_traces[worst.trace_id] then
        label = html.element("a", { href = "#trace-" .. worst.trace_id }, label)
    end
    return worst.run_ns, label, true
end

-- What a column shows, by its kind: the value to sort by (an integer, nil sorts last), the text, and whether that is
-- HTML already. Each gets the column's value, the node, the page and the column.
local cells = {
    node = function(id, node)
        return id, labels.node_label(id, node.name), true
    end,
    count = function(count)
        return count, html.count(count)
    end,
    sum = function(ns, node, _, column)
        return ns, ns == 0 and "–" or labels.duration(ns, column.rests_on_starts and node.estimated)
    end,
    time = function(ns, node)
        return ns, ns and labels.duration(ns, node.estimated) or "–"
    end,
    -- Its value is in parts of a thousand million, so that shares sort as whole numbers as well.
    share = function(share, node)
        local text = html.share(share, 1)
        return math.floor(share * 1e9 + 0.5), node.estimated and "~" .. text or text
    end,
    busy = function(_, node, page)
        return busy_cell(node, page)
    end,
    trace = function(_, node, page)
        return worst_cell(node, page)
    end,
}

local columns = timing_columns.where(function(column)
    return column.page and not column.page.is_extra
end)
for _, column in ipairs(timing_columns.where(function(each)
    return each.page and each.page.is_extra
end)) do
    columns[#columns + 1] = column
end

-- Nothing for a column of plain numbers: a table can have very many cells.
local function class_of(column, is_zero)
    local names = { column.page.class }
    names[#names + 1] = column.page.is_extra and "extra" or nil
    names[#names + 1] = is_zero and "zero" or nil
    return #names > 0 and table.concat(names, " ")
end

local function heading_row()
    local row = {}
    for _, column in ipairs(columns) do
        row[#row + 1] = html.element("th", {
            scope = "col",
            class = class_of(column),
            title = column.hint,
            ["aria-sort"] = column.kind == "busy" and "descending" or "none",
        }, html.escape(column.page.title))
    end
    return html.element("tr", nil, row)
end

local function node_row(node, page)
    local row = {}
    for _, column in ipairs(columns) do
        local value, text, is_html = cells[column.kind](timing_columns.counted_value(column, node), node, page, column)
        local is_row_heading = column.kind == "node"
        row[#row + 1] = html.element(is_row_heading and "th" or "td", {
            scope = is_row_heading and "row",
            class = class_of(column, (value or 0) == 0 and not is_row_heading),
            ["data-value"] = value and ("%d"):format(value),
        }, is_html and text or html.escape(text))
    end
    return html.element("tr", { ["data-node"] = ("%d"):format(node.id) }, row)
end

---Nodes, the busiest first.
---@param list tracereel.timing_node[] of timing/node_list.lua
function nodes.busiest_first(list)
    return list:sorted(busy_ns)
end

---The table, in a box that scrolls.
---@param sorted tracereel.timing_node[] of nodes.busiest_first
---@param page { drawn_traces: table<string, boolean>, own_ids: table<string, string>, max_rows: integer|nil }
---@param caption string
---@param id string|nil of the table, where something refers to it
---@return string
function nodes.table(sorted, page, caption, id)
    local busiest = sorted[1]
    local context = {
        drawn_traces = page.drawn_traces,
        own_ids = page.own_ids,
        max_ns = math.max(1, busiest and busy_ns(busiest) or 1),
    }
    local rows = {}
    for index = 1, math.min(#sorted, page.max_rows) do
        rows[index] = node_row(sorted[index], context) .. "\n"
    end
    return html.element("div", { class = "scroller", tabindex = "0", role = "region", ["aria-label"] = caption },
        html.element("table", { class = "sortable compact", id = id or false },
            html.element("caption", { class = "for-readers" }, html.escape(caption)),
            html.element("thead", nil, heading_row()), "\n", html.element("tbody", nil, "\n", rows)))
end

-- What of the nodes is not on the page, and where it is.
local function left_out_note(sorted, page)
    local count = #sorted - page.max_rows
    return count > 0 and html.element("p", { class = "note left-out" }, ("Not in this table: %s no busier than these. "
        .. "--node names those that are to be here; --json and --csv have all."):format(html.counted(count, "node")))
        or ""
end

local function legend()
    local items = {}
    for _, phase in ipairs(phases) do
        items[#items + 1] = html.element("li", nil, html.element("span", { class = "swatch " .. phase.class }, ""),
            phase.name)
    end
    return html.element("ul", { class = "legend" }, items)
end

---@param report tracereel.timing_report
---@param page table of timing_page.lua
function nodes.section(report, page)
    if #report.nodes == 0 then
        return labels.section("nodes", "Nodes", "No attempt of a node is in these traces.")
    end
    local note = ("Percentiles are of run time: attempts that were done, without what they were suspended. They are "
        .. "within %.2g %%; min, mean and max are exact."):format(100.0 * report.relative_error)
    local toggle = html.element("button", { type = "button", class = "toggle", ["aria-controls"] = "nodes-table",
        ["aria-pressed"] = "false" }, "All columns")
    return labels.section("nodes", "Nodes", note, legend(), "\n",
        nodes.table(page.busiest, page, "Nodes and their times", "nodes-table"), "\n",
        left_out_note(page.busiest, page), toggle)
end

return nodes
