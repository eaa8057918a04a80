-- Loops: whether the n-th iteration takes longer than the first.
local html = require "tracereel.render.html"
local svg = require "tracereel.render.svg"
local labels = require "tracereel.render.page.labels"

local loops = {}

local chart_height, columns_height = 46, 40
-- Iterations from the sixteenth on share the last place.
local place_count = 16

local ordinal_endings = { "st", "nd", "rd" }

-- "3rd"; of 1 to 16 only the first three are special.
local function ordinal(n)
    return n .. (ordinal_endings[n] or "th") .. (n == place_count and " on" or "")
end

local function place_name(n)
    return n == place_count and ("iteration %d and later"):format(n) or ("iteration %d"):format(n)
end

local function columns(node)
    local max_ns = 1
    for _, entry in ipairs(node.trend) do
        max_ns = math.max(max_ns, entry.mean_ns)
    end
    local parts = { svg.line("axis", 0, columns_height, 1, columns_height) }
    for _, entry in ipairs(node.trend) do
        local height = math.max(1, math.floor(columns_height * entry.mean_ns / max_ns + 0.5))
        local left = (entry.n - 1) / place_count
        parts[#parts + 1] = svg.bar("loop", left, left + 0.85 / place_count, columns_height - height, height,
            ("%s: mean %s of %s"):format(place_name(entry.n), html.duration(entry.mean_ns),
                html.counted(entry.count, "iteration")))
    end
    return table.concat(parts)
end

local function loop_row(node)
    local first, last = node.trend[1], node.trend[#node.trend]
    local function figure(entry)
        return ("%s %s"):format(ordinal(entry.n), html.duration(entry.mean_ns))
    end
    local summary = figure(first) .. (last ~= first and " · " .. figure(last) or "")
    local label = ("Mean duration of the iterations of node %s, from the first to the last: %s"):format(
        labels.node(node.id, node.name), summary)
    return html.element("div", { class = "row", ["data-node"] = node.id },
        html.element("div", { class = "label" }, labels.node_label(node.id, node.name), " ",
            html.element("small", nil, html.counted(node.iteration.count, "iteration"))),
        svg.chart("trend", chart_height, label, columns(node)),
        html.element("div", { class = "figures" }, html.escape(summary))) .. "\n"
end

---@param report tracereel.timing_report
function loops.section(report)
    local rows = {}
    for _, node in ipairs(report.nodes) do
        if #node.trend > 0 then
            rows[#rows + 1] = loop_row(node)
        end
    end
    if #rows == 0 then
        return ""
    end
    local note = "Mean duration of the first iterations of all passes, of the second, and so on. They contain the time "
        .. "of the nodes inside the loop."
    return labels.section("loops", "Loops", note, html.element("div", { class = "distributions" }, "\n", rows))
end

return loops
