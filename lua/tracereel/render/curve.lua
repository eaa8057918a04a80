-- A curve as an SVG file: lines through points over two labelled axes, with a legend, for light and dark
-- grounds, and with its content in words for who cannot see it. It needs no network, no font and no script.
--
--     curve.document {
--         title = "...",                           -- one line
--         description = "...",                     -- nil: the first and last point of each series, in words
--         x_label = "...", x_kind = "number",      -- "number" (nil), "duration" (ns), "share" (0 to 1), or "name":
--         y_label = "...", y_kind = "duration",    --     x are texts, evenly apart in the order of the first series
--         series = { { name = "p50", points = { { x = 0.5, y = 81, low = 79, high = 83 }, ... } }, ... },
--     }
--
-- A series with `is_points` is points without a line, however many; a point's `name` is said of it, and written beside
-- the highest. `low` and `high` are nil, or the ends of an interval around y, which is drawn as a bar. Points are in
-- the order of their x. y is not negative, and its axis begins at 0; that of durations that span more than a
-- factor of 20 is logarithmic.
-- x is on a logarithmic axis where all are above 0 and span more than a factor of 30, but for `x_is_linear`. Up to six
-- series differ in colour and in the shape of their points; more repeat them.
local axis = require "tracereel.render.axis"
local html = require "tracereel.render.html"
local svg = require "tracereel.render.svg"

local curve = {}

-- In pixels of the whole picture.
local width, height = 760, 440
local plot = { left = 88, top = 84, width = 648, height = 280 }

