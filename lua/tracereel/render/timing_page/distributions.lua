-- How long things took: one small chart for each distribution, all above one logarithmic scale, so that they compare.
local axis = require "tracereel.render.axis"
local html = require "tracereel.render.html"
local svg = require "tracereel.render.svg"
local labels = require "tracereel.render.page.labels"

local distributions = {}

local plot_height, scale_height = 46, 20
-- The range and its marks are below the hill.
local range_y = plot_height - 6
local hill_height = plot_height - 12
-- Steps across the whole chart: about as fine as a histogram's buckets when the chart spans four decades.
local step_count = 240
-- A page stays readable, and of moderate size: the charts are those of the busiest nodes, and it says so.
local node_limit = 60

---What belongs on the page: rows of { class, label (HTML), words, distribution, is_estimated }.
local function rows_of(report, drawn)
    local rows = { { class = "makespan", label = "<b>trace</b> makespan", words = "makespan of traces",
        distribution = report.traces.makespan } }
    for _, node in ipairs(drawn) do
        local label = labels.node_label(node.id, node.name)
        local name = "node " .. labels.node(node.id, node.name)
        rows[#rows + 1] = { node_id = node.id, class = "run", label = label,
            words = "run time of " .. name, distribution = node.run,
            is_estimated = node.estimated }
        rows[#rows + 1] = { node_id = node.id, class = "suspended", label = label .. " <small>suspended</small>",
            words = "suspensions at " .. name, distribution = node.suspended }
        rows[#rows + 1] = { node_id = node.id, class = "iteration", label = label .. " <small>one iteration</small>",
            words = "iterations of " .. name, distribution = node.iteration }
    end
    return rows
end

local function waiting_rows_of(drawn)
    local rows = {}
    for _, node in ipairs(drawn) do
        local label = labels.node_label(node.id, node.name)
        local name = "node " .. labels.node(node.id, node.name)
        rows[#rows + 1] = { node_id = node.id, class = "queue", label = label .. " <small>queue</small>",
            words = "queue time of " .. name,
            distribution = node.queue }
        rows[#rows + 1] = { node_id = node.id, class = "slack", label = label .. " <small>slack</small>",
            words = "slack of " .. name,
            distribution = node.slack, is_estimated = node.estimated }
    end
    return rows
end

