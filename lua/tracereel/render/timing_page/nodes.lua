-- The table of nodes: a row for each, columns that can be sorted by their values.
local html = require "tracereel.render.html"
local svg = require "tracereel.render.svg"
local labels = require "tracereel.render.timing_page.labels"

local nodes = {}

-- What the system spends. Waiting, for a place in the queue or for a person, is told apart: it would dwarf the rest.
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

local function of_count(key)
    return function(node)
        return node[key], html.count(node[key])
    end
end

-- Values of one distribution; nothing where nothing was counted.
local function of_distribution(distribution_key, key)
    return function(node)
        local distribution = node[distribution_key]
        if distribution.count == 0 then
            return nil, "–"
        end
        return distribution[key], labels.duration(distribution[key], node.estimated)
    end
end

-- Sums of times that begin with an attempt's start are estimated where that was.
local function of_sum(key, begins_with_start)
    return function(node)
        return node[key], node[key] == 0 and "–" or labels.duration(node[key], begins_with_start and node.estimated)
    end
end

local function busy_cell(node, page)
    local sum = html.element("span", nil, html.escape(labels.duration(busy_ns(node), node.estimated)))
    return busy_ns(node), html.element("div", nil, busy_bar(node, page.max_ns), sum), true
end

-- Its value is in parts of a thousand million, so that shares sort as whole numbers as well.
local function critical_cell(node)
    local text = html.share(node.critical_share, 1)
    return math.floor(node.critical_share * 1e9 + 0.5), node.estimated and "~" .. text or text
end

local function worst_cell(node, page)
    local worst = node.worst
    if not worst then
        return nil, "–"
    end
    local label = html.element("code", { title = worst.trace_id }, html.escape(worst.trace_id:sub(1, 8)))
    if page.drawn_traces[worst.trace_id] then
        label = html.element("a", { href = "#trace-" .. worst.trace_id }, label)
    end
    return worst.run_ns, label, true
end

-- What a column shows: `cell(node, page)` gives the value to sort by (an integer, nil sorts last), the text, and
-- whether that is HTML already. `is_extra` columns are shown on demand.
local columns = {
    { title = "Node", class = "node", is_row_heading = true, cell = function(node)
        return node.id, labels.node_label(node.id, node.name), true
    end },
    { title = "Done", hint = "attempts that ended with node_done", cell = of_count("count") },
    { title = "Errors", hint = "attempts that ended with node_error", class = "errors",
        cell = of_count("error_count") },
    { title = "Retries", hint = "attempts after one of the same trace that failed", cell = of_count("retry_count") },
    { title = "Busy", hint = "runs and failed attempts together", class = "busy", cell = busy_cell },
    { title = "Queue", hint = "sum: ready but not started", cell = of_sum("queue_ns") },
    { title = "Suspended", hint = "sum: waiting for a person or a hook", cell = of_sum("suspended_ns") },
    { title = "p50", hint = "half of the runs took no longer", cell = of_distribution("run", "p50_ns") },
    { title = "p95", hint = "95 % of the runs took no longer", cell = of_distribution("run", "p95_ns") },
    { title = "p99", hint = "99 % of the runs took no longer", cell = of_distribution("run", "p99_ns") },
    { title = "max", hint = "the longest run, exact", cell = of_distribution("run", "max_ns") },
    { title = "Critical path", hint = "share of all makespans that this node decided", cell = critical_cell },
    { title = "Slowest run in", hint = "trace with the longest run; for tracereel show", cell = worst_cell },
    { title = "min", is_extra = true, hint = "the shortest run, exact", cell = of_distribution("run", "min_ns") },
    { title = "mean", is_extra = true, hint = "of the runs, exact", cell = of_distribution("run", "mean_ns") },
    { title = "p90", is_extra = true, hint = "90 % of the runs took no longer",
        cell = of_distribution("run", "p90_ns") },
    { title = "p99.9", is_extra = true, hint = "99.9 % of the runs took no longer",
        cell = of_distribution("run", "p999_ns") },
    { title = "Run", is_extra = true, hint = "sum of the runs", cell = of_sum("run_ns", true) },
    { title = "Failed", is_extra = true, hint = "sum of the attempts that failed", cell = of_sum("retry_ns", true) },
    { title = "Loop", is_extra = true, hint = "sum of iterations; contains the time of other nodes",
        cell = of_sum("loop_ns") },
    { title = "Slack p50", is_extra = true, hint = "how much later attempts off the path could have ended",
        cell = of_distribution("slack", "p50_ns") },
    { title = "Unfinished", is_extra = true, hint = "attempts that never ended or began before the log: in no sum",
        cell = of_count("unfinished_count") },
    { title = "Estimated", is_extra = true, hint = "attempts whose start was not written and was estimated",
        cell = of_count("estimated_count") },
}

