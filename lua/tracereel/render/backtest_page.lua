-- What a backtest has found as one HTML file: the curves of what came, of what was predicted and of the past, laid on
-- each other, and the errors.
local axis = require "tracereel.render.axis"
local document = require "tracereel.render.page.document"
local html = require "tracereel.render.html"
local labels = require "tracereel.render.page.labels"
local svg = require "tracereel.render.svg"

local backtest_page = {}

local plot_height, scale_height = 180, 22
-- A page stays readable, and of moderate size.
local max_charts = 100

local series = { { "real", "what came" }, { "predicted", "predicted" }, { "naive", "the past repeated" } }

-- From the shortest time that is not 0 to the longest.
local function scale_of(distributions)
    local low, high = math.huge, 1
    for _, one in ipairs(series) do
        local buckets = distributions[one[1]] and distributions[one[1]].buckets or {}
        local first = buckets[1] and buckets[1].upper_ns == 0 and 2 or 1
        if buckets[first] then
            low = math.min(low, math.max(axis.unsigned_float(buckets[first].lower_ns), 1))
            high = math.max(high, axis.unsigned_float(buckets[#buckets].upper_ns))
        end
    end
    return axis.logarithmic(math.min(low, high), high)
end

-- The share of values up to a time, over the time.
local function curve(class, distribution, scale)
    local points, below = {}, 0
    for _, bucket in ipairs(distribution.buckets) do
        points[#points + 1] = { scale.position(axis.unsigned_float(bucket.lower_ns)), below / distribution.count }
        below = below + bucket.count
        points[#points + 1] = { scale.position(axis.unsigned_float(bucket.upper_ns)), below / distribution.count }
    end
    points[#points + 1] = { 1.0, 1.0 }
    return svg.through(class, points)
end

local function grid(scale)
    local parts = {}
    for _, tick in ipairs(scale.ticks) do
        parts[#parts + 1] = svg.line("grid", tick.position, 0, tick.position, plot_height)
    end
    for _, share in ipairs { 0, 0.5, 0.9, 1 } do
        local y = plot_height * (1 - share)
        parts[#parts + 1] = svg.line(share == 0 and "axis" or "grid", 0, y, 1, y)
        parts[#parts + 1] = html.element("text", { x = -6, y = y + 4, ["text-anchor"] = "end" },
            ("%.0f %%"):format(share * 100))
    end
    return table.concat(parts)
end

local function chart(one)
    local scale, lines = scale_of(one.distributions), {}
    -- The thick curve of what came lies below the others.
    for _, kind in ipairs(series) do
        local distribution = one.distributions[kind[1]]
        lines[#lines + 1] = distribution and curve(kind[1], distribution, scale) or nil
    end
    return svg.chart("curve", plot_height + scale_height, one.words, grid(scale),
        svg.stretched(0, plot_height, lines),
        svg.labels(scale.ticks, plot_height + 16, one.is_whole and 1000 or 500, 300))
end

local function figure(one)
    return html.element("figure", { class = one.is_whole and "whole" or nil, ["data-entry"] = true },
        html.element("figcaption", nil, html.element("b", nil, html.escape(one.title)), " ",
            html.element("span", { class = "detail" }, html.escape(one.detail))), chart(one)) .. "\n"
end

local function legend()
    local items = {}
    for index, one in ipairs(series) do
        items[index] = html.element("li", nil, html.element("span", { class = "swatch " .. one[1] }), one[2])
    end
    return html.element("ul", { class = "legend series" }, items)
end

local function curves(page)
    local figures = {}
    for index = 1, math.min(#page.charts, max_charts) do
        figures[index] = figure(page.charts[index])
    end
    local left_out = #page.charts > max_charts and html.element("p", { class = "note" },
        ("The first %d of %d curves are drawn; the table has all."):format(max_charts, #page.charts)) or ""
    return labels.section("curves", "What came, and what was predicted",
        "How many took no longer than that; the time is logarithmic. Two curves that lie on each other have the same "
        .. "distribution: their largest distance from top to bottom is the KS distance.", legend(),
        html.element("div", { class = "curves" }, "\n", figures), left_out)
end

local function cell(text, class)
    return html.element("td", { class = class }, html.escape(text))
end

local function error_table(page)
    local head, rows = {}, {}
    for index, heading in ipairs(page.headings) do
        head[index] = html.element("th", { scope = "col", class = index == 1 and "node" or nil },
            html.escape(heading ~= "" and heading or "Verdict"))
    end
    for index, row in ipairs(page.rows) do
        local cells = { html.element("th", { scope = "row", class = "node" }, html.escape(row.title)) }
        for _, text in ipairs(row) do
            cells[#cells + 1] = cell(text)
        end
        cells[#cells + 1] = cell(row.verdict or "", row.verdict)
        rows[index] = html.element("tr", { ["data-entry"] = true }, cells) .. "\n"
    end
    return labels.section("errors", "Errors", html.escape(page.errors_note),
        html.element("div", { class = "scroller", tabindex = "0", role = "region", ["aria-label"] = "Table of errors" },
            html.element("table", nil, html.element("thead", nil, html.element("tr", nil, head)),
                html.element("tbody", nil, "\n", rows))))
end

local function notices(page)
    local items = {}
    for index, notice in ipairs(page.notices) do
        items[index] = html.element("li", { class = notice.class }, html.escape(notice.text)) .. "\n"
    end
    return html.element("ul", { class = "notices" }, "\n", items) .. "\n"
end

---Writes the page, the same bytes for the same table.
---@param page table of backtest.report
---@param write fun(text: string)
function backtest_page.write(page, write)
    local where = {}
    for index, sentence in ipairs(page.where) do
        where[index] = html.escape(sentence)
    end
    document.write({
        title = page.title, command = "backtest", manual = "backtest.md",
        header = html.element("header", nil, html.element("h1", nil, html.escape(page.title)), "\n",
            html.element("p", { class = "where" }, table.concat(where, "<br>"))) .. "\n",
        entries = "curves and rows",
        body = { document.filter_box("node or measure"), notices(page), curves(page), error_table(page) },
    }, write)
end

return backtest_page
