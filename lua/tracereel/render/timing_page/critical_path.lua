-- What decided how long traces took: where their critical paths ran, and what they waited for; all of it, so that the
-- shares add up.
local html = require "tracereel.render.html"
local svg = require "tracereel.render.svg"
local labels = require "tracereel.render.page.labels"
local path_parts = require "tracereel.timing.path_parts"

local critical_path = {}

local bar_height = 12
-- A page stays readable: beyond these, the nodes with the smallest shares are one row.
local node_limit = 30

local class_of_part = { queue = "queue", person = "suspended", timer = "suspended", gap = "makespan",
    left_out = "retry" }

local function node_rows(list)
    local rows, rest_ns, rest_count = {}, 0, 0
    for _, node in ipairs(list:sorted(function(node)
        return node.critical_ns ~= 0 and node.critical_ns or nil
    end)) do
        if #rows < node_limit then
            rows[#rows + 1] = { node_id = node.id, label = labels.node_label(node.id, node.name), words = "node "
                .. labels.node(node.id, node.name), ns = node.critical_ns, is_estimated = node.estimated,
                class = "run" }
        else
            rest_ns, rest_count = rest_ns + node.critical_ns, rest_count + 1
        end
    end
    if rest_count > 0 then
        rows[#rows + 1] = { label = html.counted(rest_count, "other node"), words = "other nodes", ns = rest_ns,
            class = "run" }
    end
    return rows
end

local function add_waits(rows, path)
    for _, part in ipairs(path_parts) do
        local ns = path[part.key .. "_ns"]
        if ns ~= 0 then
            rows[#rows + 1] = { label = html.element("i", { title = part.hint }, part.label), words = part.label,
                ns = ns, class = class_of_part[part.key] }
        end
    end
end

local function row_text(row, from_ns, total_ns)
    local share = html.share(row.ns, total_ns)
    local duration = labels.duration(row.ns, row.is_estimated)
    return html.element("div", { class = "row", ["data-node"] = row.node_id },
        html.element("div", { class = "label" }, row.label),
        svg.chart("path", bar_height, ("%s: %s of the critical paths, %s"):format(row.words, share, duration),
            svg.bar(row.class, from_ns / total_ns, (from_ns + row.ns) / total_ns, 1, bar_height - 2)),
        html.element("div", { class = "figures" }, html.element("b", nil, html.escape(share)), " · ",
            html.escape(duration))) .. "\n"
end

---@param report tracereel.timing_report with nodes of timing/node_list.lua
function critical_path.section(report)
    local path = report.traces.critical_path
    if path.total_ns <= 0 then
        return ""
    end
    local rows = node_rows(report.nodes)
    add_waits(rows, path)
    local texts, from_ns = {}, 0
    for index, row in ipairs(rows) do
        texts[index] = row_text(row, from_ns, path.total_ns)
        from_ns = from_ns + row.ns
    end
    local note = "What decided how long traces took, of all their time. Each bar begins where the one above it ends. "
        .. "Nodes: where attempts on the path ran. Queue: the next of them was ready and had not started. Person, "
        .. "timer: suspended. Gap: the log does not say for what."
    return labels.section("critical-path", "Critical path", note,
        html.element("div", { class = "distributions" }, "\n", texts))
end

return critical_path