local function with_values(rows)
    local kept = {}
    for _, row in ipairs(rows) do
        if row.distribution.count > 0 then
            kept[#kept + 1] = row
        end
    end
    return kept
end

local function common_scale(rows)
    local low, high = math.huge, 1
    for _, row in ipairs(rows) do
        low = math.min(low, math.max(row.distribution.min_ns, 1))
        high = math.max(high, row.distribution.max_ns)
        if row.before then
            low, high = math.min(low, math.max(row.before.min_ns, 1)), math.max(high, row.before.max_ns)
        end
    end
    return axis.logarithmic(low, high)
end

-- The counts of the steps: a bucket that covers several is spread over them.
local function counts_of(distribution, scale)
    local counts = {}
    for _, bucket in ipairs(distribution.buckets) do
        local from = math.floor(scale.position(bucket.lower_ns) * step_count)
        local to = math.floor(scale.position(bucket.upper_ns) * step_count)
        from, to = math.min(from, step_count - 1), math.min(to, step_count - 1)
        for step = from, to do
            counts[step] = (counts[step] or 0) + bucket.count / (to - from + 1)
        end
    end
    return counts
end

-- The share of each step, and the largest.
local function shares_of(distribution, scale)
    local shares, largest = counts_of(distribution, scale), 0
    for step, count in pairs(shares) do
        shares[step] = count / distribution.count
        largest = math.max(largest, shares[step])
    end
    return shares, largest
end

local function stairs(class, shares, largest)
    local first, last = step_count, 0
    for step in pairs(shares) do
        first, last = math.min(first, step), math.max(last, step)
    end
    local steps = {}
    for step = first, last do
        steps[#steps + 1] = { step / step_count, (shares[step] or 0) / largest }
    end
    return svg.stairs(class, steps, (last + 1) / step_count)
end

-- As high as its peak or, laid over the one before, as the higher peak of both.
local function hill(row, scale)
    local shares, largest = shares_of(row.distribution, scale)
    local before = ""
    if row.before then
        local shares_before, largest_before = shares_of(row.before, scale)
        largest = math.max(largest, largest_before)
        before = stairs("baseline", shares_before, largest)
    end
    return svg.stretched(0, hill_height, stairs(row.class, shares, largest), before)
end

local function percentile_marks(distribution, scale)
    local parts = {
        svg.line("range", scale.position(distribution.min_ns), range_y, scale.position(distribution.max_ns), range_y),
    }
    for _, mark in ipairs { { "p50", 5 }, { "p90", 3 }, { "p95", 3 }, { "p99", 5 } } do
        local x = scale.position(distribution[mark[1] .. "_ns"])
        parts[#parts + 1] = svg.line("mark", x, range_y - mark[2], x, range_y + mark[2])
    end
    parts[#parts + 1] = svg.dot("mark", scale.position(distribution.max_ns), range_y, 2.5)
    return table.concat(parts)
end

local function grid(scale)
    local parts = {}
    for _, tick in ipairs(scale.ticks) do
        parts[#parts + 1] = svg.line("grid", tick.position, 0, tick.position, plot_height)
    end
    return table.concat(parts)
end

local function distribution_row(row, scale)
    local distribution = row.distribution
    local p50, p99 = labels.duration(distribution.p50_ns, row.is_estimated),
        labels.duration(distribution.p99_ns, row.is_estimated)
    local label = ("Distribution of the %s: p50 %s, p90 %s, p95 %s, p99 %s, max %s"):format(row.words, p50,
        labels.duration(distribution.p90_ns, row.is_estimated), labels.duration(distribution.p95_ns, row.is_estimated),
        p99, labels.duration(distribution.max_ns, row.is_estimated))
    if row.before then
        label = ("%s; in the baseline p50 %s, p99 %s, max %s"):format(label, html.duration(row.before.p50_ns),
            html.duration(row.before.p99_ns), html.duration(row.before.max_ns))
    end
    return html.element("div", { class = "row", ["data-node"] = row.node_id },
        html.element("div", { class = "label" }, row.label),
        svg.chart("distribution", plot_height, label, grid(scale), hill(row, scale),
            percentile_marks(distribution, scale)),
        html.element("div", { class = "figures" }, "p50 ", html.element("b", nil, html.escape(p50)), " · p99 ",
            html.element("b", nil, html.escape(p99)))) .. "\n"
end

local function scale_row(scale)
    return html.element("div", { class = "row scale" }, "<div></div>",
        svg.chart("scale", scale_height, nil, svg.labels(scale.ticks, 14, 450, 340)), "<div></div>") .. "\n"
end

local function charts(rows)
    local scale = common_scale(rows)
    local parts = { scale_row(scale) }
    for _, row in ipairs(rows) do
        parts[#parts + 1] = distribution_row(row, scale)
    end
    if #rows > 6 then
        parts[#parts + 1] = scale_row(scale)
    end
    return html.element("div", { class = "distributions" }, "\n", parts)
end

---Distributions of a report, each laid over that of its baseline.
---@param rows table[] { class, label (HTML), words, distribution, before, is_estimated, node_id }
function distributions.overlaid(rows)
    return charts(rows)
end

local function left_out_note(report)
    if #report.nodes <= node_limit then
        return ""
    end
    return html.element("p", { class = "note" }, "Not drawn: ", html.counted(#report.nodes - node_limit, "node"),
        " no busier than these. Their times are in the table of nodes.")
end

---@param report tracereel.timing_report
---@param page table of timing_page.lua
function distributions.section(report, page)
    local drawn = {}
    for index = 1, math.min(#page.busiest, node_limit) do
        drawn[index] = page.busiest[index]
    end
    local rows = with_values(rows_of(report, drawn))
    if #rows == 0 then
        return ""
    end
    local waiting = with_values(waiting_rows_of(drawn))
    local folded = ""
    if #waiting > 0 then
        folded = html.element("details", nil, html.element("summary", nil, "Queue time and slack"), "\n",
            charts(waiting)) .. "\n"
    end
    local note = "Logarithmic scale, the same for all. The hill is how many took that long, each as high as its own "
        .. "peak. The line below goes from the shortest to the longest (the dot); its long marks are p50 and p99, its "
        .. "short ones p90 and p95."
    return labels.section("distributions", "How long it took", note, charts(rows), left_out_note(report), folded)
end

return distributions