-- Nothing for a column of plain numbers: a table can have very many cells.
local function class_of(column, is_zero)
    local names = { column.class }
    names[#names + 1] = column.is_extra and "extra" or nil
    names[#names + 1] = is_zero and "zero" or nil
    return #names > 0 and table.concat(names, " ")
end

local function heading_row()
    local cells = {}
    for _, column in ipairs(columns) do
        cells[#cells + 1] = html.element("th", {
            scope = "col",
            class = class_of(column),
            title = column.hint,
            ["aria-sort"] = column.title == "Busy" and "descending" or "none",
        }, html.escape(column.title))
    end
    return html.element("tr", nil, cells)
end

local function node_row(node, page)
    local cells = {}
    for _, column in ipairs(columns) do
        local value, text, is_html = column.cell(node, page)
        cells[#cells + 1] = html.element(column.is_row_heading and "th" or "td", {
            scope = column.is_row_heading and "row",
            class = class_of(column, (value or 0) == 0 and not column.is_row_heading),
            ["data-value"] = value and ("%d"):format(value),
        }, is_html and text or html.escape(text))
    end
    return html.element("tr", nil, cells)
end

---Nodes, the busiest first.
---@param list tracereel.timing_node[]
function nodes.busiest_first(list)
    local sorted = table.move(list, 1, #list, 1, {})
    table.sort(sorted, function(a, b)
        local busy_a, busy_b = busy_ns(a), busy_ns(b)
        if busy_a ~= busy_b then
            return busy_a > busy_b
        end
        return a.id < b.id
    end)
    return sorted
end

---The table, in a box of its own that scrolls.
---@param list tracereel.timing_node[]
---@param page { drawn_traces: table<string, boolean> }
---@param caption string
---@param id string|nil of the table, where something refers to it
function nodes.table(list, page, caption, id)
    local sorted = nodes.busiest_first(list)
    local context = {
        drawn_traces = page.drawn_traces,
        max_ns = math.max(1, sorted[1] and busy_ns(sorted[1]) or 1),
    }
    local rows = {}
    for index, node in ipairs(sorted) do
        rows[index] = node_row(node, context) .. "\n"
    end
    return html.element("div", { class = "scroller", tabindex = "0", role = "region", ["aria-label"] = caption },
        html.element("table", { class = "sortable compact", id = id or false },
            html.element("caption", { class = "for-readers" }, html.escape(caption)),
            html.element("thead", nil, heading_row()), "\n", html.element("tbody", nil, "\n", rows)))
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
---@param page { drawn_traces: table<string, boolean> }
function nodes.section(report, page)
    if #report.nodes == 0 then
        return labels.section("nodes", "Nodes", "No attempt of a node is in these traces.")
    end
    local note = ("Percentiles are of run time: attempts that were done, without what they were suspended. They are "
        .. "within %.2g %%; min, mean and max are exact."):format(100.0 * report.relative_error)
    local toggle = html.element("button", { type = "button", class = "toggle", ["aria-controls"] = "nodes-table",
        ["aria-pressed"] = "false" }, "All columns")
    return labels.section("nodes", "Nodes", note, legend(), "\n",
        nodes.table(report.nodes, page, "Nodes and their times", "nodes-table"), "\n", toggle)
end

return nodes