local style = [[
svg { color-scheme: light dark; --ground: #ffffff; --text: #1b1f24; --muted: #57606a; --line: #8b949e; --grid: #e6e9ed;
  --s1: #1f6fb5; --s2: #b5651d; --s3: #b3261e; --s4: #2f7d6f; --s5: #7a4fb5; --s6: #57606a; }
@media (prefers-color-scheme: dark) {
  svg { --ground: #14171b; --text: #e4e7eb; --muted: #a0a9b4; --line: #6d7783; --grid: #262b31;
    --s1: #6cb0f0; --s2: #e0a458; --s3: #ff8a7a; --s4: #5cc4b3; --s5: #b79af0; --s6: #a0a9b4; }
}
svg svg { overflow: visible; }
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--text);
  font-variant-numeric: tabular-nums; }
.ground { fill: var(--ground); }
.title { font-size: 17px; font-weight: 600; }
.tick, .label { fill: var(--muted); }
.grid { stroke: var(--grid); }
.axis { stroke: var(--line); }
.line { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.interval { stroke-width: 1.5; fill: none; }
.point { stroke: var(--ground); stroke-width: 1; }
]]

local series_style = {}
for index = 1, 6 do
    series_style[index] = (".line.sN, .interval.sN { stroke: var(--sN); } .point.sN { fill: var(--sN); }\n"):gsub(
        "N", index)
end
style = style .. table.concat(series_style)

-- The outlines of points, 9 pixels wide, around 0,0.
local shapes = {
    "M-4.5,0 A4.5,4.5 0 1 1 4.5,0 A4.5,4.5 0 1 1 -4.5,0 Z", -- a circle
    "M-4,-4 H4 V4 H-4 Z",
    "M0,-5.2 L5,4 H-5 Z",
    "M0,-5.5 L5.5,0 L0,5.5 L-5.5,0 Z",
    "M0,5.2 L5,-4 H-5 Z",
    "M-5,-1.8 H-1.8 V-5 H1.8 V-1.8 H5 V1.8 H1.8 V5 H-1.8 V1.8 H-5 Z",
}

-- More points than these are drawn as a line alone.
local max_marks = 60
-- Where the points' own x are few, they are the ticks.
local max_own_ticks = 10

local function plain_number(value)
    return ("%.6g"):format(value)
end

-- How a value of each kind is written, and the steps between ticks of a scale.
local kinds = {
    number = {
        text = plain_number,
        step = axis.number_step,
    },
    duration = {
        text = function(value)
            return axis.round_duration(math.floor(value + 0.5))
        end,
        step = function(span, max_ticks)
            return axis.round_step(math.max(span, 1), max_ticks)
        end,
        tick = function(value, step)
            return axis.offset_label(math.floor(value + 0.5), step)
        end,
    },
    share = {
        text = function(value)
            return plain_number(value * 100) .. " %"
        end,
        step = axis.number_step,
    },
    name = {
        text = function(value)
            return value
        end,
    },
}

local function each_point(series, visit)
    for _, one in ipairs(series) do
        for _, point in ipairs(one.points) do
            visit(point)
        end
    end
end

-- The position of a value between two others, which keep a little room to the edges.
local function position_of(value, low, high)
    local margin = 0.03
    return high > low and margin + (1 - 2 * margin) * (value - low) / (high - low) or 0.5
end

-- Ticks at round values from `low` to `high`.
local function round_ticks(kind, low, high, max_ticks, position)
    local step = kind.step(high - low, max_ticks)
    if not step then
        return { { position = position(low), label = kind.text(low) } }
    end
    local ticks = {}
    for number = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) do
        local value = number * step
        ticks[#ticks + 1] = { position = position(value), label = (kind.tick or kind.text)(value, step) }
    end
    return ticks
end

local function y_scale(document)
    local kind = kinds[document.y_kind or "number"]
    local least, most = math.huge, 0
    each_point(document.series, function(point)
        least, most = math.min(least, point.y), math.max(most, point.high or point.y)
    end)
    if document.y_kind == "duration" and least > 0 and most > 20 * least then
        local scale = axis.logarithmic(least, most)
        scale.note = " (logarithmic)"
        return scale
    end
    local step = kind.step(most > 0 and most or 1, 6) or most
    local top = math.max(1, math.ceil(most / step - 1e-9)) * step
    local scale = { note = "" }
    function scale.position(value)
        return math.max(0.0, value / top)
    end
    scale.ticks = round_ticks(kind, 0, top, 6, scale.position)
    return scale
end

-- The x of all points, ascending, each once.
local function x_values(series)
    local values, seen = {}, {}
    each_point(series, function(point)
        if not seen[point.x] then
            values[#values + 1], seen[point.x] = point.x, true
        end
    end)
    return values
end

local function name_scale(names)
    local place, scale = {}, { note = "", ticks = {} }
    for index, name in ipairs(names) do
        place[name] = (index - 0.5) / #names
        scale.ticks[index] = { position = place[name], label = name }
    end
    function scale.position(name)
        return place[name]
    end
    return scale
end

local function x_scale(document)
    local values = x_values(document.series)
    if document.x_kind == "name" then
        return name_scale(values)
    end
    table.sort(values)
    local kind = kinds[document.x_kind or "number"]
    local low, high = values[1] or 0, values[#values] or 1
    local scale = { note = "", ticks = {} }
    local is_logarithmic = not document.x_is_linear and low > 0 and high > 30 * low
    if is_logarithmic then
        scale.note = " (logarithmic)"
    end
    function scale.position(value)
        if is_logarithmic then
            return position_of(math.log(value), math.log(low), math.log(high))
        end
        return position_of(value, low, high)
    end
    if not is_logarithmic and #values > max_own_ticks then
        scale.ticks = round_ticks(kind, low, high, 8, scale.position)
        return scale
    end
    for index, value in ipairs(values) do
        scale.ticks[index] = { position = scale.position(value), label = kind.text(value) }
    end
    return scale
end

local function at(x, y, class, anchor, words, more)
    local attributes = { x = x, y = y, class = class, ["text-anchor"] = anchor }
    for name, value in pairs(more or {}) do
        attributes[name] = value
    end
    return html.element("text", attributes, html.escape(words))
end

local function from_top(share)
    return plot.height * (1 - share)
end

local function axes(document, x, y)
    local parts = {}
    for _, tick in ipairs(y.ticks) do
        parts[#parts + 1] = svg.line("grid", 0, from_top(tick.position), 1, from_top(tick.position))
        parts[#parts + 1] = at(-10, from_top(tick.position) + 4, "tick", "end", tick.label)
    end
    for _, tick in ipairs(x.ticks) do
        parts[#parts + 1] = svg.line("axis", tick.position, plot.height, tick.position, plot.height + 5)
    end
    parts[#parts + 1] = svg.line("axis", 0, plot.height, 1, plot.height)
    parts[#parts + 1] = svg.labels(x.ticks, plot.height + 20, plot.width, plot.width)
    parts[#parts + 1] = at(plot.width / 2, plot.height + 48, "label", "middle", document.x_label .. x.note)
    parts[#parts + 1] = at(-plot.height / 2, -70, "label", "middle", document.y_label .. y.note,
        { transform = "rotate(-90)" })
    return table.concat(parts)
end

local function style_number(index)
    return (index - 1) % #shapes + 1
end

local function mark(index, left, top, title)
    local number = style_number(index)
    return html.element("path", {
        class = "point s" .. number,
        d = shapes[number],
        transform = ("translate(%.2f %.2f)"):format(left, top),
    }, title and html.element("title", nil, html.escape(title)) or "")
end

local function point_words(document, point)
    return ("%s at %s"):format(kinds[document.y_kind or "number"].text(point.y),
        kinds[document.x_kind or "number"].text(point.x))
end

local function interval(index, x, y, point)
    if not point.low or not point.high or point.low == point.high then
        return ""
    end
    local left = plot.width * x.position(point.x)
    return html.element("path", {
        class = "interval s" .. style_number(index),
        d = ("M%.2f,%.2f H%.2f M%.2f,%.2f V%.2f M%.2f,%.2f H%.2f"):format(
            left - 5, from_top(y.position(point.high)), left + 5,
            left, from_top(y.position(point.high)), from_top(y.position(point.low)),
            left - 5, from_top(y.position(point.low)), left + 5),
    })
end

-- The name of the highest point, the first of several, on the side of it on which there is more room.
local function highest_name(one, x, y)
    local highest
    for _, point in ipairs(one.is_points and one.points or {}) do
        if point.name and (not highest or point.y > highest.y) then
            highest = point
        end
    end
    if not highest then
        return ""
    end
    local left = plot.width * x.position(highest.x)
    local is_left = left < plot.width / 2
    return at(left + (is_left and 9 or -9), from_top(y.position(highest.y)) - 6, "label", is_left and "start" or "end",
        highest.name)
end

local function drawn(document, index, x, y)
    local one = document.series[index]
    local line, intervals, marks = {}, {}, {}
    for number, point in ipairs(one.points) do
        local share_x, share_y = x.position(point.x), y.position(point.y)
        line[number] = { share_x, share_y }
        intervals[number] = interval(index, x, y, point)
        if one.is_points or #one.points <= max_marks then
            local words = ("%s: %s"):format(point.name or one.name, point_words(document, point))
            marks[number] = mark(index, plot.width * share_x, from_top(share_y), words)
        end
    end
    local through = one.is_points and ""
        or svg.stretched(0, plot.height, svg.through("line s" .. style_number(index), line))
    return through .. table.concat(intervals) .. table.concat(marks) .. highest_name(one, x, y)
end

local function legend(document)
    local parts, left = {}, plot.left
    for index, one in ipairs(document.series) do
        parts[#parts + 1] = mark(index, left + 5, 58)
        parts[#parts + 1] = at(left + 16, 62, "legend", "start", one.name)
        left = left + 16 + utf8.len(one.name) * 7.5 + 22
    end
    return table.concat(parts)
end

local function described(document)
    local parts = {}
    for index, one in ipairs(document.series) do
        local first, last = one.points[1], one.points[#one.points]
        parts[index] = first and ("%s: from %s to %s."):format(one.name, point_words(document, first),
            point_words(document, last)) or nil
    end
    return ("%s over %s. %s"):format(document.y_label, document.x_label, table.concat(parts, " "))
end

---The picture, the same bytes for the same document.
---@param document table see above
---@return string
function curve.document(document)
    local x, y = x_scale(document), y_scale(document)
    local lines = {}
    for index in ipairs(document.series) do
        lines[index] = drawn(document, index, x, y)
    end
    return html.element("svg", {
        xmlns = "http://www.w3.org/2000/svg",
        width = width,
        height = height,
        viewBox = ("0 0 %d %d"):format(width, height),
        role = "img",
        ["aria-labelledby"] = "title description",
    },
        html.element("title", { id = "title" }, html.escape(document.title)),
        html.element("desc", { id = "description" }, html.escape(document.description or described(document))),
        html.element("style", nil, style),
        html.element("rect", { class = "ground", width = width, height = height }),
        at(plot.left, 32, "title", "start", document.title),
        legend(document),
        html.element("svg", {
            x = plot.left,
            y = plot.top,
            width = plot.width,
            height = plot.height,
        }, axes(document, x, y), lines)) .. "\n"
end

return curve
